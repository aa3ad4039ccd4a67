# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of each host of a run, and the report of the run, as data and as one HTML page.

Pure: results of agent_verify and of the role's phases in, dictionaries and text out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import datetime
import re
import typing as t
from pathlib import Path

import jinja2

from .._checks.assessment import fails
from .._core.plain_text import plain

Data = t.Mapping[str, t.Any]

#: Raised when a key of the report goes away or changes its meaning; new keys alone don't raise it.
SCHEMA_VERSION = 1

#: The variable in which the role leaves a host's result.
RESULT = "provisioning_agent_result"

#: What a host can have come to, worst first; the order of the report's rows.
STATUSES = ("failed", "unreachable", "drift", "not_run", "compliant")

_READING = ("compliant", "checks", "drift", "blockers", "agent", "msg")
_MODULE_PHASE = re.compile(r"agent_(download|install|register|verify)$")
_RESTART = "Restart the host: the installation is finished only then."
_READ_OUTPUT = "Read the run's output for the reason, then run it again for this host."
_NO_RESULT: Data = {
    "status": "not_run",
    "changed": False,
    "phases": [],
    "after": None,
    "failed_phase": None,
    "reboot_required": False,
    "to_do": [],
    "message": "The run has no result of this host: it ended before it reached this host.",
}
_FAILED_BEFORE = {
    "status": "failed",
    "message": f"The host failed, or could not be reached, before the role had a result of it in this play. {_READ_OUTPUT}",
}
_SYNCHRONIZATION = ("domain", "status", "reason", "next_attempt")
_CERTIFICATE = ("thumbprint", "not_after", "days_left")
_SERVICE = ("name", "display_name", "state", "start_type", "account")


def host_result(work: Data) -> dict[str, t.Any]:
    """Return the outcome of one host, as the role leaves it in provisioning_agent_result.

    Args:
        work: host (name), play and started (of agent_options), before and after (results of agent_verify, after is empty or skipped when
            there was no second look), phases (phase -> result of its task, empty when it did not come to it), failure (action and
            message, empty when nothing failed), fail_on (fail, warn or never), check_mode, repairs (whether the role was to repair what
            it finds). Where the agent was to be removed: host, play, started, removal (result of agent_install with state absent),
            check_mode.

    Returns:
        host, play, started, status (compliant, drift, failed, unreachable), failed (whether the host's play must fail), changed, phases
        (those that ran), before and after (compliant, checks, drift, blockers, agent, msg; None when the host was not read),
        failed_phase, message, reboot_required (whether the host still is to be restarted), to_do (sentences beyond what the checks say).
    """
    # A restart's words, for one, are those of another collection's module.
    work = plain(work)
    if "removal" in work:
        return _removal_result(work)
    ran = {name: result for name, result in work["phases"].items() if _has_run(result)}
    before, after = _reading(work["before"]), _reading(work["after"])
    lost = next((result for result in (work["before"], *ran.values(), work["after"]) if result.get("unreachable")), None)
    result: dict[str, t.Any] = {
        **_whose(work),
        "changed": any(result.get("changed", False) for result in ran.values()),
        "phases": list(ran),
        "before": before,
        "after": after or before,
        "failed_phase": None,
        "reboot_required": _waits_for_restart(ran),
        "to_do": [_RESTART] if _waits_for_restart(ran) else [],
    }
    return {**result, **_verdict(work, result, lost)}


def _whose(work: Data) -> dict[str, str]:
    """Return which host's result it is, of which play, and when it was begun."""
    return {name: str(work[name]) for name in ("host", "play", "started")}


def _waits_for_restart(ran: t.Mapping[str, Data]) -> bool:
    """Whether an installation needs a restart that has not come."""
    return bool(ran.get("install", {}).get("reboot_required")) and not ran.get("reboot", {}).get("rebooted")


def _removal_result(work: Data) -> dict[str, t.Any]:
    """Return the outcome of a host that the agent was to be removed from."""
    removal = work["removal"]
    lost, failed = bool(removal.get("unreachable")), bool(removal.get("failed"))
    changed = bool(removal.get("changed"))
    status = "unreachable" if lost else "failed" if failed else "drift" if changed and work["check_mode"] else "compliant"
    return {
        **_whose(work),
        "status": status,
        "failed": lost or failed,
        "changed": changed,
        "phases": [] if lost else ["remove"],
        "before": None,
        "after": None,
        "failed_phase": "remove" if failed and not lost else None,
        "message": str(removal.get("msg") or "No reason is known."),
        "reboot_required": bool(removal.get("reboot_required")),
        "to_do": [*([_RESTART] if removal.get("reboot_required") else []), *removal.get("remains", [])],
    }


def _verdict(work: Data, result: Data, lost: Data | None) -> dict[str, t.Any]:
    """Return status, failed and message, and failed_phase where one failed."""
    if work["failure"]:
        module = _MODULE_PHASE.search(str(work["failure"]["action"]))
        message = str(work["failure"]["message"])
        # What fails besides the modules and the restart is the check of the role's variables, or of what the host must have.
        phase = module[1] if module else "reboot" if str(work["failure"]["action"]).endswith("win_reboot") else "preflight"
        return {"status": "failed", "failed": True, "failed_phase": phase, "message": message}
    if lost is not None:
        message = f"The host could not be reached: {lost.get('msg', 'no reason is known')}"
        return {"status": "unreachable", "failed": True, "message": message}
    reading = result["after"]
    alarming = fails([check["status"] for check in reading["checks"]], work["fail_on"])
    if work["repairs"] and work["check_mode"] and (reading["drift"] or result["changed"]):
        # What a phase would do has not been done: the host cannot be as wanted yet, and that is no failure.
        phases = ", ".join(reading["drift"] or result["phases"])
        return {"status": "drift", "failed": False, "message": f"Would run: {phases}. {reading['msg']}"}
    status = "compliant" if reading["compliant"] else "drift"
    return {"status": status, "failed": alarming, "message": reading["msg"]}


def _has_run(result: Data) -> bool:
    return bool(result) and not result.get("skipped", False)


def _reading(result: Data) -> dict[str, t.Any] | None:
    """Return what agent_verify read, without the keys that Ansible adds; None where it did not come to a verdict."""
    if not _has_run(result) or result.get("compliant") is None:
        return None
    return {key: result[key] for key in _READING}


def results_of_play(hosts: t.Iterable[str], variables: t.Mapping[str, Data], play: str) -> dict[str, Data]:
    """Return the results that hosts have come to in a play; what an earlier play of the run has left is none of this one.

    Args:
        hosts: the names of the play's hosts.
        variables: for each host its variables.
        play: the play's id, as in the results.
    """
    found = {name: variables[name].get(RESULT) for name in hosts}
    return {name: result for name, result in found.items() if result and result["play"] == play}


def fleet_report(
    hosts: t.Iterable[str],
    results: t.Mapping[str, Data],
    *,
    failed: t.Collection[str] = (),
    check_mode: bool,
    now: datetime.datetime | None = None,
) -> Data:
    """Return the report of a run.

    Args:
        hosts: the names of all hosts that the run is about.
        results: the results of those hosts that have one.
        failed: the hosts that have failed by now, or could not be reached, for whatever reason.
        check_mode: whether the run only predicted.
        now: the time of the report, UTC; the present time unless given.

    Returns:
        schema_version, generated (UTC, ISO 8601), check_mode, counts (hosts, changed, and one for each status), hosts (worst first).
    """
    rows = [_row(name, _outcome(plain(results.get(name)), failed=name in failed)) for name in hosts]
    _judge_copies(rows)
    rows.sort(key=lambda row: (STATUSES.index(row["status"]), row["host"]))
    counts = {status: sum(row["status"] == status for row in rows) for status in STATUSES}
    return {
        "schema_version": SCHEMA_VERSION,
        "generated": f"{now or datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "check_mode": check_mode,
        "counts": {"hosts": len(rows), "changed": sum(row["changed"] for row in rows), **counts},
        "hosts": rows,
    }


def _judge_copies(rows: list[dict[str, t.Any]]) -> None:
    """Say of hosts with one agent's certificate which they are: each alone may look as wanted, and Microsoft knows them as one agent."""
    owners: dict[str, list[str]] = {}
    for row in rows:
        if row["agent_id"]:
            owners.setdefault(row["agent_id"].lower(), []).append(row["host"])
    for row in rows:
        others = [host for host in owners.get(str(row["agent_id"]).lower(), []) if host != row["host"]]
        if others:
            same = f"The agent's certificate is also that of {', '.join(others)}: a host is a copy of another, or has two names here"
            advice = "Run agent_register with 'force: true' on a copy, or take a name of the same host out of the inventory."
            row["to_do"] = [f"{same}. {advice}", *row["to_do"]]
            if row["status"] == "compliant":
                row.update(status="drift", message=f"{same}. {row['message']}")


def _outcome(result: Data | None, *, failed: bool) -> Data:
    """Return what the report says of a host: its result, unless it has none, or has failed where that says that all is well."""
    if result is None:
        return {**_NO_RESULT, **_FAILED_BEFORE} if failed else _NO_RESULT
    if failed and not result["failed"]:
        # Ansible itself refuses variables of a wrong type, before any task of the role: a second use of the role in the play has no result.
        message = f"The host failed in its play after this result ({result['status']}): {result['message']} {_READ_OUTPUT}"
        return {**result, "status": "failed", "message": message}
    return result


def _row(name: str, result: Data) -> dict[str, t.Any]:
    """Return one host's part of the report."""
    reading = result["after"] or {"agent": {}, "checks": [], "drift": [], "blockers": []}
    row = {"host": name, **{key: result[key] for key in ("status", "changed", "phases", "failed_phase", "message", "reboot_required")}}
    judged = {"drift": reading["drift"], "blockers": reading["blockers"], "to_do": _to_do(result, reading), "checks": reading["checks"]}
    return {**row, **_agent(reading["agent"]), **judged}


def _agent(agent: Data) -> dict[str, t.Any]:
    """Return what the report says about an agent; values are None where nothing is known."""
    certificate, cloud = agent.get("certificate"), agent.get("cloud")
    return {
        **{key: agent.get(key) for key in ("fqdn", "version", "tenant_id", "agent_id", "domains")},
        "services": [{key: service.get(key) for key in _SERVICE} for service in agent.get("services", []) if service.get("present", True)],
        "certificate": {key: certificate.get(key) for key in _CERTIFICATE} if certificate else None,
        "cloud": {key: cloud.get(key) for key in ("status", "reason", "id")} if cloud else None,
        "synchronization": [{key: state.get(key) for key in _SYNCHRONIZATION} for state in agent.get("synchronization") or []],
    }


def _to_do(result: Data, reading: Data) -> list[str]:
    """Return in sentences what a person has to do for the host, the most pressing first."""
    if result["status"] == "failed":
        return [result["message"]]
    if result["status"] == "unreachable":
        return ["Check that the host is on, that its WinRM endpoint answers, and that the inventory's address and account are right."]
    if result["status"] == "not_run":
        return [_READ_OUTPUT]
    if result["after"] is None:
        return list(result["to_do"])
    open_checks = [check for status in ("fail", "unknown", "warn") for check in reading["checks"] if check["status"] == status]
    sentences = [_sentence(check, untried=not result["phases"]) for check in open_checks if check["remedy"]]
    return list(dict.fromkeys([*result["to_do"], *sentences]))  # a stopped service fails two checks, and is started once


def _sentence(check: Data, *, untried: bool) -> str:
    remedy = str(check["remedy"])
    by_role = " (site.yml does it)" if untried and check["status"] == "fail" and check["repaired_by"] else ""
    return f"{remedy[0].upper()}{remedy[1:]}{by_role}."


def report_html(report: Data) -> str:
    """Return a report as one HTML page that needs nothing beside it."""
    template = Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8")
    # Everything in a report comes from hosts and from the cloud, so all of it is escaped.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(report=report)
