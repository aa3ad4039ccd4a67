# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: the hosts of a play, which ends the run where there is none instead of leaving the play out."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts
short_description: Return the hosts of a play, of which there must be some
version_added: 0.1.0
description:
  - Used by the playbooks of this collection for the hosts of their plays. Ansible leaves a play without hosts out, and the run ends well
    although it has done nothing.
  - Fails where no host of the inventory matches, or where C(--limit) leaves out all that do.
  - With C(--syntax-check), which needs no inventory, it does not look.
author:
  - entra_ops contributors (@entra-ops)
options:
  _terms:
    description:
      - Patterns of hosts, as a play's C(hosts) takes them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Verify the agents
  hosts: "{{ query('entra_ops.cloud_sync.hosts', target_hosts | default('agents')) }}"
  gather_facts: false
  roles:
    - role: entra_ops.cloud_sync.provisioning_agent
"""

RETURN = r"""
_list:
  description:
    - The patterns.
  type: list
  elements: str
"""

import typing as t

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Asks Ansible's own inventory, with the run's groups and its limit."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """Return the patterns.

        Raises:
            AnsibleLookupError: they match no host that the run may touch.
        """
        patterns = [str(pattern) for pattern in self._flatten(terms) if str(pattern).strip()]
        if context.CLIARGS.get("syntax"):
            return patterns
        if not patterns:
            raise AnsibleLookupError("No hosts are named, so nothing is done: name them with -e target_hosts=GROUP.")
        groups, limit = (variables or {})["groups"], (variables or {}).get("ansible_limit")
        shown = ",".join(patterns)
        if not self._matches(groups, patterns, None):
            raise AnsibleLookupError(
                f"No host of the inventory matches '{shown}', so nothing is done: name others with -e target_hosts=GROUP."
            )
        if limit and not self._matches(groups, patterns, limit):
            raise AnsibleLookupError(
                f"The run is for '{shown}', and --limit '{limit}' leaves all of that out, so nothing is done: run it without the limit, or "
                "with another."
            )
        return patterns

    def _matches(self, groups: dict[str, list[str]], patterns: list[str], limit: str | None) -> bool:
        """Whether patterns match a host of these groups, with a limit where one is given."""
        manager = InventoryManager(self._loader, parse=False)
        for group, hosts in groups.items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        if limit:
            manager.subset(limit)
        return bool(manager.get_hosts(pattern=patterns))
