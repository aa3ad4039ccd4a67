# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter host_result: the outcome of one host."""

from __future__ import annotations

import typing as t

from ..plugin_utils._report.report import host_result

DOCUMENTATION = r"""
name: host_result
short_description: Return the outcome of one host
version_added: 0.1.0
description:
  - Used by the role P(entra_ops.cloud_sync.provisioning_agent#role) to set C(provisioning_agent_result).
author:
  - entra_ops contributors (@entra-ops)
positional: []
options:
  _input:
    description:
      - The keys C(host), C(play) and C(started) (of M(entra_ops.cloud_sync.agent_options)), C(before) and C(after) (results of
        M(entra_ops.cloud_sync.agent_verify)), C(phases) (results of the other modules), C(failure) (C(action) and C(message)),
        C(fail_on), C(check_mode) and C(repairs).
      - Where the agent was to be removed, the keys C(host), C(play), C(started), C(removal) (the result of
        M(entra_ops.cloud_sync.agent_install)) and C(check_mode).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Keep the outcome of a host that was only looked at
  ansible.builtin.set_fact:
    provisioning_agent_result: "{{ work | entra_ops.cloud_sync.host_result }}"
  vars:
    work:
      host: "{{ inventory_hostname }}"
      play: "{{ checked.play }}"
      started: "{{ checked.started }}"
      before: "{{ verified }}"
      after: {}
      phases: {}
      failure: {}
      fail_on: fail
      check_mode: false
      repairs: false
"""

RETURN = r"""
_value:
  description:
    - The keys C(host), C(play), C(started), C(status), C(failed), C(changed), C(phases), C(before), C(after), C(failed_phase),
      C(message), C(reboot_required) and C(to_do).
  type: dict
"""


class FilterModule:
    """Offers the filter."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"host_result": host_result}
