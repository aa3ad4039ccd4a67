# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration from sign-in to an active agent in Graph."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest
from cloudlab.microsoft.config import Domain, Forest
from cloudlab.microsoft.directory import Directory
from cloudlab.pki import AGENT_ID_EXTENSION
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from microsoft_client import ADMIN, DOMAIN, TENANT, Client

AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"


def _agent_id_in(answer: dict[str, Any]) -> str:
    loaded = pkcs12.load_pkcs12(base64.b64decode(answer["pfx"]), answer["pfxPassword"].encode())
    assert loaded.cert is not None
    extension = loaded.cert.certificate.extensions.get_extension_for_oid(AGENT_ID_EXTENSION).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    return str(uuid.UUID(bytes_le=extension.value))


def _statuses(client: Client) -> dict[str, str]:
    agents = client.get(AGENTS, client.graph_token()).json()["value"]
    return {agent["id"]: agent["status"] for agent in agents}


def _beat(client: Client, agent_id: str, state: str = "running") -> int:
    return client.post(f"/agents/{agent_id}/heartbeat", {"state": state}).status_code


def test_a_registered_agent_is_active_while_its_service_runs(client: Client) -> None:
    answer = client.register("win1.contoso.lab")
    agent = answer["agentId"]
    assert _agent_id_in(answer) == agent
    assert _statuses(client) == {agent: "inactive"}
    assert _beat(client, agent) == 200
    assert _statuses(client) == {agent: "active"}
    assert _beat(client, agent, "stopped") == 200
    assert _statuses(client) == {agent: "inactive"}
    assert client.control("GET", "state").json()["counts"]["registrations"] == 1


def test_an_agent_that_falls_silent_becomes_inactive() -> None:
    now = 0.0
    domain = Domain("contoso.lab", r"CONTOSO\labadmin", "password")
    directory = Directory(Forest(domain, (domain,)), 30, clock=lambda: now)
    agent, _ = directory.add_domain(None, "win1", domain, [], "admin")
    directory.heartbeat(agent, running=True)
    assert directory.is_active(agent)
    now = 31
    assert not directory.is_active(agent)


def test_registering_again_leaves_an_inactive_record(client: Client) -> None:
    first, second = (client.register("win1.contoso.lab")["agentId"] for _ in range(2))
    _beat(client, second)
    assert _statuses(client) == {first: "inactive", second: "active"}


def test_a_further_domain_belongs_to_the_same_agent(client: Client) -> None:
    agent = client.register("win1.contoso.lab")["agentId"]
    body = {"machineName": "win1.contoso.lab", "agentId": agent, "domain": "child.contoso.lab"}
    body |= {"userName": "admin@child.contoso.lab", "password": "child password"}
    answer = client.post("/registration/domains", body, client.token()).json()
    assert (answer["agentId"], answer["pfx"]) == (agent, None)
    listed = client.get(f"/registration/domains?agentId={agent}").json()
    expected = [("contoso.lab", ["dc1"]), ("child.contoso.lab", [])]
    assert [(item["name"], item["preferredDomainControllers"]) for item in listed["domains"]] == expected


def test_all_hosts_share_the_default_service_account(client: Client) -> None:
    agents = [client.register(f"win{number}.contoso.lab")["agentId"] for number in (1, 2)]
    accounts = {client.get(f"/registration/domains?agentId={agent}").json()["account"] for agent in agents}
    assert len(accounts) == 1
    assert accounts.pop().startswith("CONTOSO\\pGMSA_")


def test_a_custom_service_account_must_exist(shared: Client) -> None:
    token = shared.token()
    body = {"machineName": "custom", "customName": "SVCSYNC$"}
    assert shared.post("/registration/gmsa", body, token).json() == {"account": "CONTOSO\\svcSync$"}
    missing = shared.post("/registration/gmsa", {**body, "customName": "other$"}, token)
    assert (missing.status_code, missing.json()["code"]) == (404, "AccountNotFound")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong"}, 400, "InvalidCredentials"),
        ({"domain": "other.lab"}, 404, "DomainNotFound"),
        ({"machineName": ""}, 400, "InvalidRequest"),
    ],
)
def test_a_bad_domain_request_is_refused(shared: Client, change: dict[str, str], status: int, code: str) -> None:
    body = {"machineName": "bad", "domain": "contoso.lab", **ADMIN, **change}
    answer = shared.post("/registration/domains", body, shared.token())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_password_has_windows_own_words(shared: Client) -> None:
    answer = shared.post("/registration/gmsa", {"machineName": "bad", **ADMIN, "password": "wrong"}, shared.token())
    assert answer.json()["message"] == "The user name or password is incorrect."


def test_who_registers_must_prove_it(shared: Client) -> None:
    body = {"tenantId": TENANT, "userPrincipalName": f"plain@{DOMAIN}", "machineName": "proof"}
    refusals = {
        None: (401, "InvalidToken"),
        "none of ours": (401, "InvalidToken"),
        shared.graph_token(): (401, "InvalidToken"),
        shared.token(user="plain"): (403, "MissingRole"),
        shared.token(): (403, "UserMismatch"),
    }
    for token, expected in refusals.items():
        answer = shared.post("/registration/connect", body, token)
        assert (answer.status_code, answer.json()["code"]) == expected
    foreign = shared.post("/registration/connect", {**body, "tenantId": str(uuid.uuid4())}, shared.token())
    assert foreign.json()["code"] == "TenantMismatch"


def test_an_unknown_agent_is_reported_so(shared: Client) -> None:
    assert _beat(shared, str(uuid.uuid4())) == 404


def test_registrations_at_the_same_time_are_recorded(client: Client) -> None:
    client.register("win1")
    client.register("win2")
    assert client.control("GET", "state").json()["overlapping_registrations"] == []
    token = client.token()
    client.connect("win3", token)
    client.connect("win4", token)
    overlaps = client.control("GET", "state").json()["overlapping_registrations"]
    assert [overlap["machines"] for overlap in overlaps] == [["win3", "win4"]]


def test_a_failed_registration_is_over(client: Client) -> None:
    token = client.token()
    client.connect("win1", token)
    client.post("/registration/gmsa", {"machineName": "win1", **ADMIN, "password": "wrong"}, token)
    client.connect("win2", token)
    assert client.control("GET", "state").json()["overlapping_registrations"] == []
