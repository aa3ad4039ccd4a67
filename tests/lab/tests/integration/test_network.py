# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's forward proxies and its file server, as the hosts see them: one run of network.yml."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from cloudlab.inventory import DOWNLOAD_PATH
from cloudlab.limits import limit
from cloudlab.package.build import RELEASES
from cloudlab.paths import PACKAGES
from cloudlab.proxies.plan import INSPECTION_CA, listener
from cryptography import x509

LAB_HOSTS = 1
NAMES = ("open", "basic", "inspecting")


@pytest.fixture(scope="module")
def run(lab: t.Any, playbook: Callable[..., t.Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """Return what came back on the host, and under "proxied" what went through each proxy meanwhile."""
    results = tmp_path_factory.mktemp("network") / "results.json"
    values = {"host": lab.hosts[0], "proxies": lab.data["proxies"], "results": str(results)}
    values["download_url"] = lab.data["microsoft"]["url"] + DOWNLOAD_PATH
    before = {name: len(lab.proxied(name)) for name in NAMES}
    done = playbook(Path(__file__).with_name("network.yml"), extra_vars=values)
    assert done.returncode == 0, done.tail
    proxied = {name: lab.proxied(name)[before[name] :] for name in NAMES}
    return {**json.loads(results.read_text(encoding="utf-8")), "proxied": proxied}


def package_size() -> int:
    """The size of the package that the download host serves."""
    return (PACKAGES / f"release-{RELEASES[-1]}.exe").stat().st_size


@pytest.mark.parametrize("name", ["open", "basic"])
def test_download_goes_through_the_proxy(lab: t.Any, run: dict[str, t.Any], name: str) -> None:
    assert run[name] == package_size()
    assert run["proxied"][name] == [lab.data["microsoft"]["url"].removeprefix("https://")]


def test_proxy_demands_credentials(run: dict[str, t.Any]) -> None:
    assert "407" in run["refused"]


def test_inspection_is_not_trusted(run: dict[str, t.Any]) -> None:
    assert run["proxied"]["inspecting"]
    assert "SSL connection could not be established" in run["inspecting"]


def test_inspecting_proxy_shows_a_certificate_of_its_own(lab: t.Any) -> None:
    microsoft = (lab.data["microsoft"]["address"], 8443)
    with socket.create_connection(listener(lab.data["proxies"]["inspecting"]), timeout=limit()) as connection:
        connection.sendall(f"CONNECT {microsoft[0]}:{microsoft[1]} HTTP/1.1\r\nHost: {microsoft[0]}\r\n\r\n".encode())
        assert b" 200 " in connection.recv(4096)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(connection) as secured:
            certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    assert certificate.issuer.rfc4514_string() == f"CN={INSPECTION_CA}"


def test_plain_request_is_noted_with_its_address(lab: t.Any) -> None:
    proxy = lab.data["proxies"]["open"]["url"]
    with requests.Session() as session:
        session.trust_env = False
        # WinRM's own port is the lab's one listener without TLS; it knows no GET.
        url = f"http://{lab.data['hosts'][0]['address']}:5985/wsman"
        assert session.get(url, proxies={"http": proxy}, timeout=limit()).status_code == 501
    assert lab.proxied("open")[-1] == url


def test_share_has_the_packages(run: dict[str, t.Any]) -> None:
    assert run["shared"] == hashlib.sha256((PACKAGES / "manifest.json").read_bytes()).hexdigest().upper()
