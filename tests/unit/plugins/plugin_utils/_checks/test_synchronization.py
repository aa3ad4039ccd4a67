# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether domains are synchronised, and what is to be done, from a table of Graph's jobs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import Check, CloudAnswers, Expectation
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import Listing
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.synchronization import synchronization
from host_facts import host

BEGAN, NEXT, ENDED = "2026-11-24T08:00:00Z", "2026-11-25T14:00:00Z", "2026-11-25T07:58:00Z"
HASHES = "AD2AADPasswordHash"
ACTIVE, DISABLED, QUARANTINE = ("Active", "Active"), ("Disabled", "Paused"), ("Active", "Quarantine")


def job(states: tuple[str, str] = ACTIVE, template: str = "AD2AADProvisioning", **quarantine: t.Any) -> dict[str, t.Any]:
    schedule, code = states
    success = {"timeEnded": ENDED} if code == "Active" else None
    status = {"code": code, "lastSuccessfulExecution": success, "quarantine": None}
    if code == "Quarantine":
        default = {"reason": "Unknown", "currentBegan": BEGAN, "nextAttempt": NEXT, "seriesCount": 3, "error": None}
        status["quarantine"] = {**default, **quarantine}
    return {"id": f"{template}.1", "templateId": template, "schedule": {"state": schedule}, "status": status}


def configuration(*jobs: dict[str, t.Any], domain: str = "contoso.lab", problem: str = "") -> dict[str, t.Any]:
    return {"id": "1", "domain": domain, "jobs": list(jobs), "problem": problem}


def state(*configurations: dict[str, t.Any], domain: str = "contoso.lab") -> dict[str, t.Any]:
    return synchronization(Listing([], [], 0.0, configurations=list(configurations)), [domain])[0]


def checks(states: list[dict[str, t.Any]], *, required: bool = False) -> list[Check]:
    """Return the checks of these states, on a host whose agent is in service."""
    found = assess(host(), Expectation(sync_required=required), CloudAnswers(states=states)).checks
    return [judged for judged in found if judged.name.startswith("synchronization")]


def check(*configurations: dict[str, t.Any], required: bool = False) -> Check:
    return checks([state(*configurations)], required=required)[0]


def quarantined(code: str = "", message: str = "", **quarantine: t.Any) -> dict[str, t.Any]:
    return configuration(job(QUARANTINE, error={"code": code, "message": message} if code else None, **quarantine))


@pytest.mark.parametrize(
    ("configurations", "status", "verdict"),
    [
        ([], "none", "warn"),
        ([configuration(job(), domain="other.lab")], "none", "warn"),
        ([configuration(job(), domain="CONTOSO.lab")], "active", "pass"),
        ([configuration()], "disabled", "warn"),
        ([configuration(job(DISABLED))], "disabled", "warn"),
        ([configuration(job(("Active", "NotRun")))], "active", "pass"),
        ([configuration(job(("Active", "Paused")))], "disabled", "warn"),
        ([configuration(job(("Active", "NotConfigured")))], "disabled", "warn"),
        # Password hashes may be off by choice; users and groups are what synchronisation is about.
        ([configuration(job(), job(DISABLED, HASHES))], "active", "pass"),
        ([configuration(job(DISABLED), job(ACTIVE, HASHES))], "disabled", "warn"),
        ([configuration(job(ACTIVE, HASHES))], "active", "pass"),
        ([configuration(job(), job(QUARANTINE, HASHES))], "quarantine", "fail"),
        ([configuration(job(("Disabled", "Quarantine")))], "quarantine", "fail"),
        # A template that was instantiated twice leaves two configurations of one name.
        ([configuration(job(DISABLED)), configuration(job())], "active", "pass"),
        ([configuration(problem="not permitted")], "unknown", "unknown"),
        ([configuration(problem="not permitted"), configuration(job(QUARANTINE))], "quarantine", "fail"),
        ([configuration(problem="not permitted", domain="other.lab"), configuration(job())], "active", "pass"),
    ],
)
def test_state_of_a_domain(configurations: list[dict[str, t.Any]], status: str, verdict: str) -> None:
    assert state(*configurations)["status"] == status
    judged = check(*configurations)
    assert (judged.name, judged.status, judged.repaired_by) == ("synchronization contoso.lab", verdict, ())
    assert judged.actual.startswith(status)
    assert verdict == "pass" or judged.remedy


def test_what_is_reported_of_a_healthy_job() -> None:
    assert state(configuration(job()))["jobs"] == [
        {
            "id": "AD2AADProvisioning.1",
            "template": "AD2AADProvisioning",
            "state": "active",
            "status": "active",
            "last_success": ENDED,
            "quarantine": None,
        }
    ]


def test_quarantine_is_reported_with_reason_since_when_and_next_attempt() -> None:
    found = state(quarantined("TimeOut", "We've detected a request timeout error.", reason="EncounteredQuarantineException"))
    assert found["jobs"][0]["quarantine"] == {
        "reason": "EncounteredQuarantineException",
        "since": BEGAN,
        "next_attempt": NEXT,
        "count": 3,
        "error": {"code": "TimeOut", "message": "We've detected a request timeout error."},
    }
    assert found["next_attempt"] == NEXT
    judged = checks([found])[0]
    for part in ("EncounteredQuarantineException", BEGAN, NEXT, "TimeOut", "request timeout error"):
        assert part in judged.actual


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("X", "The operation was aborted because the client side timeout limit was exceeded.", "ldap_connection_timeout"),
        ("HybridIdentityServiceNoActiveAgents", "", "start the service AADConnectProvisioningAgent"),
        ("HybridIdentityServiceNoAgentsAssigned", "", "register an agent with this domain"),
        ("HybridIdentityServiceAgentTimeout", "", "servicebus.windows.net"),
        ("ConnectorTimeout", "", "servicebus.windows.net"),
        ("GatewayTimeout", "", "servicebus.windows.net"),
        ("X", "ServiceBusClientWebSocket was expecting more bytes", "move the agent to a new host"),
        ("HybridIdentityServiceInvalidResource", "", "register the agent again"),
        ("HybridIdentityServiceAgentSignalingError", "", "restart the service"),
        ("HybridSynchronizationActiveDirectoryInternalServerError", "", "rights of the agent's service account"),
        ("AzureActiveDirectoryInvalidCredential", "", "ADToAADSyncServiceAccount"),
        ("AzureActiveDirectoryExpiredCredentials", "", "Conditional Access"),
        ("AzureActiveDirectoryInvalidCredential", "", "registered at the same time"),
        ("AzureDirectoryServiceAuthorizationFailed", "", "Microsoft Entra AD Synchronization Service"),
        ("AzureDirectoryServiceServerBusy", "", "busy"),
        ("TimeOut", "", "wait for the next attempt"),
        ("HybridSynchronizationActiveDirectoryUnexpectedDuplicateEntriesFound", "", "duplicate objects"),
        ("NeverSeen", "", "provisioning logs"),
    ],
)
def test_remedy_follows_the_error(code: str, message: str, words: str) -> None:
    judged = check(quarantined(code, message))
    assert words in judged.remedy
    assert "clear the quarantine" in judged.remedy
    # The role does not repair what is the tenant's.
    assert judged.repaired_by == ()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("EncounteredBaseEscrowThreshold", "too many objects failed"),
        ("EncounteredTotalEscrowThreshold", "too many objects failed"),
        ("EncounteredEscrowProportionThreshold", "too many objects failed"),
        ("EncounteredQuarantineException", "the configuration's status shows"),
        ("QuarantinedOnDemand", "by hand"),
        ("TooManyDeletes", "StagedDelete"),
        ("IngestionInterrupted", "reaches its domain controllers"),
        ("Unknown", "provisioning logs"),
        (None, "provisioning logs"),
    ],
)
def test_remedy_follows_the_reason_where_there_is_no_error(reason: str | None, words: str) -> None:
    assert words in check(quarantined(reason=reason)).remedy


def test_job_that_microsoft_gave_up_is_to_be_enabled_again() -> None:
    given_up = job(("Disabled", "Quarantine"), reason="EncounteredQuarantineException", nextAttempt=None)
    judged = check(configuration(job(QUARANTINE, HASHES), given_up))
    assert "four weeks" in judged.actual
    assert "enable the configuration again" in judged.remedy
    assert "EncounteredQuarantineException" in judged.actual


def test_the_calendar_s_first_day_means_never() -> None:
    never = job(QUARANTINE, nextAttempt="0001-01-01T00:00:00Z", currentBegan="0001-01-01T00:00:00Z")
    found = state(configuration(never))
    assert (found["next_attempt"], found["jobs"][0]["quarantine"]["since"]) == (None, None)


@pytest.mark.parametrize(("required", "verdict"), [(False, "unknown"), (True, "fail")])
@pytest.mark.parametrize("domains", [["contoso.lab", "emea.contoso.lab"], None])
def test_what_is_not_known_is_a_failure_only_when_it_must_be(domains: t.Any, required: bool, verdict: str) -> None:
    listing = Listing([], [], 0.0, configurations=None, configurations_problem="Graph answered 403: not permitted")
    found = checks(synchronization(listing, domains), required=required)
    assert {judged.status for judged in found} == {verdict}
    assert len(found) == len(domains or ["one for all"])
    assert all(("403" in judged.actual) == bool(domains) and judged.remedy for judged in found)


def test_agent_without_domains_has_nothing_to_synchronise() -> None:
    assert synchronization(Listing([], [], 0.0, configurations=[]), []) == []
