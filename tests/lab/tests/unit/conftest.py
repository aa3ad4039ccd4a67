# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's side of the lab in this process, on a free port, with real TLS."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cloudlab.microsoft.config import Config
from cloudlab.microsoft.server import Server
from cloudlab.pki import Pki, new_ca

sys.path.insert(0, str(Path(__file__).parent))

from microsoft_client import ADMIN, APPLICATION, DOMAIN, KEY, PUBLIC_CLIENT, SPECIAL, TENANT, Client, Session


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("lab") / "pki")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases and another product, small, in place of real packages."""
    directory = tmp_path_factory.mktemp("packages")
    versions = {"release-1.1.977.0": "1.1.977.0", "release-1.1.2505.0": "1.1.2505.0", "other-product": "1.0.0.0"}
    manifest = []
    for name, version in versions.items():
        content = name.encode() * 1000
        (directory / f"{name}.exe").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        manifest.append({"name": name, "file": f"{name}.exe", "version": version, "sha256": sha256, "what": name})
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def application_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the application, and its key, in one file."""
    file, issued = tmp_path_factory.mktemp("application") / "application.pem", new_ca("application")
    file.write_bytes(issued.certificate_pem + issued.key_pem)
    return file


@pytest.fixture(scope="session")
def config(pki: Pki, packages: Path, application_certificate: Path) -> dict[str, Any]:
    def user(name: str, **more: Any) -> dict[str, Any]:
        return {"upn": f"{name}@{DOMAIN}", "password": "password", "roles": ["Hybrid Identity Administrator"], **more}

    return {
        "address": "127.0.0.1",
        "port": 0,
        "realm_port": None,
        "pki": str(pki.directory),
        "packages": str(packages),
        "control_key": KEY,
        "tenant": {"id": TENANT, "domain": DOMAIN},
        "users": [
            user("admin"),
            user("plain", roles=[]),
            user("reader", roles=["Global Reader"]),
            *(user(name, **{name: True}) for name in SPECIAL),
        ],
        "applications": [
            {**APPLICATION, "certificate": str(application_certificate), "roles": ["Synchronization.Read.All"]},
            {"name": "public", "client_id": PUBLIC_CLIENT},
        ],
        "forest": {
            "domain": "contoso.lab",
            "admin": ADMIN["userName"],
            "password": ADMIN["password"],
            "domains": [{"domain": "child.contoso.lab", "admin": r"CHILD\admin", "password": "child password"}],
            "custom_gmsas": ["svcSync"],
        },
        "device_code_interval": 1,
    }


@pytest.fixture(scope="session")
def serve(config: dict[str, Any], pki: Pki) -> Iterator[Callable[..., Client]]:
    """Start a server of its own; arguments replace settings."""
    servers: list[Server] = []

    def start(**settings: Any) -> Client:
        server = Server(Config.parse({**config, **settings}))
        server.start()
        servers.append(server)
        return Client(server, Session(server.url, pki.certificate_path("ca")))

    yield start
    with ThreadPoolExecutor() as pool:  # each takes half a second to notice
        list(pool.map(Server.stop, servers))


@pytest.fixture(scope="session")
def shared(serve: Callable[..., Client]) -> Client:
    """One server for all tests that leave nothing behind in it."""
    return serve()


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    """A server of the test's own."""
    return serve()
