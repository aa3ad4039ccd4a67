# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts of agent_verify, from a table of facts."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.account import same_account
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.settings import wanted_settings
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import Assessment, assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import Check, CloudAnswers, Expectation
from host_facts import CONFIRMED, TENANT, empty_host, host

EXPECT = Expectation(version="1.1.2334.0", tenant_id=TENANT, domains=("contoso.lab",))


def judged(facts: HostFacts, expect: Expectation, record: dict[str, t.Any] | None) -> Assessment:
    """Return the verdict on an agent, without the checks of its host."""
    return assess(dataclasses.replace(facts, platform=None), expect, CloudAnswers(record))


def verdict(assessment: Assessment, name: str) -> Check:
    return next(check for check in assessment.checks if check.name == name)


def test_healthy_host_passes_every_check() -> None:
    assessment = judged(host(), EXPECT, CONFIRMED)
    assert {check.status for check in assessment.checks} == {"pass"}
    assert [check.name for check in assessment.checks] == [
        "installed",
        "version",
        "agent_service",
        "updater_service",
        "tenant",
        "service_account",
        "certificate",
        "domains",
        "cloud",
        "cloud_records",
    ]
    assert (assessment.drift, assessment.blockers, assessment.compliant) == ((), (), True)


@pytest.mark.parametrize(("wanted", "status", "phases"), [(30000, "fail", ("install",)), (60000, "pass", ())])
def test_settings_are_judged_where_some_are_wanted(wanted: int, status: str, phases: tuple[str, ...]) -> None:
    tunable = {"name": "LdapConnectionTimeoutInMilliseconds", "value": "60000", "kind": "String"}
    expect = dataclasses.replace(EXPECT, settings=wanted_settings({"ldap_connection_timeout": wanted}))
    checks = judged(host(product__configuration__tunables=[tunable]), expect, CONFIRMED)
    assert verdict(checks, "settings").status == status
    assert checks.drift == phases


def test_empty_host_drifts_in_every_phase() -> None:
    assessment = judged(empty_host(), EXPECT, None)
    assert (assessment.drift, assessment.compliant) == (("download", "install", "register"), False)


@pytest.mark.parametrize(
    ("changes", "name", "status", "phases"),
    [
        ({"product__module_present": False}, "installed", "fail", ["download", "install"]),
        ({"product__version": "1.1.977.0"}, "version", "fail", ["download", "install"]),
        ({"product__version": "1.1.2505.0"}, "version", "pass", []),
        ({"services__0__state": "stopped"}, "agent_service", "fail", ["install"]),
        ({"services__0__start_type": "manual"}, "agent_service", "fail", ["install"]),
        ({"services__1__state": "stopped"}, "updater_service", "fail", ["install"]),
        ({"services__1__present": False}, "updater_service", "warn", []),
        ({"services__1__state": "stopped", "services__1__start_type": "disabled"}, "updater_service", "warn", []),
        ({"services__0__account": r"NT SERVICE\AADConnectProvisioningAgent"}, "service_account", "fail", ["register"]),
        ({"services__0__managed_account": False}, "service_account", "warn", []),
        ({"product__tenant_id": None}, "tenant", "fail", ["register"]),
        ({"registration_pending": True}, "registration", "fail", ["register"]),
        ({"product__tenant_id": "00000000-0000-0000-0000-000000000000"}, "tenant", "fail", ["register"]),
        ({"product__tenant_id": TENANT.upper()}, "tenant", "pass", []),
        ({"certificates": []}, "certificate", "fail", ["register"]),
        ({"certificates__0__has_private_key": False}, "certificate", "fail", ["register"]),
        ({"certificates__0__not_after": "2026-11-24T00:00:00Z"}, "certificate", "fail", ["register"]),
        ({"certificates__0__not_after": "2026-12-09T19:00:00Z"}, "certificate", "fail", ["register"]),
        ({"certificates__0__not_after": "2026-12-10T00:00:00Z"}, "certificate", "warn", []),
    ],
)
def test_one_thing_wrong_on_the_host(changes: dict[str, t.Any], name: str, status: str, phases: list[str]) -> None:
    checks = judged(host(**changes), EXPECT, CONFIRMED)
    check = verdict(checks, name)
    assert (check.status, list(checks.drift)) == (status, phases)
    assert status == "pass" or check.remedy


def test_half_removed_agent_that_looks_registered_is_registered_again() -> None:
    left = host(services__0__present=False, services__0__account=None, certificates=[])
    assert judged(left, EXPECT, None).drift == ("download", "install", "register")


@pytest.mark.parametrize(
    ("actual", "wanted", "same"),
    [
        (r"CORP\svcSync$", "svcSync$", True),
        (r"CORP\svcSync$", r"corp\SVCSYNC$", True),
        (r"CORP\svcSync$", r"corp.example.com\svcSync$", True),
        (r"CORP\svcSync$", r"OTHER\svcSync$", False),
        (r"CORP\svcSync$", "svcOther$", False),
    ],
)
def test_account_names_mean_the_same_however_they_are_written(actual: str, wanted: str, same: bool) -> None:
    assert same_account(actual, wanted) is same


@pytest.mark.parametrize(
    ("cloud_domains", "module_domains", "status"),
    [
        (["contoso.lab"], None, "pass"),
        (["CONTOSO.LAB"], None, "pass"),
        (None, ["contoso.lab"], "pass"),
        (["other.lab"], ["contoso.lab"], "fail"),
        ([], None, "fail"),
        (None, None, "unknown"),
    ],
)
def test_domains_come_from_the_cloud_first(cloud_domains: t.Any, module_domains: t.Any, status: str) -> None:
    checks = judged(host(domains=module_domains), EXPECT, {**CONFIRMED, "domains": cloud_domains})
    assert verdict(checks, "domains").status == status


def test_renewal_of_the_certificate_can_be_left_to_its_end() -> None:
    expect = dataclasses.replace(EXPECT, certificate_renewal_days=0)
    ending = host(certificates__0__not_after="2026-11-26T00:00:00Z")
    assert verdict(judged(ending, expect, CONFIRMED), "certificate").status == "warn"
    ended = host(certificates__0__not_after="2026-11-25T19:00:00Z")
    assert verdict(judged(ended, expect, CONFIRMED), "certificate").status == "fail"


def test_expected_service_account_is_pinned() -> None:
    expect = Expectation(service_account=r"CONTOSO\svcSync$")
    assert verdict(judged(host(), expect, None), "service_account").status == "fail"
    same = host(services__0__account=r"contoso\SVCSYNC$")
    assert verdict(judged(same, expect, None), "service_account").status == "pass"


@pytest.mark.parametrize("status", ["confirmed", "inactive", "unknown"])
def test_certificate_in_the_accounts_store_is_unknown_whatever_a_record_of_the_name_says(status: str) -> None:
    trust = {"own": {"thumbprint": "9999", "in_user_store": True}, "others": []}
    checks = judged(host(trust=trust), EXPECT, {**CONFIRMED, "status": status, "matched_by": "machine_name"})
    assert verdict(checks, "certificate").status == "unknown"
    assert "register" not in checks.drift
