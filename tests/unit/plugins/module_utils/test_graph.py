# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graph: pages, retries and refusals, and one listing a run."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest
import requests
from access_tokens import token
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._agent_records import find_record
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._cloud_directory import CloudDirectory
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import GraphError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._graph import GraphClient
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._sign_in import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._token import Token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run_store import RunStore
from host_facts import TENANT
from microsoft_side import Microsoft
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"
GROUPS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agentGroups"


def directory(microsoft: Microsoft, user: str = "admin", store: RunStore | None = None) -> CloudDirectory:
    return CloudDirectory(microsoft.sign_in(user), microsoft.cloud, TENANT, microsoft.ca_path, 10, store or RunStore())


def graph(microsoft: Microsoft) -> GraphClient:
    options: dict[str, t.Any] = {"audience": "graph", "ca_path": microsoft.ca_path, "timeout": 10, "store": RunStore()}
    found = acquire(microsoft.sign_in(), microsoft.cloud, TENANT, **options)
    return GraphClient(microsoft.cloud.graph, found, ca_path=microsoft.ca_path, timeout=10)


@pytest.fixture
def agents(microsoft: Microsoft) -> list[str]:
    """Five agents of one domain: three pages."""
    known = microsoft.server.cloud.directory
    domain = known.forest.root
    names = [f"sync{number}.contoso.lab" for number in range(5)]
    present = {agent.machine_name for agent in known.agents()}
    for name in set(names) - present:
        known.add_domain(None, name, domain, [], "admin@lab.example")
    return names


def test_all_pages_are_read(microsoft: Microsoft, agents: list[str]) -> None:
    client = graph(microsoft)
    assert sorted(agent["machineName"] for agent in client.agents()) == agents
    assert microsoft.count("graph_listings") == 3
    groups = client.agent_groups()
    assert len(groups[0]["agents"]) == 5
    assert [resource["resourceName"] for resource in groups[0]["publishedResources"]] == ["contoso.lab"]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "retry_after": 1}, {"cut_after": 20}])
def test_passing_trouble_is_sat_out(microsoft: Microsoft, agents: list[str], fault: dict[str, t.Any]) -> None:
    client = graph(microsoft)
    microsoft.fail(AGENTS, **fault)
    assert len(client.agents()) == len(agents)


@pytest.mark.parametrize(("status", "reason"), [(401, "token was rejected"), (403, "not permitted to read agents"), (404, "answered 404")])
def test_refusal_says_why(microsoft: Microsoft, status: int, reason: str) -> None:
    client = graph(microsoft)
    microsoft.fail(AGENTS, status=status)
    with pytest.raises(GraphError, match=reason) as refusal:
        client.agents()
    assert refusal.value.status == status and refusal.value.code


def test_real_refusal_carries_code_and_request_id(microsoft: Microsoft) -> None:
    client = GraphClient(microsoft.cloud.graph, Token("no token", 0, "", TENANT), ca_path=microsoft.ca_path, timeout=10)
    with pytest.raises(GraphError, match="sign in again") as refusal:
        client.agents()
    assert (refusal.value.status, refusal.value.code) == (401, "InvalidAuthenticationToken")
    assert str(refusal.value.request_id) in str(refusal.value)
    assert "no token" not in str(refusal.value)


def test_missing_ca_file_is_named(microsoft: Microsoft) -> None:
    client = GraphClient(microsoft.cloud.graph, Token("x", 0, "", TENANT), ca_path="nowhere.pem", timeout=10)
    with pytest.raises(GraphError, match=r"nowhere\.pem.*'ca_path'"):
        client.agents()


def test_netrc_does_not_replace_the_token(
    microsoft: Microsoft, agents: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert len(graph(microsoft).agents()) == len(agents)


def test_service_does_not_make_the_run_wait_for_hours(microsoft: Microsoft) -> None:
    patience = graph(microsoft)._session.get_adapter("https://lab").max_retries
    assert patience.get_retry_after(HTTPResponse(headers={"Retry-After": "86400"})) == 60
    assert patience.get_retry_after(HTTPResponse()) is None


class Answers(BaseAdapter):
    """Answers requests from a list, without a network."""

    def __init__(self, *bodies: t.Any, status: int = 200) -> None:
        super().__init__()
        self.status = status
        self.bodies, self.asked = list(bodies), []  # type: tuple[list[t.Any], list[str]]

    def send(self, request: requests.PreparedRequest, *args: t.Any, **options: t.Any) -> requests.Response:
        self.asked.append(str(request.url))
        answer = requests.Response()
        body = self.bodies.pop(0)
        answer.status_code, answer.url = self.status, str(request.url)
        answer._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return answer

    def close(self) -> None:
        """There is nothing to close."""


@pytest.mark.parametrize("body", [b"", b"<html>", {}, [], "x", None, {"value": None}])
@pytest.mark.parametrize(("status", "reason"), [(200, "answered without a list"), (403, "not permitted")])
def test_answer_that_is_no_list_is_no_empty_tenant(body: t.Any, status: int, reason: str) -> None:
    client = GraphClient("https://graph.microsoft.com", Token("x", 0, "", TENANT), ca_path=None, timeout=10)
    client._session.mount("https://", Answers(body, status=status))
    with pytest.raises(GraphError, match=reason) as refusal:
        client.agents()
    assert refusal.value.status == status


@pytest.mark.parametrize("link", ["https://elsewhere.example/page", "http://graph.microsoft.com/page", "https://graph.microsoft.com@elsewhere.example/"])
def test_token_does_not_follow_a_page_elsewhere(link: str) -> None:
    client = GraphClient("https://graph.microsoft.com", Token(token(), 0, "", TENANT), ca_path=None, timeout=10)
    answers = Answers({"value": [], "@odata.nextLink": link})
    client._session.mount("https://", answers)
    with pytest.raises(GraphError, match="was not followed"):
        client.agents()
    assert len(answers.asked) == 1


def test_one_listing_serves_all_hosts_until_a_newer_one_is_wanted(microsoft: Microsoft, agents: list[str]) -> None:
    store = RunStore()
    listings = [directory(microsoft, store=store).listing() for _ in agents]
    assert microsoft.count("graph_listings") == 3
    assert microsoft.asked == ["password", "refresh_token"]
    directory(microsoft, store=store).listing(not_older_than=listings[0].fetched_at + 0.001)
    assert microsoft.count("graph_listings") == 6
    assert [find_record(listings[0], None, name)["domains"] for name in agents] == [["contoso.lab"]] * 5


def test_user_who_may_not_read_agents_makes_a_problem_that_is_shared(microsoft: Microsoft) -> None:
    store = RunStore()
    problems = {directory(microsoft, "plain", store).listing().problem for _ in range(3)}
    assert len(problems) == 1 and "NotAdminRole" in problems.pop()
    assert microsoft.asked == ["password", "refresh_token"]


def test_user_who_may_not_read_groups_still_sees_agents(microsoft: Microsoft, agents: list[str]) -> None:
    microsoft.fail(GROUPS, status=403)
    listing = directory(microsoft).listing()
    assert (len(listing.agents), listing.groups, listing.problem) == (5, None, "")


def test_one_sign_in_s_problem_is_not_another_s(microsoft: Microsoft, agents: list[str]) -> None:
    store = RunStore()
    assert directory(microsoft, "plain", store).listing().problem
    wrong = dataclasses.replace(directory(microsoft, store=store), sign_in=microsoft.sign_in(password="wrong"))
    assert "AADSTS50126" in wrong.listing().problem
    assert len(directory(microsoft, store=store).listing().agents) == len(agents)


def test_refused_sign_in_is_a_problem_and_no_exception(microsoft: Microsoft) -> None:
    assert "AADSTS50076" in directory(microsoft, "mfa").listing().problem
