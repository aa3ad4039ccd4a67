# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that starts from the snapshot of registered hosts is what site.yml leaves: verify.yml passes, site.yml changes nothing.

What other files of tests start from is held here, so that a snapshot that is none shows by its name.
"""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import RunPlaybook

LAB_STATE = "registered"


@pytest.mark.parametrize("playbook", ["verify.yml", "site.yml"])
def test_restored_hosts_are_as_wanted(playbook: str, lab: Lab, ansible_playbook: RunPlaybook) -> None:
    lab.microsoft.reset_counters()
    done = ansible_playbook(playbook)
    assert done.returncode == 0, done.tail
    assert set(done.recap) == set(lab.hosts)
    assert done.changed_hosts == set()
    assert {row["status"] for row in done.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in done.rows.values()} == {"confirmed"}
    assert {row["agent_id"] for row in done.rows.values()} == {agent["id"] for agent in lab.microsoft.state()["agents"]}
    assert lab.microsoft.state()["counts"]["registrations"] == 0
