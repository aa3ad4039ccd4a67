# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of what the tenant says: the agent's record, and older records of its host.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.facts import AGENT_SERVICE
from .._cloud.records import Record
from .check import Finding, Look, check, in_service


def _listed(look: Look) -> bool:
    """The agent is installed whole and registered, and Graph was asked."""
    return in_service(look) and look.cloud.record is not None


@check("cloud", "whether Microsoft lists the agent as active", of="cloud", facts=("V10", "V12", "V16"), needs=_listed)
def _cloud(look: Look) -> Finding:
    record = t.cast(Record, look.cloud.record)
    status, reason = str(record["status"]), record["reason"]
    actual = f"{status}: {reason}" if reason else status
    if record["other_machine"]:
        remedy = (
            f"if this host was made as a copy of {record['other_machine']}, or was renamed, run agent_register with 'force: true' on it: "
            "two hosts cannot be one agent"
        )
        return Finding("fail", "active", actual, remedy)
    if status == "confirmed" and record["matched_by"] == "machine_name":
        # A name proves nothing: a machine of another forest, or an agent that is gone, may have the same.
        remedy = "see in the Entra admin center whether this is the agent's record; if not, run agent_register with 'force: true'"
        return Finding("warn", "active", actual, remedy)
    if status == "confirmed":
        return Finding("pass", "active", actual)
    if status == "unknown":
        remedy = "give a sign-in that may read agents in Graph, or set 'cloud_check: off'"
        return Finding("fail" if look.expect.cloud_required else "unknown", "active", actual, remedy)
    return _not_active(look, status, actual)


def _not_active(look: Look, status: str, actual: str) -> Finding:
    if status == "inactive" and not look.agent_service.runs:
        return Finding("fail", "active", actual, f"start the service {AGENT_SERVICE}", ("install",))
    if status == "inactive":
        remedy = f"restart the service {AGENT_SERVICE} and check the host's way to Microsoft (proxy, TLS inspection, firewall)"
        return Finding("fail", "active", actual, remedy)
    return Finding("fail", "active", actual, "run the module agent_register with 'force: true'")


def _agents_listed(look: Look) -> bool:
    """The agent is installed whole and registered, and Graph has listed agents."""
    # Where it could not, nothing is known of older records, and the check 'cloud' says why.
    return _listed(look) and t.cast(Record, look.cloud.record)["status"] != "unknown"


@check("cloud_records", "older records of the same machine", of="cloud", facts=("V9", "V15", "T32"), needs=_agents_listed)
def _records(look: Look) -> Finding:
    stale, expected = t.cast(Record, look.cloud.record)["stale"], "no older record of the host"
    if not stale:
        return Finding("pass", expected, "none")
    # Graph has no request to delete an agent.
    remedy = "nothing is to be done on the host: Microsoft drops a record about ten days after its agent fell silent"
    return Finding("warn", expected, ", ".join(stale), remedy)
