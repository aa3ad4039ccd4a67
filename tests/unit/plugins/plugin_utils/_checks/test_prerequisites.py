# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts about a host's prerequisites, from a table of facts, and which of them stop an installation."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess, declared_checks
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CloudAnswers, Expectation, Finding, Look
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.directory import account_problems
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.network import CERTIFICATE_ISSUERS
from host_facts import CONFIRMED, UNREADABLE, empty_host, host

SERVICE_NAME = r"NT SERVICE\AADConnectProvisioningAgent"
CUSTOM = r"CONTOSO\svcSync$"
NAMES = [
    "windows",
    "domain_member",
    "dotnet",
    "tls",
    "credential_manager",
    "execution_policy",
    "pending_reboot",
    "disk",
    "memory",
    "fips",
    "ntlm",
    "internet_explorer_esc",
    "known_issues",
    "log_on_right",
    "directory",
    "kds_root_key",
    "schema",
    "account_container",
    "service_account_retrieval",
    "kerberos_encryption",
    "endpoints",
    "tls_inspection",
    "clock",
    "events",
    "connections",
]
POLICIES = "platform__execution_policy"
RIGHT = "platform__log_on_right"
DIRECTORY = "platform__directory"
LOGON = "platform__logon"
UNREGISTERED = {"product__tenant_id": None}
#: A session that came over the network and holds nothing to go on with.
NETWORK = {f"{DIRECTORY}__readable": False, f"{LOGON}__network": True, f"{LOGON}__ticket": False}
EVENT = {"id": 7000, "source": "Service Control Manager", "time": "2026-11-25T19:00:00Z", "message": "The service failed to start."}


def checked(facts: HostFacts, issuers: t.Sequence[str] = CERTIFICATE_ISSUERS, **options: t.Any) -> dict[str, Finding]:
    """Return what the checks of a host find, by their names, before it counts whether the agent works."""
    look = Look(facts, Expectation(issuers=tuple(issuers), **options), CloudAnswers())
    return {declared.name: finding for declared in declared_checks() if declared.of == "host" for finding in declared.findings(look)}


def policy(scope: str, name: str) -> dict[str, t.Any]:
    """Return the change that sets an execution policy."""
    return {f"{POLICIES}__{['MachinePolicy', 'UserPolicy', 'CurrentUser', 'LocalMachine'].index(scope)}__policy": name}


def holders(*names: str) -> dict[str, t.Any]:
    """Return the changes that make these the holders of the right "Log on as a service"."""
    return {f"{RIGHT}__holders": list(names), f"{RIGHT}__names": list(names)}


def endpoint(**changes: t.Any) -> dict[str, t.Any]:
    """Return changes of the host's one endpoint."""
    return {f"endpoints__0__{name}": value for name, value in changes.items()}


def test_healthy_host_passes_every_check() -> None:
    checks = checked(host())
    assert list(checks) == NAMES
    assert {check.status for check in checks.values()} == {"pass"}
    assert {check.remedy for check in checks.values()} == {""}


@pytest.mark.parametrize(
    ("changes", "name", "status"),
    [
        ({"platform__windows__product_type": "workstation"}, "windows", "fail"),
        ({"platform__windows__product_type": "domain_controller"}, "windows", "pass"),
        ({"platform__windows__product_type": None}, "windows", "unknown"),
        ({"platform__windows__build": 9600}, "windows", "fail"),
        ({"platform__windows__installation_type": "Server Core"}, "windows", "fail"),
        ({"platform__windows__build": 26100, "platform__windows__revision": 6900}, "windows", "fail"),
        ({"platform__windows__build": 26100, "platform__windows__revision": 6901}, "windows", "pass"),
        ({"platform__windows__build": 14393}, "windows", "pass"),
        ({"platform__windows__build": 14393, "host__time": "2027-01-13T00:00:00Z"}, "windows", "warn"),
        ({"platform__domain_member": False, DIRECTORY: None}, "domain_member", "fail"),
        ({"platform__domain_member": None, "platform__computer_problem": "no WMI"}, "domain_member", "unknown"),
        ({"platform__dotnet_release": 461307}, "dotnet", "fail"),
        ({"platform__dotnet_release": 461308}, "dotnet", "pass"),
        ({"platform__dotnet_release": None}, "dotnet", "fail"),
        ({"platform__tls__client__enabled": 0}, "tls", "fail"),
        ({"platform__tls__server__disabled_by_default": 1}, "tls", "fail"),
        ({"platform__tls__strong_crypto": 0}, "tls", "fail"),
        ({"platform__tls__strong_crypto_32": 0}, "tls", "warn"),
        ({"platform__tls__strong_crypto_32": None}, "tls", "pass"),
        ({"platform__tls__client__enabled": None}, "tls", "warn"),
        ({"platform__tls__strong_crypto": None}, "tls", "warn"),
        ({"vault__start_type": "disabled"}, "credential_manager", "fail"),
        ({"vault__present": False}, "credential_manager", "fail"),
        (policy("LocalMachine", "Unrestricted"), "execution_policy", "fail"),
        (policy("MachinePolicy", "Unrestricted"), "execution_policy", "fail"),
        (policy("LocalMachine", "Bypass"), "execution_policy", "warn"),
        (policy("MachinePolicy", "Restricted"), "execution_policy", "warn"),
        (policy("LocalMachine", "RemoteSigned"), "execution_policy", "pass"),
        (policy("CurrentUser", "Undefined"), "execution_policy", "pass"),
        ({**policy("MachinePolicy", "RemoteSigned"), **policy("LocalMachine", "Unrestricted")}, "execution_policy", "pass"),
        ({"platform__pending_reboot": ["Windows Update"]}, "pending_reboot", "warn"),
        ({"platform__disk_free": 2**30 - 1}, "disk", "fail"),
        ({"platform__disk_free": 2**30}, "disk", "warn"),
        ({"platform__disk_free": 5 * 2**30}, "disk", "pass"),
        ({"platform__memory": 2 * 2**30}, "memory", "warn"),
        ({"platform__memory": None}, "memory", "unknown"),
        ({"platform__memory": 4 * 2**30 - 2**26}, "memory", "pass"),
        ({"platform__fips_policy": 1}, "fips", "warn"),
        ({"platform__fips_policy": 1, "product__configuration__enforce_fips_policy": False}, "fips", "pass"),
        ({"platform__ntlm_policy": 2}, "ntlm", "pass"),
        ({"platform__ntlm_policy": 2, "product__version": "1.1.1107.0"}, "ntlm", "warn"),
        ({"platform__ntlm_policy": 1, "product__version": "1.1.1107.0"}, "ntlm", "pass"),
        ({"platform__ie_esc": 1}, "internet_explorer_esc", "pass"),
        ({"platform__ie_esc": 1, "product__tenant_id": None}, "internet_explorer_esc", "warn"),
        ({"product__version": "1.1.1586.0"}, "known_issues", "warn"),
        ({"product__version": "1.1.2505.0"}, "known_issues", "pass"),
        ({f"{RIGHT}__readable": False, f"{RIGHT}__problem": "denied"}, "log_on_right", "unknown"),
        ({f"{RIGHT}__problem": r"the exported rights were left in C:\Temp\x: denied"}, "log_on_right", "warn"),
        (holders("S-1-5-80-0"), "log_on_right", "warn"),
        (holders(r"contoso\PGMSA_1a2b3c4d$"), "log_on_right", "pass"),
        (holders(r"CONTOSO\Sync accounts"), "log_on_right", "pass"),
        ({**holders(r"CONTOSO\Sync accounts"), "services__0__state": "stopped"}, "log_on_right", "warn"),
        ({**holders("S-1-5-20"), "services__0__account": SERVICE_NAME, "services__0__state": "stopped"}, "log_on_right", "fail"),
        ({**holders("S-1-5-20"), "services__0__account": SERVICE_NAME}, "log_on_right", "warn"),
        ({**holders(r"BUILTIN\Users"), "services__0__account": SERVICE_NAME}, "log_on_right", "pass"),
        ({**holders(r"BUILTIN\Users"), "services__0__account": SERVICE_NAME, "services__0__state": "stopped"}, "log_on_right", "warn"),
        ({**holders(SERVICE_NAME), "services__0__account": SERVICE_NAME}, "log_on_right", "pass"),
        ({f"{DIRECTORY}__readable": False, f"{DIRECTORY}__problem": "no credentials"}, "directory", "unknown"),
        ({f"{DIRECTORY}__kds__use_start_times": []}, "kds_root_key", "fail"),
        ({f"{DIRECTORY}__kds": {"conclusive": False, "use_start_times": []}}, "kds_root_key", "unknown"),
        ({f"{DIRECTORY}__kds__use_start_times": ["2026-11-25T10:00:01Z"]}, "kds_root_key", "fail"),
        ({f"{DIRECTORY}__kds__use_start_times": ["9999-12-31T23:59:59Z"]}, "kds_root_key", "fail"),
        ({f"{DIRECTORY}__kds__use_start_times": ["2026-11-25T10:00:00Z"]}, "kds_root_key", "pass"),
        ({f"{DIRECTORY}__kds__use_start_times": ["2026-11-25T19:00:00Z", "2024-01-01T00:00:00Z"]}, "kds_root_key", "pass"),
        ({f"{DIRECTORY}__schema_version": 47}, "schema", "fail"),
        ({f"{DIRECTORY}__external_object_id": False}, "schema", "fail"),
        ({f"{DIRECTORY}__account_container": False}, "account_container", "fail"),
        ({f"{DIRECTORY}__account__exists": False}, "service_account_retrieval", "fail"),
        ({f"{DIRECTORY}__account__exists": None, f"{DIRECTORY}__account__problem": "down"}, "service_account_retrieval", "unknown"),
        ({f"{DIRECTORY}__account__retrievable": False}, "service_account_retrieval", "fail"),
        ({f"{DIRECTORY}__account__retrievable": None}, "service_account_retrieval", "unknown"),
        ({"platform__kerberos_policy": 0x7FFFFFF8}, "kerberos_encryption", "pass"),
        ({"platform__kerberos_policy": 0x7FFFFFF8, f"{DIRECTORY}__account__encryption_types": 4}, "kerberos_encryption", "fail"),
        ({"platform__kerberos_policy": 0x7FFFFFF8, f"{DIRECTORY}__account__encryption_types": 0}, "kerberos_encryption", "fail"),
        ({"platform__kerberos_policy": 0x1C, f"{DIRECTORY}__account__encryption_types": 0}, "kerberos_encryption", "pass"),
        ({"platform__kerberos_policy": 4, f"{DIRECTORY}__account__encryption_types": 24}, "kerberos_encryption", "fail"),
        ({**endpoint(reachable=False, error="no answer in time"), "connections": 0}, "endpoints", "fail"),
        ({**endpoint(reachable=False, error="no answer in time"), "connections": None}, "endpoints", "fail"),
        ({**endpoint(reachable=False, error="no answer in time"), "connections": 1}, "endpoints", "warn"),
        (endpoint(reachable=None, error="the proxy asks for a sign-in", proxy="http://proxy:8080"), "endpoints", "unknown"),
        # The agent has an account of its own, and .NET does not look into netsh winhttp.
        ({**endpoint(proxy="http://proxy:8080"), "proxy_origin": "winhttp", "connections": None}, "endpoints", "warn"),
        ({**endpoint(proxy="http://proxy:8080"), "proxy_origin": "user", "connections": None}, "endpoints", "warn"),
        ({**endpoint(proxy="http://proxy:8080"), "proxy_origin": "user", "connections": 3}, "endpoints", "pass"),
        ({**endpoint(proxy="http://proxy:8080"), "proxy_origin": "machine", "connections": None}, "endpoints", "pass"),
        ({**endpoint(proxy="http://proxy:8080"), "proxy_origin": "agent", "connections": None}, "endpoints", "pass"),
        # The address goes past it.
        ({**endpoint(proxy=""), "proxy_origin": "user", "connections": None}, "endpoints", "pass"),
        (endpoint(issuer="CN=Contoso Inspection CA"), "tls_inspection", "warn"),
        ({"clock_skew": 300}, "clock", "pass"),
        ({"clock_skew": -301}, "clock", "fail"),
        ({"events": [EVENT]}, "events", "warn"),
        ({"events": None, "events_problem": "denied"}, "events", "unknown"),
        ({"connections": 0}, "connections", "warn"),
        ({**UNREGISTERED}, "delegation", "pass"),
        ({**UNREGISTERED, **NETWORK}, "delegation", "warn"),
        ({**UNREGISTERED, **NETWORK, f"{LOGON}__ticket": None, f"{LOGON}__problem": "no klist.exe"}, "delegation", "warn"),
        ({**UNREGISTERED, **NETWORK, f"{LOGON}__network": False}, "delegation", "pass"),
        ({**UNREGISTERED, **NETWORK, f"{LOGON}__ticket": True}, "delegation", "pass"),
        # Delegation to some services alone leaves no ticket in sight.
        ({**UNREGISTERED, **NETWORK, f"{DIRECTORY}__readable": True}, "delegation", "pass"),
    ],
)
def test_one_thing_wrong_on_the_host(changes: dict[str, t.Any], name: str, status: str) -> None:
    check = checked(host(**changes))[name]
    assert check.status == status, check
    assert check.expected and check.actual
    assert bool(check.remedy) is (status != "pass")


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        ("Nicht autorisierter Vorgang (0x80070005)", "use an account that may read the event log"),
        ("Der RPC-Server ist nicht verf\u00fcgbar (0x800706BA)", "start the service Windows Event Log (EventLog) on the host"),
        ("Success (0x80131500)", "read the log on the host with Get-WinEvent -LogName System, and repair what it names"),
        ("denied", "read the log on the host with Get-WinEvent -LogName System, and repair what it names"),
    ],
)
def test_remedy_for_an_unread_log_goes_by_its_cause(problem: str, remedy: str) -> None:
    assert checked(host(events=None, events_problem=problem))["events"].remedy == remedy


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"platform__domain_member": False, DIRECTORY: None}, {"directory", "kds_root_key", "schema", "kerberos_encryption"}),
        ({f"{DIRECTORY}__readable": False}, {"kds_root_key", "schema", "account_container", "service_account_retrieval"}),
        ({f"{DIRECTORY}__account": None}, {"service_account_retrieval", "kerberos_encryption"}),
        ({"endpoints": [], "clock_skew": None}, {"endpoints", "tls_inspection", "clock"}),
        (endpoint(issuer=None), {"tls_inspection"}),
        ({"events": None}, {"events"}),
        (NETWORK, {"delegation"}),
        ({**UNREGISTERED, "platform__domain_member": False, DIRECTORY: None}, {"delegation"}),
        ({"connections": None}, {"connections"}),
        ({"connections": 0, "product__tenant_id": None}, {"connections"}),
        ({"product__version": None}, {"known_issues", "ldap_timeout"}),
    ],
)
def test_what_the_host_cannot_tell_is_no_pass(changes: dict[str, t.Any], absent: set[str]) -> None:
    assert not absent & set(checked(host(**changes)))


def test_host_that_was_not_asked_about_itself_has_no_checks() -> None:
    assert checked(host(platform=None)) == {}


def test_issuers_are_not_judged_without_a_list() -> None:
    assert "tls_inspection" not in checked(host(), [])


@pytest.mark.parametrize(("government", "words"), [(True, "password writeback"), (False, "hang")])
def test_known_issues_depend_on_the_cloud(government: bool, words: str) -> None:
    check = checked(host(product__version="1.1.2102.0"), government=government)["known_issues"]
    assert words in check.actual
    assert ("password writeback" in check.actual) is government


@pytest.mark.parametrize(("value", "status"), [("29999", "warn"), ("30000", "pass"), ("soon", "warn")])
def test_ldap_timeout_is_judged_where_it_is_set(value: str, status: str) -> None:
    tunable = {"name": "LdapConnectionTimeoutInMilliseconds", "value": value, "kind": "String"}
    assert checked(host(product__configuration__tunables=[tunable]))["ldap_timeout"].status == status


def test_harmless_events_are_counted_and_no_warning() -> None:
    check = checked(host(harmless_events=7))["events"]
    assert (check.status, check.actual) == ("pass", "none but 7 that are known to be harmless")


@pytest.mark.parametrize(
    ("identifier", "words"), [(7000, "Log on as a service"), (7038, "managedaccount"), (9001, "Kerberos"), (500, "event viewer")]
)
def test_remedy_of_events_fits_them(identifier: int, words: str) -> None:
    assert words in checked(host(events=[{**EVENT, "id": identifier}]))["events"].remedy


def stopped_by(facts: HostFacts, account: str | None = None) -> list[str]:
    """Return the blockers of a host."""
    return list(assess(facts, Expectation(service_account=account, issuers=CERTIFICATE_ISSUERS), CloudAnswers()).blockers)


def test_healthy_host_has_no_blockers() -> None:
    assert stopped_by(host()) == []
    assert stopped_by(empty_host()) == []


def test_blockers_are_what_fails_and_makes_the_work_pointless() -> None:
    facts = host(
        platform__dotnet_release=None,
        platform__memory=2**30,
        platform__domain_member=False,
        connections=0,
        **policy("LocalMachine", "Unrestricted"),
        **endpoint(reachable=False),
    )
    assert stopped_by(facts) == ["domain_member", "dotnet", "execution_policy", "endpoints"]


def test_unreachable_endpoints_of_a_connected_agent_block_nothing() -> None:
    assert stopped_by(host(**endpoint(reachable=False))) == []
    assert stopped_by(host(connections=None, **endpoint(reachable=False))) == ["endpoints"]


def test_missing_root_key_blocks_only_where_the_default_account_is_to_be_made() -> None:
    changes = {f"{DIRECTORY}__kds__use_start_times": []}
    assert stopped_by(host(**changes)) == []
    assert stopped_by(host(services__0__account=SERVICE_NAME, **changes)) == ["kds_root_key"]
    assert stopped_by(host(services__0__account=SERVICE_NAME, **changes), CUSTOM) == []


def test_custom_account_that_cannot_be_used_blocks() -> None:
    changes = {f"{DIRECTORY}__account__retrievable": False}
    assert stopped_by(host(**changes)) == []
    assert stopped_by(host(**changes), CUSTOM) == ["service_account_retrieval"]


def test_missing_right_blocks_until_the_agent_is_installed() -> None:
    changes = {**holders(), "services__0__account": SERVICE_NAME, "services__0__state": "stopped"}
    assert stopped_by(host(**changes)) == []
    assert stopped_by(host(product__module_present=False, **changes)) == ["log_on_right"]


@pytest.mark.parametrize(
    ("changes", "record", "expected"),
    [
        ({}, None, True),
        ({"connections": 0}, None, False),
        ({"connections": None}, CONFIRMED, True),
        ({"connections": None}, {**CONFIRMED, "status": "inactive"}, False),
        ({"services__0__state": "stopped"}, CONFIRMED, False),
        ({"services__0__account": SERVICE_NAME}, CONFIRMED, False),
        ({"product__tenant_id": None}, CONFIRMED, False),
        ({"product__module_present": False}, CONFIRMED, False),
        ({"platform": None}, CONFIRMED, False),
    ],
)
def test_agent_works_when_something_shows_it(changes: dict[str, t.Any], record: t.Any, expected: bool) -> None:
    assert Look(host(**changes), Expectation(), CloudAnswers(record)).working is expected


@pytest.mark.parametrize(
    ("changes", "name", "status", "stops"),
    [
        ({"platform__dotnet_release": None}, "dotnet", "warn", True),
        ({"vault__start_type": "disabled"}, "credential_manager", "warn", True),
        ({"platform__disk_free": 1}, "disk", "warn", True),
        (policy("LocalMachine", "Unrestricted"), "execution_policy", "warn", True),
        ({"platform__windows__installation_type": "Server Core"}, "windows", "warn", True),
        ({"platform__windows__build": 26100, "platform__windows__revision": 6900}, "windows", "fail", True),
        ({"platform__tls__client__enabled": 0}, "tls", "warn", False),
        ({"clock_skew": 301}, "clock", "warn", False),
        ({**endpoint(reachable=False), "connections": None}, "endpoints", "warn", False),
        ({f"{DIRECTORY}__kds__use_start_times": []}, "kds_root_key", "warn", False),
        ({f"{DIRECTORY}__external_object_id": False}, "schema", "warn", False),
        ({f"{DIRECTORY}__account_container": False}, "account_container", "warn", False),
        ({"platform__domain_member": False, DIRECTORY: None}, "domain_member", "fail", True),
        ({f"{DIRECTORY}__account__retrievable": False}, "service_account_retrieval", "fail", False),
    ],
)
def test_what_a_working_agent_does_without_is_a_warning(changes: dict[str, t.Any], name: str, status: str, stops: bool) -> None:
    facts = host(**changes)
    assert checked(facts)[name].status == "fail"
    seen = assess(facts, Expectation(issuers=CERTIFICATE_ISSUERS), CloudAnswers(CONFIRMED))
    assert {check.name: check.status for check in seen.checks}[name] == status
    assert (name in seen.blockers) is stops


@pytest.mark.parametrize(
    ("changes", "account", "words"),
    [
        ({}, None, []),
        ({}, CUSTOM, []),
        ({"platform": None}, CUSTOM, []),
        ({DIRECTORY: UNREADABLE}, None, []),
        ({DIRECTORY: None}, CUSTOM, []),
        ({f"{DIRECTORY}__kds__use_start_times": []}, None, ["The forest has no key distribution service root key"]),
        ({f"{DIRECTORY}__kds__use_start_times": ["2026-11-25T19:00:00Z"]}, None, ["comes into use at 2026-11-26T05:00:00Z"]),
        ({f"{DIRECTORY}__kds__use_start_times": []}, CUSTOM, []),
        ({f"{DIRECTORY}__account_container": False}, None, ["Managed Service Accounts"]),
        ({f"{DIRECTORY}__account__exists": False}, CUSTOM, ["does not exist in its domain"]),
        ({f"{DIRECTORY}__account__exists": None}, CUSTOM, []),
        ({f"{DIRECTORY}__account__retrievable": False}, CUSTOM, ["PrincipalsAllowedToRetrieveManagedPassword"]),
        ({"platform__kerberos_policy": 0x18, f"{DIRECTORY}__account__encryption_types": 4}, CUSTOM, ["Set-ADServiceAccount"]),
        (holders("S-1-5-20"), CUSTOM, ["has the right 'Log on as a service'"]),
        (holders("S-1-5-20"), None, ["has the right 'Log on as a service'"]),
        (holders("S-1-5-20", CUSTOM), CUSTOM, []),
        (holders("S-1-5-20", r"CONTOSO\Sync accounts"), CUSTOM, []),
        (holders("S-1-5-20", SERVICE_NAME), CUSTOM, []),
        ({**holders(), f"{RIGHT}__readable": False}, None, []),
    ],
)
def test_why_setting_the_account_will_fail(changes: dict[str, t.Any], account: str | None, words: list[str]) -> None:
    problems = account_problems(host(**changes), account)
    assert len(problems) == len(words)
    assert all(part in problem for part, problem in zip(words, problems, strict=True))
    assert all(problem[0].isupper() and problem.endswith(".") for problem in problems)
