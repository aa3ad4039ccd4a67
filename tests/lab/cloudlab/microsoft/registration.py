# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration service that the lab's PowerShell module calls, and the agents' heartbeats.

The real service's protocol is not public, so paths and JSON here are the lab's own; what must be proved, the order of the steps
and the texts of the errors follow what is known (C6 to C21). Left out: the client certificate of the heartbeat and of the
domain listing (the agent's id is believed), Active Directory itself.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

import jwt
from cloudlab.microsoft.cloud import REGISTRATION_RESOURCE, bearer_claims, current_cloud, words
from cloudlab.microsoft.config import ADMINISTRATORS, Domain
from flask import Blueprint, request

_BAD_CREDENTIALS = "The user name or password is incorrect."

registration = Blueprint("registration", __name__)


class RegistrationError(Exception):
    """A refused call: HTTP status, code and text, as {code, message} in the answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@registration.errorhandler(RegistrationError)
def refused(error: RegistrationError) -> tuple[dict[str, str], int]:
    return {"code": error.code, "message": str(error)}, error.status


@registration.post("/registration/connect")
def connect() -> dict[str, Any]:
    """Check who registers: the token, and that tenant and user are those of the token."""
    with current_cloud().directory.registering(_text("machineName"), stays_open=True):
        claims = _authorize()
        if _text("tenantId").casefold() != str(claims["tid"]).casefold():
            raise RegistrationError(403, "TenantMismatch", f"The access token is not of tenant {_text('tenantId')}.")
        if _text("userPrincipalName").casefold() != str(claims["upn"]).casefold():
            raise RegistrationError(403, "UserMismatch", f"The access token is not of user {_text('userPrincipalName')}.")
        return {"tenantId": claims["tid"], "userPrincipalName": claims["upn"]}


@registration.post("/registration/gmsa")
def gmsa() -> dict[str, str]:
    """Give the machine its service account: the forest's default one, or one that an administrator made."""
    directory, machine = current_cloud().directory, _text("machineName")
    with directory.registering(machine, stays_open=True):
        _authorize()
        custom = _json().get("customName")
        if not custom:
            _check_credentials(directory.forest.root)
            return {"account": directory.default_gmsa(machine)}
        account = directory.custom_gmsa(machine, str(custom))
        if account is None:
            raise RegistrationError(404, "AccountNotFound", f"Cannot find an object with identity: '{custom}'.")
        return {"account": account}


@registration.post("/registration/domains")
def add_domain() -> dict[str, Any]:
    """Give the agent a domain; the first one registers it, and only then is there a certificate in the answer."""
    directory, machine = current_cloud().directory, _text("machineName")
    with directory.registering(machine, stays_open=False):
        claims = _authorize()
        domain = directory.forest.find(_text("domain"))
        if domain is None:
            message = f"The specified domain {_text('domain')} does not exist or cannot be contacted."
            raise RegistrationError(404, "DomainNotFound", message)
        _check_credentials(domain)
        controllers = [str(name) for name in _json().get("preferredDomainControllers") or []]
        agent, is_new = directory.add_domain(_json().get("agentId"), machine, domain, controllers, str(claims["upn"]))
        answer: dict[str, Any] = {"agentId": agent.id, "domain": domain.domain, "pfx": None, "pfxPassword": None}
        return {**answer, **_certificate(agent.id)} if is_new else answer


@registration.get("/registration/domains")
def domains() -> dict[str, Any]:
    agent = current_cloud().directory.agent(request.args.get("agentId", ""))
    if agent is None:
        raise RegistrationError(404, "AgentNotFound", "The agent is not registered.")
    found = [{"name": name, "preferredDomainControllers": names} for name, names in agent.controllers.items()]
    return {"domains": found, "account": agent.account}


@registration.post("/agents/<agent_id>/heartbeat")
def heartbeat(agent_id: str) -> dict[str, str]:
    directory = current_cloud().directory
    agent = directory.agent(agent_id)
    if agent is None:
        raise RegistrationError(404, "AgentNotFound", f"There is no agent {agent_id}.")
    state = _text("state")
    if state not in ("running", "stopped"):
        raise RegistrationError(400, "InvalidRequest", "state must be running or stopped.")
    directory.heartbeat(agent, running=state == "running")
    return {"state": state}


def _certificate(agent_id: str) -> dict[str, str]:
    cloud = current_cloud()
    password = secrets.token_urlsafe(24)
    pfx = cloud.pki.agent_pfx(cloud.config.tenant_id, agent_id, password=password)
    cloud.counters.add("registrations")
    return {"pfx": base64.b64encode(pfx).decode(), "pfxPassword": password}


def _authorize() -> dict[str, object]:
    """Claims of the request's token: delegated, for this service, of an administrator (C8, C11)."""
    try:
        claims = bearer_claims(REGISTRATION_RESOURCE)
    except jwt.InvalidTokenError as error:
        raise RegistrationError(401, "InvalidToken", f"The access token was refused: {error}") from error
    if not claims:
        raise RegistrationError(401, "InvalidToken", "The access token is missing.")
    if not words(claims, "scp"):
        raise RegistrationError(403, "NotDelegated", "The access token is an application's; a user must sign in.")
    if not words(claims, "wids") & ADMINISTRATORS:
        message = "The user needs the role Hybrid Identity Administrator or Global Administrator."
        raise RegistrationError(403, "MissingRole", message)
    return claims


def _check_credentials(domain: Domain) -> None:
    data = _json()
    if not domain.accepts(str(data.get("userName") or ""), str(data.get("password") or "")):
        raise RegistrationError(400, "InvalidCredentials", _BAD_CREDENTIALS)


def _json() -> dict[str, Any]:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise RegistrationError(400, "InvalidRequest", "The request's body must be a JSON object.")
    return data


def _text(name: str) -> str:
    value = _json().get(name)
    if not isinstance(value, str) or not value:
        raise RegistrationError(400, "InvalidRequest", f"{name} is missing.")
    return value
