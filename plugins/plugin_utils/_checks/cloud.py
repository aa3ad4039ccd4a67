# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the cloud says about an agent: its record, older records of its host, and the synchronisation of its domains.

Pure: facts and Graph's answers in, checks out, so every verdict can be tested from a table.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.certificate import current_certificate
from .._agent.installation import AGENT_SERVICE, is_complete
from .._cloud.records import Record
from .agent import Check, Facts
from .synchronization import synchronization_checks


def judge_cloud(
    facts: Facts,
    host_checks: t.Sequence[Check],
    record: Record | None,
    states: list[Record] | None,
    *,
    cloud_required: bool = False,
    sync_required: bool = False,
) -> list[Check]:
    """Return the checks of the cloud's side; none for a host that has nothing there yet.

    Args:
        facts: what the payload facts.ps1 read.
        host_checks: the checks of the host itself.
        record: the agent's record as find_record returns it, None when it was not asked for.
        states: its domains' synchronisation as synchronization() returns it, None when it was not asked for.
        cloud_required: an unknown record is a failure.
        sync_required: an unknown synchronisation is a failure.
    """
    if not is_complete(facts) or not facts["product"]["tenant_id"]:
        return []
    checks = []
    if record is not None:
        runs = not any(one.name == "agent_service" and one.status == "fail" for one in host_checks)
        certified = current_certificate(facts) is not None
        checks += [_cloud(record, runs, certified, cloud_required), *_records(record)]
    return checks + synchronization_checks(states or [], required=sync_required)


def _cloud(record: Record, runs: bool, certified: bool, required: bool) -> Check:
    status, reason = str(record["status"]), record["reason"]
    actual = f"{status}: {reason}" if reason else status
    if status == "confirmed" and certified and record["matched_by"] == "machine_name":
        remedy = "see in the Entra admin center whether this is the agent's record; if not, run agent_register with 'force: true'"
        return Check("cloud", "warn", "active", actual, remedy)
    if status == "confirmed":
        return Check("cloud", "pass", "active", actual)
    if status == "unknown":
        remedy = "give a sign-in that may read agents in Graph, or set 'cloud_check: off'"
        return Check("cloud", "fail" if required else "unknown", "active", actual, remedy)
    if status == "inactive" and not runs:
        return Check("cloud", "fail", "active", actual, f"start the service {AGENT_SERVICE}", ("install",))
    if status == "inactive":
        remedy = f"restart the service {AGENT_SERVICE} and check the host's way to Microsoft (proxy, TLS inspection, firewall)"
        return Check("cloud", "fail", "active", actual, remedy)
    return Check("cloud", "fail", "active", actual, "run the module agent_register with 'force: true'")


def _records(record: Record) -> list[Check]:
    """Judge the host's older records; where no agents could be listed nothing is known of them, and the check 'cloud' says why."""
    if record["status"] == "unknown":
        return []
    expected = "no older record of the host"
    if not record["stale"]:
        return [Check("cloud_records", "pass", expected, "none")]
    # Graph has no request to delete an agent.
    remedy = "nothing is to be done on the host: Microsoft drops a record about ten days after its agent fell silent"
    return [Check("cloud_records", "warn", expected, ", ".join(record["stale"]), remedy)]
