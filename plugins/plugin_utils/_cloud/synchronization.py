# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds for each Active Directory domain whether it is synchronised.

Pure: sync configurations with their jobs in (as GraphClient.configurations returns them), states out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .records import Listing, Record

_PROVISIONING = "ad2aadprovisioning"
_RESTING = ("paused", "notconfigured")


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


def _of_domain(listing: Listing, domain: str) -> Record:
    if listing.configurations is None:
        return _state(domain, "unknown", listing.configurations_problem)
    own = [configuration for configuration in listing.configurations if str(configuration["domain"]).lower() == domain]
    if not own:
        return _state(domain, "none", "the domain has no configuration")
    jobs = [_job(job) for configuration in own for job in configuration["jobs"]]
    status = _status(jobs)
    problems = [configuration["problem"] for configuration in own if configuration["problem"]]
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
    job = quarantined_job(jobs)
    if job is None:
        return ""
    quarantine = job["quarantine"]
    error = quarantine["error"]
    parts = [str(quarantine["reason"]), f"since {quarantine['since']}" if quarantine["since"] else ""]
    parts.append(f"with {error['code']} ({error['message']})" if error else "")
    return " ".join(part for part in parts if part)


def quarantined_job(jobs: t.Sequence[Record]) -> Record | None:
    """Return the job whose quarantine is reported, preferably a job that Microsoft has given up."""
    found = [job for job in jobs if job["quarantine"]]
    return min(found, key=lambda job: not is_given_up(job), default=None)


def is_given_up(job: Record) -> bool:
    """Whether the job was disabled, as Microsoft does after four weeks in quarantine: it does not come out by itself."""
    return bool(job["quarantine"]) and job["state"] == "disabled"
