# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's side of the lab in this process, for the client's tests: real TLS, msal's real requests, Graph's real paging."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import Cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.http import Session
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in import msal_client
from cloudlab.microsoft.config import Config
from cloudlab.microsoft.server import Server
from cloudlab.pki import Pki, new_ca
from host_facts import TENANT
from microsoft_side import APPLICATION, EXPIRED_SECRET, PASSWORD, PUBLIC_CLIENT, USERS, Microsoft


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Server, str, Path]]:
    folder = tmp_path_factory.mktemp("microsoft")
    pki = Pki.create(folder / "pki")
    certificate, issued = folder / "application.pem", new_ca("application")
    certificate.touch(mode=0o600)
    certificate.write_bytes(issued.certificate_pem + issued.key_pem)
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    settings: dict[str, t.Any] = {
        "address": "127.0.0.1",
        "port": 0,
        "realm_port": None,
        "pki": str(pki.directory),
        "packages": str(folder),
        "control_key": "key",
        "tenant": {"id": TENANT, "domain": "lab.example"},
        "users": [{"password": PASSWORD, "roles": ["Hybrid Identity Administrator"], **user} for user in USERS],
        "applications": [
            {**APPLICATION, "expired_secret": EXPIRED_SECRET, "certificate": str(certificate), "roles": ["Synchronization.Read.All"]},
            {"name": "public", "client_id": PUBLIC_CLIENT},
        ],
        "device_code_interval": 1,
        "forest": {"domain": "contoso.lab", "admin": r"CONTOSO\admin", "password": "x"},
        "graph_page_size": 2,
    }
    with Server(Config.parse(settings)) as server:
        yield server, str(pki.certificate_path("ca")), certificate


@pytest.fixture
def microsoft(lab_server: tuple[Server, str, Path], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Microsoft]:
    """Microsoft's side without faults and counts; msal's question to the authority's host without its port finds it too."""
    server, ca_path, certificate = lab_server
    asked: list[str] = []

    class PortedSession(Session):
        def request(self, method: str, url: str, *args: t.Any, **options: t.Any) -> t.Any:
            portless = server.url.rpartition(":")[0] + "/"
            whole = f"{server.url}/{url.removeprefix(portless)}" if url.startswith(portless) else url
            if whole.endswith("/oauth2/v2.0/token"):
                asked.append(str(options["data"]["grant_type"]))
            return super().request(method, whole, *args, **options)

    monkeypatch.setattr(msal_client, "Session", PortedSession)
    server.cloud.counters.reset()
    scope = "https://proxy.cloudwebappproxy.net/registerapp/user_impersonation"
    yield Microsoft(server, Cloud("Lab", server.url, f"{server.url}/graph", scope), ca_path, asked, certificate)
    server.cloud.faults.clear()
