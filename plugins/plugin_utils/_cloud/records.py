# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a host's own record among the agents that Microsoft Graph lists.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

Record = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Listing:
    """What Graph listed at one time, or why it could not.

    Attributes:
        agents: Graph's onPremisesAgent objects with agentGroups.
        groups: Graph's agent groups with agents and publishedResources; None when the sign-in may not read them.
        fetched_at: when, seconds since 1970.
        problem: why there is no listing of agents; '' when there is one.
        passing: whether there may be one with the next question.
        configurations: sync configurations as GraphClient.configurations returns them; None when there is no listing of them.
        configurations_problem: why not.
    """

    agents: list[Record]
    groups: list[Record] | None
    fetched_at: float
    problem: str = ""
    passing: bool = False
    configurations: list[Record] | None = None
    configurations_problem: str = ""


#: Windows' NetBIOS names end after as many characters.
_NETBIOS = 15


@dataclasses.dataclass(frozen=True)
class MachineName:
    """A machine's name in two parts; domain is empty where only the short name is known."""

    host: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> MachineName:
        """Read a name; case does not matter."""
        host, domain = (*text.strip().lower().rstrip(".").split(".", 1), "")[:2]
        return cls(host, domain)

    def is_named_by(self, record: MachineName) -> bool:
        """Whether a record is of this name: the same in full, or in short where the record knows no domain."""
        return bool(self.host) and self.host == record.host and record.domain in ("", self.domain)

    def is_other_than(self, record: MachineName) -> bool:
        """Whether a record is certainly of another machine, as far as both are known; a short name may be cut."""
        if self.domain and record.domain:
            return self != record
        return bool(record.host) and self.host[:_NETBIOS] != record.host[:_NETBIOS]


def find_record(listing: Listing, agent_id: str | None, fqdn: str) -> Record:
    """Return the host's record as agent_verify returns it under agent.cloud.

    The agent's id, from its certificate, decides. Without a certificate the machine's name does, in full or, where only one record
    carries it and knows no domain, in short; several records of one name are left by reinstallations (Microsoft drops the old ones after
    some days). Where the id is not listed, the one active record of the name counts: nobody has documented that the two ids are the same.

    Returns:
        status (confirmed, inactive, absent, unknown), reason, id, machine_name, other_machine (the name of the machine that the record is
        of, where that is certainly not this host, else None), matched_by (agent_id, machine_name), stale (ids of the host's other
        records), domains (None when unknown).
    """
    if listing.problem:
        return _result("unknown", listing.problem)
    name = MachineName.parse(fqdn)
    mine = [agent for agent in listing.agents if agent_id and str(agent["id"]).lower() == agent_id.lower()]
    named = _named(listing.agents, name)
    candidates = mine or (named if agent_id is None else _only_active(named))
    stale = [str(agent["id"]) for agent in named if agent not in candidates[:1]]
    if not candidates:
        reason = f"no agent {agent_id} is listed" if agent_id else f"no agent of {fqdn} is listed"
        return _result("absent", reason, stale=stale)
    # An active record first: an older one of the same name is inactive.
    record = sorted(candidates, key=_is_active, reverse=True)[0]
    stale = [str(agent["id"]) for agent in named if agent["id"] != record["id"]]
    status = "confirmed" if _is_active(record) else "inactive"
    other = name.is_other_than(MachineName.parse(record.get("machineName", "")))
    found = {"by_id": bool(mine), "other": other}
    return _result(status, _reason(agent_id, record, **found), record, stale, _domains(listing.groups, record), **found)


def _reason(agent_id: str | None, record: Record, *, by_id: bool, other: bool) -> str:
    """Say why the record is the host's, where that is not plain."""
    if not by_id:
        why = f"no agent {agent_id} is listed" if agent_id else "the agent has no certificate"
        return f"found by the machine's name, since {why}"
    return f"the record of this agent's certificate is that of the machine {record['machineName']}" if other else ""


def _named(agents: list[Record], name: MachineName) -> list[Record]:
    named = [(agent, MachineName.parse(agent.get("machineName", ""))) for agent in agents]
    full = [agent for agent, own in named if own == name]
    if full:
        return full
    short = [agent for agent, own in named if name.is_named_by(own)]
    return short if len(short) == 1 else []


def _only_active(named: list[Record]) -> list[Record]:
    active = [agent for agent in named if _is_active(agent)]
    return active if len(active) == 1 else []


def _is_active(agent: Record) -> bool:
    # Graph's own examples spell it both ways.
    return str(agent.get("status", "")).lower() == "active"


def _domains(groups: list[Record] | None, record: Record) -> list[str] | None:
    if groups is None:
        return None
    # Either side of the link may be cut short by Graph's limits on expanded lists.
    own = {group["id"] for group in record.get("agentGroups") or []}
    return sorted(
        {
            str(resource["resourceName"]).lower()
            for group in groups
            if group.get("id") in own or any(agent["id"] == record["id"] for agent in group.get("agents") or [])
            for resource in group.get("publishedResources") or []
        }
    )


def _result(
    status: str,
    reason: str,
    record: Record | None = None,
    stale: list[str] | None = None,
    domains: list[str] | None = None,
    *,
    by_id: bool = False,
    other: bool = False,
) -> Record:
    return {
        "status": status,
        "reason": reason,
        "id": record["id"] if record else None,
        "machine_name": record.get("machineName") if record else None,
        "other_machine": record.get("machineName") if record and other else None,
        "matched_by": None if record is None else "agent_id" if by_id else "machine_name",
        "stale": stale or [],
        "domains": domains,
    }
