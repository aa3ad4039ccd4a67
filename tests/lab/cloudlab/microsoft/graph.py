# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph beta: agents, agent groups and published resources of the provisioning profile (V10 to V14), read only.

Left out: writing (V11), `$filter` and `$select`, throttling by load (a test asks for 429). Synchronization jobs: synchronization.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
from cloudlab.microsoft.cloud import base_url, bearer_claims, current_cloud, graph_resource, words
from cloudlab.microsoft.config import ADMINISTRATORS
from cloudlab.microsoft.directory import Agent, Group
from flask import Blueprint, request

#: Any one of these lets a delegated token read agents and groups (4.6).
_AGENT_PERMISSIONS = frozenset(
    ("Policy.Read.HybridAuthentication", "Policy.ReadWrite.HybridAuthentication", "Directory.ReadWrite.All")
)
_RESOURCE_PERMISSIONS = frozenset(("OnPremisesPublishingProfiles.ReadWrite.All",))
_PUBLISHING_TYPE = "provisioning"
_PROFILE = "/graph/beta/onPremisesPublishingProfiles"

graph = Blueprint("graph", __name__)


class GraphError(Exception):
    """A refused request: HTTP status, Graph's code and text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@graph.errorhandler(GraphError)
def refused(error: GraphError) -> tuple[dict[str, Any], int, dict[str, str]]:
    identifier = str(uuid.uuid4())
    inner = {"date": datetime.now(UTC).isoformat(timespec="seconds")[:19], "request-id": identifier}
    inner["client-request-id"] = request.headers.get("client-request-id", identifier)
    headers = {"request-id": identifier}
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Bearer realm="", authorization_uri="{base_url()}/common/oauth2/authorize"'
    return {"error": {"code": error.code, "message": str(error), "innerError": inner}}, error.status, headers


@graph.get(f"{_PROFILE}/provisioning")
@graph.get(f"{_PROFILE}('provisioning')")
def profile() -> dict[str, Any]:
    authorize(_AGENT_PERMISSIONS)
    directory = current_cloud().directory
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "agents": lambda: [_agent(agent) for agent in directory.agents()],
        "agentGroups": lambda: [_group(group) for group in directory.groups()],
        "publishedResources": lambda: [_resource(group) for group in directory.groups()],
    }
    wanted = _expanded(set(parts))
    return {"id": _PUBLISHING_TYPE, "isEnabled": True, **{name: part() for name, part in parts.items() if name in wanted}}


@graph.get(f"{_PROFILE}/provisioning/agents")
@graph.get(f"{_PROFILE}('provisioning')/agents")
def agents() -> dict[str, Any]:
    authorize(_AGENT_PERMISSIONS)
    expanded = _expanded({"agentGroups"})
    current_cloud().counters.add("graph_listings")
    return page(_context("agents"), [_agent(agent, expanded) for agent in current_cloud().directory.agents()])


@graph.get(f"{_PROFILE}/provisioning/agents/<agent_id>")
@graph.get(f"{_PROFILE}('provisioning')/agents/<agent_id>")
def agent(agent_id: str) -> dict[str, Any]:
    authorize(_AGENT_PERMISSIONS)
    found = current_cloud().directory.agent(agent_id)
    if found is None:
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{agent_id}' does not exist.")
    return {"@odata.context": _context("agents/$entity"), **_agent(found, _expanded({"agentGroups"}))}


@graph.get(f"{_PROFILE}/provisioning/agentGroups")
@graph.get(f"{_PROFILE}('provisioning')/agentGroups")
def agent_groups() -> dict[str, Any]:
    authorize(_AGENT_PERMISSIONS)
    expanded = _expanded({"agents", "publishedResources"})
    return page(_context("agentGroups"), [_group(group, expanded) for group in current_cloud().directory.groups()])


@graph.get(f"{_PROFILE}/provisioning/publishedResources")
@graph.get(f"{_PROFILE}('provisioning')/publishedResources")
def published_resources() -> dict[str, Any]:
    authorize(_RESOURCE_PERMISSIONS)
    expanded = _expanded({"agentGroups"})
    return page(_context("publishedResources"), [_resource(group, expanded) for group in current_cloud().directory.groups()])


def authorize(permissions: frozenset[str], application: frozenset[str] = frozenset()) -> None:
    """Demand a token for this Graph.

    A delegated one needs one of the permissions, and a person with a role (V21). An application's own is refused unless it has one of
    the roles in `application`: listing agents is not supported for applications (4.6).
    """
    code = "InvalidAuthenticationToken"
    try:
        claims = bearer_claims(graph_resource())
    except jwt.ExpiredSignatureError as error:
        raise GraphError(401, code, "Lifetime validation failed, the token is expired.") from error
    except jwt.InvalidAudienceError as error:
        raise GraphError(401, code, "Access token validation failure. Invalid audience.") from error
    except jwt.InvalidTokenError as error:
        raise GraphError(401, code, "CompactToken parsing failed with error code: 80049217") from error
    if not claims:
        raise GraphError(401, code, "Access token is empty.")
    delegated = words(claims, "scp")
    if not delegated & permissions and (delegated or not words(claims, "roles") & application):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if delegated and not words(claims, "wids") & ADMINISTRATORS:
        message = "User is not in an administrator role that may do this."
        raise GraphError(403, "NotAdminRoleNoEnoughCustomPermission_UnauthorizedAccess", message)


def _expanded(known: set[str]) -> set[str]:
    """The navigation properties to expand."""
    asked = {name.strip() for name in request.args.get("$expand", "").split(",") if name.strip()}
    if asked - known:
        message = f"Could not find a property named '{min(asked - known)}' to expand."
        raise GraphError(400, "BadRequest", message)
    return asked


def page(context: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """One page of a collection, with a link to the next (V18); `$top` makes pages smaller than the server's own size."""
    size = min(_number("$top", current_cloud().config.graph_page_size), current_cloud().config.graph_page_size)
    start = _number("$skiptoken", 0)
    answer: dict[str, Any] = {"@odata.context": context, "value": items[start : start + size]}
    if start + size < len(items):
        query = "".join(f"{key}={request.args[key]}&" for key in ("$expand", "$filter", "$select", "$top") if key in request.args)
        answer["@odata.nextLink"] = f"{request.base_url}?{query}$skiptoken={start + size}"
    return answer


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or (name == "$top" and int(text) == 0):
        raise GraphError(400, "BadRequest", f"Invalid value '{text}' for {name}.")
    return int(text)


def _context(name: str) -> str:
    return f"{graph_resource()}/beta/$metadata#onPremisesPublishingProfiles('provisioning')/{name}"


def _agent(agent: Agent, expanded: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    directory = current_cloud().directory
    data: dict[str, Any] = {
        "id": agent.id,
        "machineName": agent.machine_name,
        "externalIp": "203.0.113.10",
        "status": "active" if directory.is_active(agent) else "inactive",
        "supportedPublishingTypes": [_PUBLISHING_TYPE],
    }
    if "agentGroups" in expanded:
        data["agentGroups"] = [_group(group) for group in directory.groups_of(agent)]
    return data


def _group(group: Group, expanded: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": group.id,
        "displayName": group.display_name,
        "publishingType": _PUBLISHING_TYPE,
        "isDefault": False,
    }
    if "agents" in expanded:
        data["agents"] = [_agent(agent) for agent in current_cloud().directory.agents_of(group)]
    if "publishedResources" in expanded:
        data["publishedResources"] = [_resource(group)]
    return data


def _resource(group: Group, expanded: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": group.resource_id,
        "displayName": group.domain,
        "resourceName": group.domain,
        "publishingType": _PUBLISHING_TYPE,
    }
    return {**data, "agentGroups": [_group(group)]} if "agentGroups" in expanded else data
