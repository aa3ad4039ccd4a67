# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync configurations: their jobs in Graph, who may read them, and what overlapping registrations do to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cloudlab.microsoft.synchronization import TEMPLATE
from microsoft_client import ADMIN, TENANT, Client

PRINCIPALS = "/graph/beta/servicePrincipals"
FILTERED = f"{PRINCIPALS}?$filter=applicationTemplateId eq '{TEMPLATE}'"
AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"


@pytest.fixture
def tenant(serve: Callable[..., Client]) -> Client:
    """Two synchronised domains, one configuration on a page."""
    return serve(graph_page_size=1, configurations=["contoso.lab", "child.contoso.lab"])


def jobs_of(client: Client, domain: str) -> list[dict[str, Any]]:
    found = next(configuration for configuration in client.server.cloud.configurations.all() if configuration.domain == domain)
    client.control("POST", "page-size", {"size": 100})
    answer = client.get(f"{PRINCIPALS}/{found.id}/synchronization/jobs", client.graph_token())
    assert answer.status_code == 200, answer.text
    jobs: list[dict[str, Any]] = answer.json()["value"]
    return jobs


def application_token(client: Client, *roles: str) -> str:
    """A token that an application got for itself: roles instead of scp."""
    tokens = client.server.cloud.tokens
    claims = {"aud": f"{client.url}/graph", "tid": TENANT, "exp": 4_000_000_000, "roles": list(roles)}
    return jwt.encode(claims, tokens._key, algorithm="RS256")


def test_configurations_are_listed_by_their_template_page_by_page(tenant: Client) -> None:
    token, url, names = tenant.graph_token(), f"{FILTERED}&$select=id,displayName", []
    while url:
        page = tenant.get(url, token).json()
        assert [set(item) for item in page["value"]] == [{"id", "displayName"}]
        names += [item["displayName"] for item in page["value"]]
        url = page.get("@odata.nextLink", "").removeprefix(tenant.url)
    assert names == ["contoso.lab", "child.contoso.lab"]
    assert tenant.get(PRINCIPALS, token).status_code == 400


def test_jobs_have_the_fields_of_the_documentation(tenant: Client) -> None:
    provisioning, hashes = jobs_of(tenant, "contoso.lab")
    assert (provisioning["templateId"], hashes["templateId"]) == ("AD2AADProvisioning", "AD2AADPasswordHash")
    assert provisioning["id"].startswith("AD2AADProvisioning.")
    assert (provisioning["schedule"]["state"], provisioning["status"]["code"]) == ("Active", "Active")
    assert provisioning["status"]["lastSuccessfulExecution"]["state"] == "Succeeded"
    assert provisioning["status"]["quarantine"] is None


@pytest.mark.parametrize(
    ("body", "schedule", "code"),
    [
        ({"state": "disabled"}, "Disabled", "Paused"),
        ({"state": "quarantine", "reason": "TooManyDeletes"}, "Active", "Quarantine"),
        ({"state": "quarantine", "reason": "Unknown", "expired": True}, "Disabled", "Quarantine"),
    ],
)
def test_a_test_sets_a_configurations_state(tenant: Client, body: dict[str, Any], schedule: str, code: str) -> None:
    assert tenant.control("POST", "configurations", {"domain": "contoso.lab", **body}).status_code == 204
    job = jobs_of(tenant, "contoso.lab")[0]
    assert (job["schedule"]["state"], job["status"]["code"]) == (schedule, code)
    quarantine = job["status"]["quarantine"] or {}
    assert quarantine.get("reason") == body.get("reason")
    assert bool(quarantine.get("nextAttempt")) == (code == "Quarantine" and schedule == "Active")


def test_a_configuration_can_be_made_and_deleted(client: Client) -> None:
    for state, expected in (("active", {"contoso.lab": "active"}), ("none", {})):
        client.control("POST", "configurations", {"domain": "contoso.lab", "state": state})
        assert client.control("GET", "state").json()["configurations"] == expected


@pytest.mark.parametrize(
    "body",
    [
        {"domain": "other.lab", "state": "active"},
        {"domain": "contoso.lab", "state": "broken"},
        {"domain": "contoso.lab", "state": "quarantine"},
        {"domain": "contoso.lab", "state": "active", "reason": "Unknown"},
        {"domain": "contoso.lab", "state": "quarantine", "reason": "Unknown", "untold": 1},
    ],
)
def test_a_state_that_makes_no_sense_is_400(shared: Client, body: dict[str, Any]) -> None:
    assert shared.control("POST", "configurations", body).status_code == 400


def test_reading_takes_a_permission_and_a_role(tenant: Client) -> None:
    found = tenant.server.cloud.configurations.all()[0].id
    jobs = f"{PRINCIPALS}/{found}/synchronization/jobs"
    without = tenant.graph_token(permission="Policy.Read.HybridAuthentication")
    assert [tenant.get(url, without).status_code for url in (FILTERED, jobs)] == [403, 403]
    assert tenant.get(jobs, tenant.graph_token("plain")).status_code == 403
    assert tenant.get(jobs, tenant.graph_token(permission="Synchronization.Read.All")).status_code == 200
    assert tenant.get(f"{PRINCIPALS}/unknown/synchronization/jobs", tenant.graph_token()).status_code == 404


def test_an_application_reads_jobs_but_no_agents(tenant: Client) -> None:
    token = application_token(tenant, "Synchronization.Read.All")
    found = tenant.get(FILTERED, token).json()["value"][0]["id"]
    assert tenant.get(f"{PRINCIPALS}/{found}/synchronization/jobs", token).status_code == 200
    assert tenant.get(AGENTS, token).status_code == 403
    assert tenant.get(FILTERED, application_token(tenant, "User.Read.All")).status_code == 403


def begin(client: Client, machine: str, token: str) -> None:
    assert client.connect(machine, token).status_code == 200
    assert client.post("/registration/gmsa", {"machineName": machine, **ADMIN}, token).status_code == 200


def finish(client: Client, machine: str, token: str) -> None:
    body = {"machineName": machine, "domain": "contoso.lab", "agentId": None, **ADMIN}
    assert client.post("/registration/domains", body, token).status_code == 200


def test_two_registrations_at_the_same_time_cause_quarantine_until_a_test_ends_it(tenant: Client) -> None:
    token = tenant.token()
    begin(tenant, "win1", token)
    begin(tenant, "win2", token)
    finish(tenant, "win1", token)
    finish(tenant, "win2", token)
    quarantine = jobs_of(tenant, "contoso.lab")[0]["status"]["quarantine"]
    assert (quarantine["reason"], quarantine["error"]["code"]) == (
        "EncounteredQuarantineException",
        "AzureActiveDirectoryInvalidCredential",
    )
    assert jobs_of(tenant, "child.contoso.lab")[0]["status"]["code"] == "Active"
    tenant.register("win3")
    assert jobs_of(tenant, "contoso.lab")[0]["status"]["code"] == "Quarantine"
    tenant.control("POST", "configurations", {"domain": "contoso.lab", "state": "active"})
    assert jobs_of(tenant, "contoso.lab")[0]["status"]["code"] == "Active"


def test_registrations_one_after_the_other_cause_none(tenant: Client) -> None:
    token = tenant.token()
    for machine in ("win1", "win2"):
        begin(tenant, machine, token)
        finish(tenant, machine, token)
    tenant.connect("win3", token)
    # A registration that fails is over, and meets nobody.
    tenant.post("/registration/gmsa", {"machineName": "win3", **ADMIN, "password": "wrong"}, token)
    begin(tenant, "win4", token)
    finish(tenant, "win4", token)
    assert jobs_of(tenant, "contoso.lab")[0]["status"]["code"] == "Active"


def test_overlaps_can_be_forgotten(tenant: Client) -> None:
    token = tenant.token()
    begin(tenant, "win1", token)
    begin(tenant, "win2", token)
    assert tenant.control("DELETE", "overlaps").status_code == 204
    assert tenant.control("GET", "state").json()["overlapping_registrations"] == []
    finish(tenant, "win1", token)
    assert jobs_of(tenant, "contoso.lab")[0]["status"]["code"] == "Active"


def test_records_of_a_machine_can_be_left_and_forgotten(client: Client) -> None:
    stale = client.control("POST", "stale-records", {"machine": "win1.contoso.lab"}).json()["id"]
    listed = client.get(AGENTS, client.graph_token()).json()["value"]
    assert [(agent["id"], agent["status"]) for agent in listed] == [(stale, "inactive")]
    client.control("POST", "forget", {"machine": "WIN1.contoso.lab"})
    assert client.get(AGENTS, client.graph_token()).json()["value"] == []
