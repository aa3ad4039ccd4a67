# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of each domain's synchronisation.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._cloud.records import Record
from .._cloud.synchronization import is_given_up, quarantined_job
from .._troubleshooting.entries import Symptom
from .._troubleshooting.quarantine import QUARANTINE_ERRORS, QUARANTINE_REASONS
from .check import Finding, Look, check, in_service

_PORTAL = "in the Entra admin center (Entra Connect > Cloud sync)"
_RESTART = f"then clear the quarantine {_PORTAL}, or wait for the next attempt"
_NOTHING = "until then nothing of the domain is synchronised"


@check(
    "synchronization",
    "whether a domain has a sync configuration that is active, or in quarantine",
    of="cloud",
    facts=("G2", "G14", "G15"),
    needs=in_service,
    each="DOMAIN",
)
def _synchronization(look: Look) -> list[Finding]:
    return [_judged(state, look.expect.sync_required) for state in look.cloud.states or ()]


def _judged(state: Record, required: bool) -> Finding:
    about = state["domain"] or ""
    status, actual = state["status"], f"{state['status']}: {state['reason']}" if state["reason"] else state["status"]
    if status == "active":
        return Finding("pass", "active", actual, about=about)
    if status == "none":
        return Finding("warn", "active", actual, f"make a configuration for it {_PORTAL} and enable it; {_NOTHING}", about=about)
    if status == "disabled":
        return Finding("warn", "active", actual, f"enable its configuration {_PORTAL}; {_NOTHING}", about=about)
    if status == "unknown":
        remedy = "give a sign-in that may read synchronization jobs in Graph, or set 'sync_check: off'"
        return Finding("fail" if required else "unknown", "active", actual, remedy, about=about)
    return _quarantine(actual, state)


def _quarantine(actual: str, state: Record) -> Finding:
    job, about = t.cast(Record, quarantined_job(state["jobs"])), state["domain"] or ""
    remedy = _remedy(job["quarantine"])
    if is_given_up(job):
        ended = f"{actual}; disabled, as Microsoft does after four weeks in quarantine"
        return Finding("fail", "active", ended, f"{remedy}, then enable the configuration again {_PORTAL}", about=about)
    following = f"{actual}; next attempt {state['next_attempt'] or 'unknown'}"
    return Finding("fail", "active", following, f"{remedy}, {_RESTART}", about=about)


def _remedy(quarantine: Record) -> str:
    error = quarantine["error"] or {}
    entry = QUARANTINE_ERRORS.find(Symptom(f"{error.get('code')}: {error.get('message')}"))
    return entry.remedy if entry else QUARANTINE_REASONS.remedy(Symptom(codes=(str(quarantine["reason"]),)))
