# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells for each Active Directory domain whether it is synchronised, and what to do where it is not.

Pure: sync configurations with their jobs in (as GraphClient.configurations returns them), states and checks out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.records import Listing, Record
from .agent import Check

#: The job that synchronises users and groups; beside it there may be one for password hashes, which may be off by choice.
_PROVISIONING = "ad2aadprovisioning"
#: Codes of a job that does not run, whatever its schedule says.
_RESTING = ("paused", "notconfigured")
_PORTAL = "in the Entra admin center (Entra Connect > Cloud sync)"
_RESTART = f"then clear the quarantine {_PORTAL}, or wait for the next attempt"
_NOTHING = "until then nothing of the domain is synchronised"

#: What to do about the errors of Microsoft's list ("Microsoft Entra Cloud Sync error codes and descriptions"); the first that fits counts.
_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (
            "client side timeout limit",
            "the domain controllers answer too slowly: index the attributes that the configuration filters by, or raise the setting "
            "'ldap_connection_timeout'",
        ),
        (
            "HybridIdentityServiceNoActiveAgents",
            "start the service AADConnectProvisioningAgent on a host of the domain, and open the host's way to *.servicebus.windows.net",
        ),
        ("HybridIdentityServiceNoAgentsAssigned", "register an agent with this domain"),
        (
            "HybridIdentityService(Agent)?Timeout|ConnectorTimeout|GatewayTimeout|ServiceBusClientWebSocket",
            "check the host's way to *.servicebus.windows.net (proxy, TLS inspection, firewall); where it is open, move the agent to a new "
            "host",
        ),
        # The role's registration would find the domain served and do nothing: that takes 'force'.
        ("HybridIdentityServiceInvalidResource", "register the agent again with this domain (agent_register with 'force: true')"),
        (
            "HybridIdentityServiceAgentSignalingError",
            "restart the service AADConnectProvisioningAgent, and check the host's way to *.servicebus.windows.net",
        ),
        (
            "HybridSynchronizationActiveDirectoryInternalServerError",
            "check the rights of the agent's service account in the domain and the errors in its trace log",
        ),
        (
            # Two agents that are registered at the same time leave this behind as well.
            "AzureActiveDirectory(InvalidCredential|ExpiredCredentials)",
            "repair the tenant's account ADToAADSyncServiceAccount and exclude the role Directory Synchronization Accounts from "
            "Conditional Access; if two agents were registered at the same time, remove one and register it again by itself",
        ),
        (
            "AzureDirectoryServiceAuthorizationFailed",
            "make the tenant's service principal 'Microsoft Entra AD Synchronization Service' again, and wait for up to 24 hours",
        ),
        ("AzureDirectoryServiceServerBusy", "wait: Microsoft's service is busy; call its support after 24 hours"),
        (r"\bTimeOut\b", "wait for the next attempt; if it fails too, check that domain controllers and agent answer within ten minutes"),
        ("UnexpectedDuplicateEntriesFound", "remove the duplicate objects from Active Directory"),
    )
)
_ESCROW = "too many objects failed: mend the failures that the provisioning logs name"
#: What to do where the error does not tell, by the reason of the quarantine.
_REASONS = {
    "encounteredbaseescrowthreshold": _ESCROW,
    "encounteredtotalescrowthreshold": _ESCROW,
    "encounteredescrowproportionthreshold": _ESCROW,
    "encounteredquarantineexception": "mend the error that the configuration's status shows",
    "quarantinedondemand": "ask who put the job into quarantine by hand, and why",
    "toomanydeletes": "look at the rows StagedDelete in the provisioning logs; allow the deletions, or put the scope right",
    "ingestioninterrupted": "check that the agent is active and reaches its domain controllers",
}


def synchronization(listing: Listing, domains: t.Sequence[str] | None) -> list[Record]:
    """Return the state of each domain as agent_verify returns it under agent.synchronization.

    Args:
        listing: with configurations, or the reason why there are none.
        domains: Active Directory domains; None when the agent's are not known.

    Returns:
        For each: domain, status (none, disabled, active, quarantine, unknown), jobs, reason, next_attempt (UTC; None when there is none).
    """
    if domains is None:
        return [_state(None, "unknown", "the agent's domains are not known: name them in 'expect.domains'")]
    return [_of_domain(listing, name.lower()) for name in domains]


def synchronization_checks(states: list[Record], *, required: bool) -> list[Check]:
    """Return one check for each state; required makes an unknown one a failure."""
    return [_check(state, required) for state in states]


def _of_domain(listing: Listing, domain: str) -> Record:
    if listing.configurations is None:
        return _state(domain, "unknown", listing.configurations_problem)
    own = [one for one in listing.configurations if str(one["domain"]).lower() == domain]
    if not own:
        return _state(domain, "none", "the domain has no configuration")
    jobs = [_job(job) for one in own for job in one["jobs"]]
    status = _status(jobs)
    problems = [one["problem"] for one in own if one["problem"]]
    if problems and status != "quarantine":
        return _state(domain, "unknown", problems[0], jobs)
    return _state(domain, status, _reason(jobs, status), jobs)


def _state(domain: str | None, status: str, reason: str, jobs: t.Sequence[Record] = ()) -> Record:
    attempts = [job["quarantine"]["next_attempt"] for job in jobs if job["quarantine"] and job["quarantine"]["next_attempt"]]
    return {"domain": domain, "status": status, "jobs": list(jobs), "reason": reason, "next_attempt": min(attempts, default=None)}


def _job(job: Record) -> Record:
    """Return what counts of one of Graph's synchronizationJob objects."""
    status, schedule = job.get("status") or {}, job.get("schedule") or {}
    code = str(status.get("code") or "").lower()
    return {
        "id": job.get("id"),
        "template": job.get("templateId"),
        "state": str(schedule.get("state") or "").lower(),
        "status": code,
        "last_success": _time((status.get("lastSuccessfulExecution") or {}).get("timeEnded")),
        "quarantine": _quarantine(status.get("quarantine") or {}) if code == "quarantine" or status.get("quarantine") else None,
    }


def _quarantine(quarantine: Record) -> Record:
    error = quarantine.get("error") or {}
    return {
        "reason": quarantine.get("reason") or "Unknown",
        "since": _time(quarantine.get("currentBegan")),
        "next_attempt": _time(quarantine.get("nextAttempt")),
        "count": int(quarantine.get("seriesCount") or 0),
        "error": {"code": error.get("code"), "message": error.get("message")} if error else None,
    }


def _time(value: str | None) -> str | None:
    # Graph writes the first day of the calendar for "never".
    return None if not value or value.startswith("0001-") else value


def _status(jobs: list[Record]) -> str:
    if any(job["quarantine"] for job in jobs):
        return "quarantine"
    leading = [job for job in jobs if str(job["template"]).lower() == _PROVISIONING] or jobs
    running = any(job["state"] == "active" and job["status"] not in _RESTING for job in leading)
    return "active" if running else "disabled"


def _reason(jobs: list[Record], status: str) -> str:
    if status == "disabled":
        return "its configuration is not enabled" if jobs else "its configuration has no job"
    job = _quarantined(jobs)
    if job is None:
        return ""
    quarantine = job["quarantine"]
    error = quarantine["error"]
    parts = [str(quarantine["reason"]), f"since {quarantine['since']}" if quarantine["since"] else ""]
    parts.append(f"with {error['code']} ({error['message']})" if error else "")
    return " ".join(part for part in parts if part)


def _quarantined(jobs: t.Sequence[Record]) -> Record | None:
    """Return the job whose quarantine is told of: one that Microsoft has given up first."""
    found = [job for job in jobs if job["quarantine"]]
    return min(found, key=lambda job: not _is_given_up(job), default=None)


def _is_given_up(job: Record) -> bool:
    """Whether the job was disabled, as Microsoft does after four weeks in quarantine: it does not come out by itself."""
    return bool(job["quarantine"]) and job["state"] == "disabled"


def _check(state: Record, required: bool) -> Check:
    name = f"synchronization {state['domain']}" if state["domain"] else "synchronization"
    status, actual = state["status"], f"{state['status']}: {state['reason']}" if state["reason"] else state["status"]
    if status == "active":
        return Check(name, "pass", "active", actual)
    if status == "none":
        return Check(name, "warn", "active", actual, f"make a configuration for it {_PORTAL} and enable it; {_NOTHING}")
    if status == "disabled":
        return Check(name, "warn", "active", actual, f"enable its configuration {_PORTAL}; {_NOTHING}")
    if status == "unknown":
        remedy = "give a sign-in that may read synchronization jobs in Graph, or set 'sync_check: off'"
        return Check(name, "fail" if required else "unknown", "active", actual, remedy)
    return _quarantine_check(name, actual, state)


def _quarantine_check(name: str, actual: str, state: Record) -> Check:
    job = t.cast(Record, _quarantined(state["jobs"]))
    remedy = _remedy(job["quarantine"])
    if _is_given_up(job):
        ended = f"{actual}; disabled, as Microsoft does after four weeks in quarantine"
        return Check(name, "fail", "active", ended, f"{remedy}, then enable the configuration again {_PORTAL}")
    following = f"{actual}; next attempt {state['next_attempt'] or 'not told'}"
    return Check(name, "fail", "active", following, f"{remedy}, {_RESTART}")


def _remedy(quarantine: Record) -> str:
    error = quarantine["error"] or {}
    text = f"{error.get('code')}: {error.get('message')}"
    told = next((remedy for pattern, remedy in _ERRORS if pattern.search(text)), None)
    unknown = "read the provisioning logs for the error"
    return told or _REASONS.get(str(quarantine["reason"]).lower(), unknown)
