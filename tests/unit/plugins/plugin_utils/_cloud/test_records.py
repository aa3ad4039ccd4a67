# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of Graph's agents is a host's own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import Listing, find_record
from host_facts import AGENT_ID

FQDN = "sync1.contoso.lab"
OTHER = "00000000-0000-0000-0000-00000000000c"
OLD = "00000000-0000-0000-0000-00000000000a"


def agent(identifier: str = AGENT_ID, name: str = FQDN, status: str = "active") -> dict[str, t.Any]:
    return {"id": identifier, "machineName": name, "status": status}


def find(*agents: dict[str, t.Any], agent_id: str | None = AGENT_ID, groups: t.Any = ()) -> dict[str, t.Any]:
    return find_record(Listing(list(agents), None if groups is None else list(groups), 0.0), agent_id, FQDN)


@pytest.mark.parametrize(
    ("agents", "agent_id", "status", "found", "stale"),
    [
        ([agent()], AGENT_ID, "confirmed", AGENT_ID, []),
        ([agent(status="Active")], AGENT_ID, "confirmed", AGENT_ID, []),
        ([agent(AGENT_ID.upper())], AGENT_ID, "confirmed", AGENT_ID.upper(), []),
        ([agent(status="inactive")], AGENT_ID, "inactive", AGENT_ID, []),
        ([agent(name="renamed.contoso.lab")], AGENT_ID, "confirmed", AGENT_ID, []),
        ([agent(OLD, status="inactive"), agent()], AGENT_ID, "confirmed", AGENT_ID, [OLD]),
        # That a certificate's id is the record's is not documented: where it is not listed, the name counts if it is not ambiguous.
        ([agent(OLD)], AGENT_ID, "confirmed", OLD, []),
        ([agent(OLD), agent(OTHER)], AGENT_ID, "absent", None, [OLD, OTHER]),
        ([agent(OLD, status="inactive")], AGENT_ID, "absent", None, [OLD]),
        ([], AGENT_ID, "absent", None, []),
        ([agent(name=FQDN.upper())], None, "confirmed", AGENT_ID, []),
        ([agent(OLD, status="inactive"), agent()], None, "confirmed", AGENT_ID, [OLD]),
        ([agent(name="SYNC1")], None, "confirmed", AGENT_ID, []),
        ([agent(name="sync1.other.lab"), agent(OLD, "sync1.third.lab")], None, "absent", None, []),
        # An equal short name in another domain is another machine's.
        ([agent(name="sync1.other.lab")], None, "absent", None, []),
        ([agent(OLD, "sync1.other.lab")], AGENT_ID, "absent", None, []),
        ([agent(OLD, "SYNC1")], AGENT_ID, "confirmed", OLD, []),
        ([agent(name="SYNC1"), agent(OLD, "sync1")], None, "absent", None, []),
        ([agent(name="")], None, "absent", None, []),
        ([agent(name="sync10.contoso.lab")], None, "absent", None, []),
    ],
)
def test_record_of_a_host(agents: t.Any, agent_id: str | None, status: str, found: str | None, stale: list[str]) -> None:
    record = find(*agents, agent_id=agent_id)
    assert (record["status"], record["id"], record["stale"]) == (status, found, stale)


def test_domains_come_from_the_groups_of_the_agent() -> None:
    def group(member: str, domain: str) -> dict[str, t.Any]:
        return {"agents": [{"id": member}], "publishedResources": [{"resourceName": domain}]}

    record = find(agent(), groups=[group(AGENT_ID, "B.lab"), group(OLD, "other.lab"), group(AGENT_ID, "a.lab"), {"agents": None}])
    assert record["domains"] == ["a.lab", "b.lab"]


@pytest.mark.parametrize(("groups", "domains"), [((), []), (None, None)])
def test_no_domains_differ_from_unknown_domains(groups: t.Any, domains: t.Any) -> None:
    assert find(agent(), groups=groups)["domains"] == domains


@pytest.mark.parametrize(
    ("name", "fqdn", "other"),
    [
        ("sync1.contoso.lab", "sync1.contoso.lab", False),
        ("SYNC1.Contoso.Lab.", "sync1.contoso.lab", False),
        ("SYNC1", "sync1.contoso.lab", False),
        ("sync1.contoso.lab", "sync1", False),
        # Cut by NetBIOS.
        ("PROVISIONING-SE", "provisioning-server1.contoso.lab", False),
        ("sync2.contoso.lab", "sync1.contoso.lab", True),
        ("sync1.other.lab", "sync1.contoso.lab", True),
        ("SYNC2", "sync1.contoso.lab", True),
        ("", "sync1.contoso.lab", False),
    ],
)
def test_record_of_the_certificate_may_be_another_machine_s(name: str, fqdn: str, other: bool) -> None:
    record = find_record(Listing([agent(name=name)], [], 0.0), AGENT_ID, fqdn)
    assert (record["status"], record["matched_by"]) == ("confirmed", "agent_id")
    assert record["other_machine"] == (name if other else None)
    assert (f"is that of the machine {name}" in record["reason"]) is other


@pytest.mark.parametrize(("agent_id", "matched_by"), [(AGENT_ID, "agent_id"), (None, "machine_name")])
def test_record_tells_what_it_was_found_by(agent_id: str | None, matched_by: str) -> None:
    record = find(agent(), agent_id=agent_id)
    assert record["matched_by"] == matched_by
    assert ("machine's name" in record["reason"]) == (matched_by == "machine_name")
    assert find(agent_id=agent_id)["matched_by"] is None


def test_problem_makes_the_record_unknown() -> None:
    record = find_record(Listing([], [], 0.0, problem="not permitted"), AGENT_ID, FQDN)
    assert (record["status"], record["reason"], record["domains"]) == ("unknown", "not permitted", None)


def test_agents_own_groups_count_where_the_groups_list_of_agents_is_cut_short() -> None:
    groups = [{"id": "G", "agents": [], "publishedResources": [{"resourceName": "contoso.lab"}]}]
    found = find_record(Listing([{**agent(), "agentGroups": [{"id": "G"}]}], groups, 0.0), AGENT_ID, FQDN)
    assert found["domains"] == ["contoso.lab"]
