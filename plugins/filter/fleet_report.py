# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter fleet_report: the report of a run."""

from __future__ import annotations

import typing as t

from ..plugin_utils._report.report import fleet_report

DOCUMENTATION = r"""
name: fleet_report
short_description: Make the report of a run out of its hosts' results
version_added: 0.1.0
description:
  - Takes from each host C(provisioning_agent_result), which the role sets, and makes one report of them. Hosts without a result are in it
    too.
author:
  - entra_ops contributors (@entra-ops)
positional: results
options:
  _input:
    description: The names of the hosts that the run is about.
    type: list
    elements: str
    required: true
  results:
    description: For each host its variables, such as C(hostvars).
    type: dict
    required: true
  check_mode:
    description: Whether the run only predicted.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Keep the report of a run
  ansible.builtin.set_fact:
    report: "{{ ansible_play_hosts_all | entra_ops.cloud_sync.fleet_report(hostvars, check_mode=ansible_check_mode) }}"
"""

RETURN = r"""
_value:
  description:
    - The report with the keys C(schema_version), C(generated), C(check_mode), C(counts) and C(hosts), the worst first. The collection's
      README describes them.
  type: dict
"""


class FilterModule:
    """Offers the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"fleet_report": fleet_report}
