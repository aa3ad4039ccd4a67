# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graph: pages, retries and refusals, and one listing a run, of agents and of sync configurations."""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t
from pathlib import Path

import pytest
from access_tokens import token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud import directory as cloud_directory
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud import graph as graph_client
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.directory import CloudDirectory
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.graph import GraphClient
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import find_record
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import GraphError, SignInError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Access, Audience
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token
from cloudlab.limits import limit
from host_facts import TENANT
from microsoft_side import Microsoft
from trickle import Long, Service, Trickle, text
from urllib3 import HTTPResponse

AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"
GROUPS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agentGroups"
PRINCIPALS = "/graph/beta/servicePrincipals"
DOMAINS = ["contoso.lab", "emea.contoso.lab", "fabrikam.lab"]


def directory(microsoft: Microsoft, user: str = "admin", store: RunStore | None = None, **options: t.Any) -> CloudDirectory:
    return CloudDirectory(microsoft.access(microsoft.sign_in(user), store), **options)


def graph(microsoft: Microsoft, timeout: int | None = None) -> GraphClient:
    return GraphClient(microsoft.cloud.graph, acquire(microsoft.access(), "graph"), ca_path=microsoft.ca_path, timeout=timeout or limit())


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


@pytest.fixture
def configurations(microsoft: Microsoft) -> t.Iterator[dict[str, str]]:
    """The sync configurations of three domains, on two pages: domain -> route of its jobs."""
    known = microsoft.server.cloud.configurations
    for domain in DOMAINS:
        known.set(domain, "active")
    yield {principal.domain: f"{PRINCIPALS}/{principal.id}/synchronization/jobs" for principal in known.all()}
    for domain in DOMAINS:
        known.set(domain, "none")


def test_all_pages_are_read(microsoft: Microsoft, agents: list[str]) -> None:
    client = graph(microsoft)
    assert sorted(agent["machineName"] for agent in client.agents()) == agents
    assert microsoft.count("graph_listings") == 3
    groups = client.agent_groups()
    assert len(groups[0]["agents"]) == 5
    assert [resource["resourceName"] for resource in groups[0]["publishedResources"]] == ["contoso.lab"]


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"status": 429, "retry_after": 1}, {"cut_after": 20}])
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
    client = GraphClient(microsoft.cloud.graph, Token("no token", 0, "", TENANT), ca_path=microsoft.ca_path, timeout=limit())
    with pytest.raises(GraphError, match="sign in again") as refusal:
        client.agents()
    assert (refusal.value.status, refusal.value.code) == (401, "InvalidAuthenticationToken")
    assert str(refusal.value.request_id) in str(refusal.value)
    assert "no token" not in str(refusal.value)


def test_missing_ca_file_is_named(microsoft: Microsoft) -> None:
    client = GraphClient(microsoft.cloud.graph, Token("x", 0, "", TENANT), ca_path="nowhere.pem", timeout=limit())
    with pytest.raises(GraphError, match=r"nowhere\.pem.*'ca_path'"):
        client.agents()


def test_proxy_that_cannot_be_read_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:cana#ry@proxy:8080")
    client = GraphClient("https://graph.microsoft.com", Token("x", 0, "", TENANT), ca_path=None, timeout=limit())
    with pytest.raises(GraphError, match=r"an address cannot be read, that of the proxy.*as %23") as refusal:
        client.agents()
    assert "cana" not in str(refusal.value)


def test_text_of_an_exception_is_quoted_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: t.Any) -> None:
        raise OSError("no route by http://user:canary@proxy:8080")

    client = GraphClient("https://graph.microsoft.com", Token("x", 0, "", TENANT), ca_path=None, timeout=limit())
    monkeypatch.setattr(client._session, "get", fail)
    with pytest.raises(GraphError, match="could not be asked: no route by") as refusal:
        client.agents()
    assert "canary" not in str(refusal.value)


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


@pytest.mark.parametrize("body", [b"", b"<html>", {}, [], "x", None, {"value": None}])
@pytest.mark.parametrize(("status", "reason"), [(200, "answered without a list"), (403, "not permitted")])
def test_answer_that_is_no_list_is_no_empty_tenant(body: t.Any, status: int, reason: str) -> None:
    client = GraphClient("https://graph.microsoft.com", Token("x", 0, "", TENANT), ca_path=None, timeout=limit())
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    client._session.mount("https://", Service(text(content), status=status))
    with pytest.raises(GraphError, match=reason) as refusal:
        client.agents()
    assert refusal.value.status == status


@pytest.mark.parametrize("link", ["https://elsewhere.example/page", "http://graph.microsoft.com/page", "https://graph.microsoft.com@elsewhere.example/"])
def test_token_does_not_follow_a_page_elsewhere(link: str) -> None:
    client = GraphClient("https://graph.microsoft.com", Token(token(), 0, "", TENANT), ca_path=None, timeout=limit())
    answers = Service(text(json.dumps({"value": [], "@odata.nextLink": link}).encode()))
    client._session.mount("https://", answers)
    with pytest.raises(GraphError, match="was not followed"):
        client.agents()
    assert len(answers.asked) == 1


def client_of(service: Service, timeout: int = 60) -> GraphClient:
    """A client whose Graph is this service."""
    client = GraphClient("https://graph.microsoft.com", Token(token(), 0, "", TENANT), ca_path=None, timeout=timeout)
    client._session.mount("https://", service)
    return client


def page(number: int, *items: t.Any) -> t.Callable[[], t.Any]:
    return text(json.dumps({"value": items, "@odata.nextLink": f"https://graph.microsoft.com/page{number}"}).encode())


@pytest.mark.parametrize(("pages", "asked"), [([page(1)], 2), ([page(1), page(2), page(1), text(b'{"value": []}')], 3)])
def test_page_that_is_named_again_is_refused(pages: list[t.Any], asked: int) -> None:
    service = Service(*pages)
    with pytest.raises(GraphError, match="names a page as the next one that it has given already"):
        client_of(service).agents()
    assert len(service.asked) == asked


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("x", "value"),
        ({"machineName": "sync1"}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"id": "a", "agentGroups": {}}, "agentGroups"),
        ({"id": "a", "agentGroups": [{}]}, "id"),
        ({"id": "a", "machineName": ["x"]}, "machineName"),
        ({"id": "a", "status": True}, "status"),
    ],
)
def test_item_of_another_kind_is_refused(item: t.Any, field: str) -> None:
    answer = text(json.dumps({"value": [{"id": "good", "machineName": None}, item]}).encode())
    with pytest.raises(GraphError, match=f"holds an item whose '{field}' is missing, or is not of the kind"):
        client_of(Service(answer)).agents()


def test_list_of_endless_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_client, "_MOST_PAGES", 5)
    service = Service(*(page(number) for number in range(8)), text(b'{"value": []}'))
    with pytest.raises(GraphError, match="has more than 5 pages"):
        client_of(service).agents()
    assert len(service.asked) == 5


def test_list_of_endless_items_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_client, "_MOST_BYTES", 2000)
    service = Service(*(page(number, {"id": "x" * 1500}) for number in range(8)), text(b'{"value": []}'))
    with pytest.raises(GraphError, match="has more than 2000 bytes"):
        client_of(service).agents()
    assert len(service.asked) == 2


def test_endless_page_is_refused() -> None:
    service = Service(lambda: Long(1024**3))
    with pytest.raises(GraphError, match=r"could not be asked: the answer has more than \d+ bytes"):
        client_of(service).agents()


def test_endless_body_of_a_redirection_is_refused() -> None:
    """It is read before the redirection is followed."""
    service = Service(lambda: Long(1024**3), headers={"Location": "https://graph.microsoft.com/elsewhere"}, status=302)
    with pytest.raises(GraphError, match=r"the answer has more than \d+ bytes"):
        client_of(service).agents()
    assert len(service.asked) == 1


def test_page_that_comes_byte_by_byte_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte begins the time limit of requests anew."""
    monkeypatch.setattr(graph_client, "_RETRIES", 0)
    with pytest.raises(GraphError, match=r"did not answer within 1 seconds.*'request_timeout'"):
        client_of(Service(Trickle), timeout=1).agents()


def test_listing_has_an_end_as_a_whole(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its requests may keep to its own limit."""
    monkeypatch.setattr(cloud_directory, "_REQUESTS", 0.001)
    monkeypatch.setattr(GraphClient, "agents", lambda client: time.sleep(10))
    listing = directory(microsoft).listing()
    assert (listing.agents, listing.passing) == ([], True)
    assert "did not answer all within" in listing.problem


@pytest.mark.parametrize("link", [1, ["x"], {"a": 1}, "https://[", "x" * 5000])
def test_next_page_that_is_no_address_is_refused(link: t.Any) -> None:
    service = Service(text(json.dumps({"value": [], "@odata.nextLink": link}).encode()))
    with pytest.raises(GraphError, match="was not followed") as refusal:
        client_of(service).agents()
    assert len(str(refusal.value)) < 500


def test_deeply_nested_answer_is_no_list() -> None:
    with pytest.raises(GraphError, match="answered without a list"):
        client_of(Service(text(b"[" * 100_000))).agents()


def test_one_listing_serves_all_hosts_until_a_newer_one_is_wanted(microsoft: Microsoft, agents: list[str]) -> None:
    store = RunStore()
    listings = [directory(microsoft, store=store).listing() for _ in agents]
    assert microsoft.count("graph_listings") == 3
    assert microsoft.asked == ["password"]
    directory(microsoft, store=store).listing(not_older_than=listings[0].fetched_at + 0.001)
    assert microsoft.count("graph_listings") == 6
    assert [find_record(listings[0], None, name)["domains"] for name in agents] == [["contoso.lab"]] * 5


def test_user_who_may_not_read_agents_makes_a_problem_that_is_shared(microsoft: Microsoft) -> None:
    store = RunStore()
    problems = {directory(microsoft, "plain", store).listing().problem for _ in range(3)}
    assert len(problems) == 1 and "NotAdminRole" in problems.pop()
    assert microsoft.asked == ["password"]


def test_user_who_may_not_read_groups_still_sees_agents(microsoft: Microsoft, agents: list[str]) -> None:
    microsoft.fail(GROUPS, status=403)
    listing = directory(microsoft).listing()
    assert (len(listing.agents), listing.groups, listing.problem) == (5, None, "")


def test_one_sign_in_s_problem_is_not_another_s(microsoft: Microsoft, agents: list[str]) -> None:
    store = RunStore()
    assert directory(microsoft, "plain", store).listing().problem
    wrong = CloudDirectory(microsoft.access(microsoft.sign_in(password="wrong"), store))
    assert "AADSTS50126" in wrong.listing().problem
    assert len(directory(microsoft, store=store).listing().agents) == len(agents)


def test_refused_sign_in_is_a_problem_and_no_exception(microsoft: Microsoft) -> None:
    assert "AADSTS50076" in directory(microsoft, "mfa").listing().problem


def test_configurations_come_with_their_jobs(microsoft: Microsoft, configurations: dict[str, str]) -> None:
    found = {configuration["domain"]: configuration for configuration in graph(microsoft).configurations()}
    assert sorted(found) == DOMAINS
    assert microsoft.count("configuration_listings") == 2
    assert [job["templateId"] for job in found["fabrikam.lab"]["jobs"]] == ["AD2AADProvisioning", "AD2AADPasswordHash"]
    assert {configuration["problem"] for configuration in found.values()} == {""}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_trouble_with_one_domain_leaves_the_others_right(
    microsoft: Microsoft, configurations: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_client, "_RETRIES", 0)
    microsoft.fail(configurations["contoso.lab"], status=status)
    found = {configuration["domain"]: configuration for configuration in graph(microsoft).configurations()}
    assert f"answered {status}" in found["contoso.lab"]["problem"]
    assert ("Synchronization.Read.All" in found["contoso.lab"]["problem"]) == (status == 403)
    assert [(found[name]["problem"], len(found[name]["jobs"])) for name in DOMAINS[1:]] == [("", 2)] * 2


def test_token_that_is_rejected_on_the_way_is_no_domain_s_own_trouble(microsoft: Microsoft, configurations: dict[str, str]) -> None:
    microsoft.fail(configurations["contoso.lab"], status=401)
    with pytest.raises(GraphError, match="token was rejected"):
        graph(microsoft).configurations()


@pytest.mark.parametrize("retries", [0, 1])
def test_time_out_is_named(microsoft: Microsoft, retries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_client, "_RETRIES", retries)
    client = graph(microsoft, timeout=1)
    microsoft.fail(AGENTS, hold=True, times=retries + 1)
    try:
        with pytest.raises(GraphError, match=r"did not answer within 1 seconds.*'request_timeout'"):
            client.agents()
    finally:
        microsoft.server.cloud.faults.clear()


def test_what_is_not_asked_for_is_not_fetched(microsoft: Microsoft, configurations: dict[str, str]) -> None:
    listing = directory(microsoft).listing()
    assert (listing.configurations, microsoft.count("configuration_listings")) == (None, 0)
    microsoft.server.cloud.counters.reset()
    listing = directory(microsoft, with_agents=False, with_configurations=True).listing()
    assert microsoft.count("graph_listings") == 0
    assert sorted(configuration["domain"] for configuration in listing.configurations or []) == DOMAINS
    assert listing.problem


def test_configurations_are_fetched_once_while_agents_are_looked_for_again(microsoft: Microsoft, configurations: dict[str, str]) -> None:
    asked = directory(microsoft, with_configurations=True)
    first = asked.listing()
    assert len(asked.listing(not_older_than=first.fetched_at + 0.001).configurations or []) == len(DOMAINS)
    assert microsoft.count("configuration_listings") == 2
    asked.listing(configurations_not_older_than=first.fetched_at + 60)
    assert microsoft.count("configuration_listings") == 4


def test_sign_in_that_may_not_read_jobs_makes_a_problem_of_their_own(microsoft: Microsoft, agents: list[str]) -> None:
    microsoft.fail(PRINCIPALS, status=403)
    listing = directory(microsoft, with_configurations=True).listing()
    assert (len(listing.agents), listing.problem, listing.configurations) == (len(agents), "", None)
    assert "not permitted to read synchronization jobs" in listing.configurations_problem


@pytest.fixture
def renewals(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Renew a rejected token by signing in anew; what was rejected is noted."""
    noted: list[str | None] = []

    def renewed(access: Access, audience: Audience, rejected: str | None = None) -> Token:
        noted.append(rejected)
        return acquire(dataclasses.replace(access, store=RunStore()) if rejected else access, audience)

    monkeypatch.setattr(cloud_directory, "acquire", renewed)
    return noted


def test_rejected_token_is_renewed_once(microsoft: Microsoft, agents: list[str], renewals: list[str | None]) -> None:
    microsoft.fail(AGENTS, status=401)
    assert len(directory(microsoft).listing().agents) == len(agents)
    assert renewals[0] is None and str(renewals[1]).count(".") == 2 and len(renewals) == 2


def test_token_that_is_rejected_again_is_a_problem(microsoft: Microsoft, agents: list[str], renewals: list[str | None]) -> None:
    microsoft.fail(AGENTS, status=401, times=5)
    assert "token was rejected" in directory(microsoft).listing().problem
    assert len(renewals) == 2


def test_token_that_cannot_be_renewed_is_a_problem(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(access: Access, audience: Audience, rejected: str | None = None) -> Token:
        if rejected:
            raise SignInError("The given token was rejected.")
        return acquire(access, audience)

    monkeypatch.setattr(cloud_directory, "acquire", given)
    microsoft.fail(AGENTS, status=401)
    assert directory(microsoft).listing().problem == "The given token was rejected."


def test_application_is_not_sent_to_list_agents_and_reads_configurations(
    microsoft: Microsoft, configurations: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def own(access: Access, audience: Audience) -> Token:
        return dataclasses.replace(acquire(access, audience), application=True)

    monkeypatch.setattr(cloud_directory, "acquire", own)
    listing = directory(microsoft, with_configurations=True).listing()
    assert "to users alone" in listing.problem
    assert microsoft.count("graph_listings") == 0
    assert len(listing.configurations or []) == len(DOMAINS)
