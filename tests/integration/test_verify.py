# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_verify on a host with a registered agent: every check passes, and what only a registered agent can lose is found."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from host_looks import DIRECTORY, LAB_KEY, MACHINE, Changes, Host, Look

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts

LAB_HOSTS, LAB_STATE = 1, "registered"
ACCOUNT = "CN=provAgentgMSA,CN=Managed Service Accounts,DC=contoso,DC=lab"
POLICIES = rf"{MACHINE}\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
#: What setup and registration ask for, and what a look from a session may get wrong.
LACKING: Changes = {
    LAB_KEY: {"ServiceLogonRight": "*S-1-5-20"},
    rf"{MACHINE}\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full": {"Release": 378389},
    rf"{MACHINE}\SYSTEM\CurrentControlSet\Services\VaultSvc": {"Start": 4},
}
STRAIN: Changes = {
    LAB_KEY: {"Connections": 0, "ServiceLogonRight": "*S-1-5-80-0"},
    rf"{DIRECTORY}\{ACCOUNT}": {"msDS-SupportedEncryptionTypes": "4", "msDS-GroupMSAMembership": "sddl:O:BAD:(A;;GA;;;BA)"},
    rf"{POLICIES}\Kerberos\Parameters": {"SupportedEncryptionTypes": 0x18},
    rf"{LAB_KEY}\Events\1": {
        "LogName": "Microsoft-Windows-Security-Netlogon/Operational",
        "ProviderName": "Microsoft-Windows-Security-Netlogon",
        "Id": 9001,
        "Level": 2,
        "Message": "A log-on has failed.",
    },
}


@pytest.fixture(scope="module")
def host(lab: Lab, direct_host: DirectHosts) -> Iterator[Host]:
    """A host whose agent is as wanted."""
    one = Host(direct_host(lab.hosts[0]))
    yield one
    one.restore()


@pytest.fixture(scope="module")
def healthy(host: Host) -> Look:
    return host.look()


def test_registered_agent_passes_every_check(healthy: Look) -> None:
    assert {name: status for name, status in healthy.statuses.items() if status != "pass"} == {}
    assert {"service_account_retrieval", "kerberos_encryption", "known_issues", "connections", "directory"} <= set(healthy.statuses)
    assert healthy.result["compliant"]


@pytest.fixture(scope="module")
def lenient(healthy: Look, host: Host) -> Look:
    """A look at an agent that works on a host that lacks prerequisites, from a session that does not get out."""
    host.set(LACKING)
    look = host.look(endpoints=["127.0.0.1:1"])
    host.restore()
    return look


@pytest.mark.parametrize("name", ["dotnet", "credential_manager", "log_on_right", "endpoints"])
def test_what_a_working_agent_does_without_is_a_warning(lenient: Look, name: str) -> None:
    assert lenient.statuses[name] == "warn"


def test_working_agent_is_compliant_and_its_next_setup_would_be_stopped(lenient: Look) -> None:
    assert (lenient.result["compliant"], lenient.result["drift"]) == (True, [])
    assert lenient.result["blockers"] == ["dotnet", "credential_manager"]


@pytest.fixture(scope="module")
def strained(lenient: Look, host: Host) -> Look:
    """A look at the host after others have taken from its account what it needs."""
    host.set(STRAIN)
    return host.look(expect={"minimum_certificate_days": 30, "certificate_renewal_days": 100000})


@pytest.mark.parametrize(
    ("name", "status", "phases"),
    [
        ("connections", "warn", []),
        ("log_on_right", "warn", []),
        ("service_account_retrieval", "fail", []),
        ("kerberos_encryption", "fail", []),
        ("events", "warn", []),
        ("certificate", "fail", ["register"]),
    ],
)
def test_what_a_registered_agent_can_lose(strained: Look, name: str, status: str, phases: list[str]) -> None:
    check = strained.checks[name]
    assert (check["status"], check["repaired_by"]) == (status, phases)


def test_registered_agent_is_repaired_without_a_blocker(strained: Look) -> None:
    assert (strained.result["drift"], strained.result["blockers"]) == (["register"], [])
