# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter role_input_errors: what is wrong with the role's variables."""

from __future__ import annotations

import typing as t

from ..plugin_utils._options.role import input_errors

DOCUMENTATION = r"""
name: role_input_errors
short_description: Say what is wrong with the variables of the role
version_added: 0.1.0
description:
  - Used by the role P(entra_ops.cloud_sync.provisioning_agent#role) before it touches a host.
author:
  - entra_ops contributors (@entra-ops)
positional: []
options:
  _input:
    description: The role's variables without their prefix; those that are not set are left out or empty.
    type: dict
    required: true
  repairs:
    description: Whether the role is to install and register, and not only to look.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Refuse what the role cannot work with
  ansible.builtin.assert:
    that: errors | length == 0
    fail_msg: "{{ errors | join(' ') }}"
  vars:
    errors: "{{ {'cloud': 'AzureCloud'} | entra_ops.cloud_sync.role_input_errors(repairs=false) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each variable that must be corrected.
  type: list
  elements: str
"""


class FilterModule:
    """Offers the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"role_input_errors": input_errors}
