# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter report_html: a report as an HTML page."""

from __future__ import annotations

import typing as t

from ..plugin_utils._report.report import report_html

DOCUMENTATION = r"""
name: report_html
short_description: Make an HTML page of a report
version_added: 0.1.0
description:
  - The page needs nothing beside it, neither scripts nor other files, and can be sent by mail or kept as an artifact.
author:
  - entra_ops contributors (@entra-ops)
positional: []
options:
  _input:
    description: The report that P(entra_ops.cloud_sync.fleet_report#filter) has made.
    type: dict
    required: true
seealso:
  - plugin: entra_ops.cloud_sync.fleet_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    content: "{{ report | entra_ops.cloud_sync.report_html }}"
    dest: report.html
    mode: "0640"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""


class FilterModule:
    """Offers the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"report_html": report_html}
