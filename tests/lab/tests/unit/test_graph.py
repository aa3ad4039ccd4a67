# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graph: agents, groups and resources, paging, and who is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from microsoft_client import Client

PROFILE = "/graph/beta/onPremisesPublishingProfiles/provisioning"
AGENTS = f"{PROFILE}/agents"


@pytest.fixture(scope="module")
def fleet(serve: Callable[..., Client]) -> Client:
    """Five agents of one domain, two on a page."""
    client = serve(graph_page_size=2)
    domain = client.server.cloud.config.forest.root
    for number in range(5):
        client.server.cloud.directory.add_domain(None, f"win{number}.contoso.lab", domain, [], "admin")
    return client


def test_pages_follow_one_another_to_the_end(fleet: Client) -> None:
    token, url, names, pages = fleet.graph_token(), f"{AGENTS}?$expand=agentGroups", [], 0
    while url:
        page = fleet.get(url, token).json()
        names += [agent["machineName"] for agent in page["value"]]
        assert all(agent["agentGroups"] for agent in page["value"])
        url = page.get("@odata.nextLink", "").removeprefix(fleet.url)
        pages += 1
    assert (names, pages) == ([f"win{number}.contoso.lab" for number in range(5)], 3)


def test_one_agent_has_the_fields_of_the_documentation(fleet: Client) -> None:
    token = fleet.graph_token()
    listed = fleet.get(AGENTS, token).json()["value"][0]
    assert set(listed) == {"id", "machineName", "externalIp", "status", "supportedPublishingTypes"}
    single = fleet.get(f"{AGENTS}/{listed['id']}", token).json()
    assert {key: single[key] for key in listed} == listed
    missing = fleet.get(f"{AGENTS}/00000000-0000-0000-0000-000000000000", token)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_a_domain_is_a_group_with_its_resource_and_agents(fleet: Client) -> None:
    group = fleet.get(f"{PROFILE}/agentGroups?$expand=agents,publishedResources", fleet.graph_token()).json()["value"][0]
    assert group["displayName"] == f"Group-contoso.lab-{group['id']}"
    assert [resource["resourceName"] for resource in group["publishedResources"]] == ["contoso.lab"]
    assert len(group["agents"]) == 5


def test_published_resources_need_their_own_permission(fleet: Client) -> None:
    assert fleet.get(f"{PROFILE}/publishedResources", fleet.graph_token()).status_code == 403
    token = fleet.graph_token(permission="OnPremisesPublishingProfiles.ReadWrite.All")
    assert fleet.get(f"{PROFILE}/publishedResources", token).json()["value"][0]["resourceName"] == "contoso.lab"
    assert fleet.get(AGENTS, token).status_code == 403


def test_the_profile_expands_all_its_parts(fleet: Client) -> None:
    path = PROFILE.replace("/provisioning", "('provisioning')")
    answer = fleet.get(f"{path}?$expand=publishedResources,agents,agentGroups", fleet.graph_token()).json()
    assert [len(answer[name]) for name in ("agents", "agentGroups", "publishedResources")] == [5, 1, 1]


def test_a_missing_or_wrong_token_is_401(fleet: Client) -> None:
    for token in (None, "none of ours", fleet.token()):
        answer = fleet.get(AGENTS, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_an_expired_token_is_401(serve: Callable[..., Client]) -> None:
    client = serve(token_lifetime=-10)
    answer = client.get(AGENTS, client.graph_token())
    assert (answer.status_code, "expired" in answer.json()["error"]["message"]) == (401, True)


def test_a_missing_permission_or_role_is_403(fleet: Client) -> None:
    answer = fleet.get(AGENTS, fleet.graph_token(permission="User.Read"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    answer = fleet.get(AGENTS, fleet.graph_token("plain"))
    assert answer.json()["error"]["code"] == "NotAdminRoleNoEnoughCustomPermission_UnauthorizedAccess"


@pytest.mark.parametrize("query", ["$expand=nothing", "$top=0", "$skiptoken=x"])
def test_a_query_that_makes_no_sense_is_400(fleet: Client, query: str) -> None:
    assert fleet.get(f"{AGENTS}?{query}", fleet.graph_token()).status_code == 400
