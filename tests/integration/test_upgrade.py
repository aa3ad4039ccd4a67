# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks remove and upgrade on one host, step by step: removed, installed old with settings, upgraded with a restart.

What is no playbook's is done without Ansible: the old release is installed, registered and looked at by the modules alone.
"""

from __future__ import annotations

import typing as t

import pytest
from cloudlab.windows.prefix import Prefix
from host_looks import Host, Look
from installed_agent import InstalledAgent

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts, LabRun, RunPlaybook

LAB_HOSTS, LAB_STATE = 1, "registered"
OLD = "release-1.1.2334.0"
LAB_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Cloud Sync Lab"


@pytest.fixture(scope="module")
def name(lab: Lab) -> str:
    """The host of this story."""
    return lab.hosts[-1]


def test_removal_wants_its_hosts_named(ansible_playbook: RunPlaybook, lab: Lab) -> None:
    before = lab.requests_to_hosts()
    refused = ansible_playbook("remove.yml")
    assert refused.returncode != 0
    assert "-e target_hosts=GROUP" in refused.output
    assert lab.requests_to_hosts() == before


@pytest.fixture(scope="module")
def agent(lab: Lab, name: str) -> InstalledAgent:
    """What of the agent is on the host."""
    return InstalledAgent(Prefix(lab.state / "hosts" / name))


@pytest.fixture(scope="module")
def removals(name: str, agent: InstalledAgent, ansible_playbook: RunPlaybook) -> list[LabRun]:
    """A prediction of a registered agent's removal, the removal, and a second one."""
    assert agent.certificates()
    variables = {"target_hosts": name}
    return [ansible_playbook("remove.yml", *arguments, extra_vars=variables) for arguments in (["--check"], [], [])]


def test_removal_does_what_was_predicted_and_only_once(removals: list[LabRun], name: str) -> None:
    predicted, first, second = removals
    assert [run.returncode for run in removals] == [0, 0, 0]
    assert [run.rows[name]["status"] for run in removals] == ["drift", "compliant", "compliant"]
    assert predicted.outcomes("changed") == first.outcomes("changed") != set()
    assert second.recap[name]["changed"] == 0


def test_removal_tells_what_stays(removals: list[LabRun], name: str) -> None:
    (row,) = [run.rows[name] for run in removals[1:2]]
    assert row["phases"] == ["remove"]
    assert "record in the cloud" in " ".join(row["to_do"])
    assert "pGMSA_" in " ".join(row["to_do"])


def test_removal_takes_the_certificate_along(removals: list[LabRun], agent: InstalledAgent) -> None:
    assert agent.certificates() == set()


@pytest.fixture(scope="module")
def installed(removals: list[LabRun], agent: InstalledAgent, name: str, direct_host: DirectHosts) -> Host:
    """The host with the old release, a setting of its own, and registered."""
    host = direct_host(name)
    agent.bring(OLD)
    options = {"accept_eula": True, "path": rf"C:\packages\{OLD}.exe", "settings": {"ldap_connection_timeout": 60000}}
    installation = host.run("agent_install", {**options, **host.known("publisher", "root_thumbprints")})
    assert not installation["failed"], installation["msg"]
    registration = host.run("agent_register", host.known("ca_path", "cloud", "domains", "lock_dir", "sign_in", "tenant_id"))
    assert not registration["failed"], registration["msg"]
    return Host(host)


def look(host: Host, timeout: int) -> Look:
    """Look at the host as one that should wait so many milliseconds for the directory."""
    return host.look(settings={"ldap_connection_timeout": timeout})


def test_old_release_is_installed_with_its_setting(installed: Host) -> None:
    found = look(installed, 60000)
    version = found.result["agent"]["version"]
    assert (found.result["compliant"], version, found.statuses["settings"]) == (True, "1.1.2334.0", "pass")


def test_setting_that_differs_is_found(installed: Host) -> None:
    found = look(installed, 30000)
    assert (found.result["compliant"], found.result["drift"], found.statuses["settings"]) == (False, ["install"], "fail")


@pytest.fixture(scope="module")
def upgraded(installed: Host, lab: Lab, name: str, ansible_playbook: RunPlaybook) -> LabRun:
    """The upgrade, which asks for a restart."""
    prefix = Prefix(lab.state / "hosts" / name)
    prefix.import_registry({LAB_KEY: {"SetupExitCode": 3010}})
    variables = {"target_hosts": name, "provisioning_agent_reboot": "true"}  # as -e name=value
    try:
        return ansible_playbook("upgrade.yml", extra_vars=variables)
    finally:
        prefix.import_registry({LAB_KEY: {"SetupExitCode": 0}})


def test_upgrade_restarts_the_host_and_ends_well(upgraded: LabRun, name: str) -> None:
    assert upgraded.returncode == 0, upgraded.tail
    row = upgraded.rows[name]
    assert (row["status"], row["version"]) == ("compliant", "1.1.2505.0")
    assert row["phases"] == ["download", "install", "reboot"]
    assert not row["reboot_required"]


def test_second_upgrade_changes_nothing_and_moves_no_package(upgraded: LabRun, lab: Lab, name: str, ansible_playbook: RunPlaybook) -> None:
    lab.microsoft.reset_counters()
    again = ansible_playbook("upgrade.yml", extra_vars={"target_hosts": name})
    assert again.returncode == 0
    assert again.recap[name]["changed"] == 0
    assert lab.microsoft.state()["counts"]["download_bytes"] == 0
