# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registered hosts are verified; one service is stopped, one agent removed; verify.yml finds both, and site.yml repairs just these.

The hosts start from the snapshot that other files of tests start from too: one that is not as site.yml leaves a host shows here.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from cloudlab.package.build import RELEASES
from cloudlab.windows.prefix import Prefix
from installed_agent import AGENT, InstalledAgent
from role_runs import phases

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import LabRun, RunPlaybook

LAB_STATE = "registered"


@pytest.fixture(scope="module")
def restored(lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The verification of the hosts as the snapshot has them."""
    lab.microsoft.reset_counters()
    return ansible_playbook("verify.yml")


def test_restored_hosts_are_as_wanted(restored: LabRun, lab: Lab) -> None:
    assert restored.returncode == 0, restored.tail
    assert set(restored.recap) == set(lab.hosts)
    assert restored.changed_hosts == set()
    assert {row["status"] for row in restored.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in restored.rows.values()} == {"confirmed"}
    assert {row["agent_id"] for row in restored.rows.values()} == {agent["id"] for agent in lab.microsoft.state()["agents"]}
    assert lab.microsoft.state()["counts"]["registrations"] == 0


@pytest.fixture(scope="module")
def broken(restored: LabRun, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The verification after the service was stopped on win1 and the agent removed from win2 as Programs and Features removes it."""
    first, second = (InstalledAgent(Prefix(lab.state / "hosts" / name)) for name in ("win1", "win2"))
    first.stop(AGENT)
    package = f"release-{RELEASES[-1]}"
    second.bring(package)
    second.prefix.run(rf"C:\packages\{package}.exe", "/uninstall", "/quiet")
    return ansible_playbook("verify.yml")


def test_verification_finds_the_broken_hosts(broken: LabRun) -> None:
    assert broken.returncode != 0
    assert {host for host, counts in broken.recap.items() if counts["failed"]} == {"win1", "win2"}
    assert {host: row["drift"] for host, row in broken.rows.items()} == {
        "win1": ["install"],
        "win2": ["download", "install", "register"],
        "win3": [],
    }
    assert "agent_service" in broken.rows["win1"]["message"]
    assert "installed" in broken.rows["win2"]["message"]
    assert broken.changed_hosts == set()


def test_verification_names_the_host_and_the_check(broken: LabRun) -> None:
    output = " ".join(broken.output.split())  # Ansible breaks long lines
    assert re.search(r"fatal: \[win1\]: FAILED! .{0,80}agent_service fail: stopped", output)
    assert re.search(r"fatal: \[win2\]: FAILED! .{0,80}installed fail: ", output)


@pytest.fixture(scope="module")
def repaired(broken: LabRun, ansible_playbook: RunPlaybook) -> LabRun:
    """The run that repairs."""
    return ansible_playbook("site.yml")


def test_site_repairs_the_broken_hosts_and_leaves_the_other_alone(repaired: LabRun) -> None:
    assert repaired.returncode == 0, repaired.recap_text
    changed = repaired.outcomes("changed")
    assert {pair for pair in changed if pair[0] == "win1"} == phases("install", hosts=["win1"])
    assert phases("download", "install", "register", hosts=["win2"]) <= changed
    assert repaired.recap["win3"]["changed"] == 0
    assert {row["status"] for row in repaired.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in repaired.rows.values()} == {"confirmed"}
