# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on what the cloud says, from a table of records."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CHECKS, Check, CloudAnswers, Expectation, Look
from host_facts import CONFIRMED, empty_host, host

OLD = "00000000-0000-0000-0000-00000000000a"
UNKNOWN = {"domain": "contoso.lab", "status": "unknown", "jobs": [], "reason": "not permitted", "next_attempt": None}


def cloud(facts: HostFacts | None = None, record: t.Any = CONFIRMED, states: t.Any = None, **options: bool) -> dict[str, Check]:
    """Return the checks of the cloud's side by their names."""
    found = assess(facts or host(), Expectation(**options), CloudAnswers(record, states)).checks
    return {check.name: check for check in found if CHECKS[check.name.partition(" ")[0]].of == "cloud"}


def repairs(checks: dict[str, Check]) -> list[str]:
    """Return the phases that repair what fails."""
    return [phase for check in checks.values() if check.status == "fail" for phase in check.repaired_by]


@pytest.mark.parametrize(
    ("record", "required", "status", "phases"),
    [
        ({}, False, "pass", []),
        ({"matched_by": "machine_name", "reason": "found by the machine's name"}, False, "warn", []),
        ({"other_machine": "sync2.contoso.lab", "reason": "that of sync2.contoso.lab"}, False, "fail", []),
        ({"other_machine": "sync2.contoso.lab", "status": "inactive", "reason": "that of sync2.contoso.lab"}, False, "fail", []),
        ({"status": "inactive"}, False, "fail", []),
        ({"status": "absent", "reason": "no agent is listed"}, False, "fail", []),
        ({"status": "unknown", "reason": "not permitted"}, False, "unknown", []),
        ({"status": "unknown", "reason": "not permitted"}, True, "fail", []),
    ],
)
def test_record_decides(record: dict[str, t.Any], required: bool, status: str, phases: list[str]) -> None:
    checks = cloud(record={**CONFIRMED, **record}, cloud_required=required)
    check = checks["cloud"]
    assert (check.status, repairs(checks)) == (status, phases)
    assert record.get("reason", "") in check.actual
    assert status == "pass" or check.remedy


@pytest.mark.parametrize("certificates", [None, []])
def test_name_alone_is_never_enough(certificates: t.Any) -> None:
    facts = host() if certificates is None else host(certificates=certificates)
    assert cloud(facts, {**CONFIRMED, "matched_by": "machine_name"})["cloud"].status == "warn"


@pytest.mark.parametrize("record", [{"matched_by": "machine_name"}, {"other_machine": "sync2.contoso.lab"}])
def test_listed_agent_of_another_machine_does_not_show_that_this_one_works(record: dict[str, t.Any]) -> None:
    def working(found: dict[str, t.Any]) -> bool:
        return Look(host(connections=0), Expectation(), CloudAnswers(found)).working

    assert working(CONFIRMED)
    assert not working({**CONFIRMED, **record})


def test_copy_names_the_host_that_it_was_made_of() -> None:
    check = cloud(record={**CONFIRMED, "other_machine": "sync2.contoso.lab"})["cloud"]
    assert "copy of sync2.contoso.lab" in check.remedy


def test_inactive_agent_with_a_stopped_service_is_repaired_by_starting_it() -> None:
    checks = cloud(host(services__0__state="stopped"), {**CONFIRMED, "status": "inactive"})
    assert repairs(checks) == ["install"]


@pytest.mark.parametrize(("stale", "status"), [([], "pass"), ([OLD], "warn")])
def test_older_records_are_a_warning_that_names_them(stale: list[str], status: str) -> None:
    check = cloud(record={**CONFIRMED, "stale": stale})["cloud_records"]
    assert (check.status, check.repaired_by) == (status, ())
    assert not stale or (OLD in check.actual and "ten days" in check.remedy)


def test_nothing_is_said_of_older_records_where_none_could_be_listed() -> None:
    assert "cloud_records" not in cloud(record={**CONFIRMED, "status": "unknown", "reason": "not permitted"})


@pytest.mark.parametrize(("required", "status"), [(False, "unknown"), (True, "fail")])
def test_synchronisation_is_judged_without_a_record(required: bool, status: str) -> None:
    checks = cloud(record=None, states=[UNKNOWN], sync_required=required)
    assert {name: check.status for name, check in checks.items()} == {"synchronization contoso.lab": status}


@pytest.mark.parametrize("facts", [empty_host(), host(product__tenant_id=None), host(product__module_present=False)])
def test_host_that_is_not_registered_has_nothing_in_the_cloud_to_judge(facts: t.Any) -> None:
    assert cloud(facts, states=[UNKNOWN], cloud_required=True, sync_required=True) == {}


def test_cloud_that_was_not_asked_is_not_judged() -> None:
    assert cloud(record=None) == {}
