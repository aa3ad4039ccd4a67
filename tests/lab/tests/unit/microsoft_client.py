# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to Microsoft's side of the lab, as the collection, the PowerShell module and an agent send them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msal
import requests
from cloudlab.limits import limit
from cloudlab.microsoft.openid import AZURE_CLI
from cloudlab.microsoft.server import Server

TENANT = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
DOMAIN = "contoso.onmicrosoft.lab"
KEY = "the control key"
REGISTRATION_SCOPE = "https://proxy.cloudwebappproxy.net/registerapp/user_impersonation"
#: People who are each refused for a reason of their own.
SPECIAL = ("mfa", "enroll", "guest", "locked", "disabled", "expired", "blocked", "unmanaged")
APPLICATION = {
    "name": "automation",
    "client_id": "99999999-0000-4000-8000-000000000001",
    "secret": "the application's secret",
    "expired_secret": "last year's secret",
}
PUBLIC_CLIENT = "99999999-0000-4000-8000-000000000002"
ADMIN = {"userName": r"CONTOSO\labadmin", "password": "forest password"}


class Session(requests.Session):
    """A session that trusts the lab's root, and corrects msal's questions to the authority's host without its port."""

    def __init__(self, server_url: str, ca: Path) -> None:
        super().__init__()
        self._server_url = server_url
        self.trust_env = False  # else REQUESTS_CA_BUNDLE wins over the root set here
        self.verify = str(ca)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        portless = self._server_url.rpartition(":")[0] + "/"
        whole = str(url)
        if whole.startswith(portless):
            whole = f"{self._server_url}/{whole.removeprefix(portless)}"
        return super().request(method, whole, *args, **options)


@dataclass
class Client:
    """Requests to one server: its address, a session that trusts the lab's root, and shorthands."""

    server: Server
    session: requests.Session

    @property
    def url(self) -> str:
        return self.server.url

    def msal(self, tenant: str = TENANT, client_id: str = AZURE_CLI) -> Any:
        authority = f"{self.url}/{tenant}"
        return msal.PublicClientApplication(client_id, authority=authority, instance_discovery=False, http_client=self.session)

    def token(self, scope: str = REGISTRATION_SCOPE, user: str = "admin") -> str:
        answer = self.msal().acquire_token_by_username_password(f"{user}@{DOMAIN}", "password", [scope])
        assert "access_token" in answer, answer
        return str(answer["access_token"])

    def graph_token(self, user: str = "admin", permission: str = ".default") -> str:
        return self.token(f"{self.url}/graph/{permission}", user)

    def get(self, path: str, token: str | None = None, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, headers=_bearer(token), timeout=limit(), **options)

    def post(self, path: str, data: dict[str, Any], token: str | None = None) -> requests.Response:
        return self.session.post(self.url + path, json=data, headers=_bearer(token), timeout=limit())

    def control(self, method: str, path: str, data: dict[str, Any] | None = None) -> requests.Response:
        return self.session.request(method, f"{self.url}/lab/{path}", json=data, headers={"X-Lab-Key": KEY}, timeout=limit())

    def connect(self, machine: str, token: str) -> requests.Response:
        body = {"tenantId": TENANT, "userPrincipalName": f"admin@{DOMAIN}", "machineName": machine}
        return self.post("/registration/connect", body, token)

    def register(self, machine: str, agent_id: str | None = None, domain: str = "contoso.lab") -> dict[str, Any]:
        """Take all steps of a registration and return the last one's answer."""
        token = self.token()
        assert self.connect(machine, token).status_code == 200
        assert self.post("/registration/gmsa", {"machineName": machine, **ADMIN}, token).status_code == 200
        body = {"machineName": machine, "domain": domain, "agentId": agent_id, "preferredDomainControllers": ["dc1"], **ADMIN}
        answer = self.post("/registration/domains", body, token)
        assert answer.status_code == 200, answer.text
        registered: dict[str, Any] = answer.json()
        return registered


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
