# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's environment names wrongly is blamed itself, by each of the controller's requests, in check mode too."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from access_tokens import token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud import graph
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.graph import GraphClient
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token
from cloudlab.limits import limit
from fake_host import FakeHost
from host_facts import TENANT
from microsoft_side import Microsoft

#: What would be blamed otherwise.
BLAMED = ("tenant", "Make room", "redirects", "Check 'cloud'", "proxy, firewall")
SOCKS = "ALL_PROXY names a SOCKS proxy, which takes the Python package PySocks: install it, or name an HTTP proxy."
BUNDLE = "'{path}', which {where} names, is no file of CA certificates that can be read: correct it, or name another one in 'ca_path'."
FTP = "HTTPS_PROXY names a proxy that is none of http, https and socks5: correct it."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Without variables of this machine's; sets others."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def without_socks(*_: t.Any, **__: t.Any) -> t.NoReturn:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", without_socks)
    monkeypatch.setattr(graph, "_RETRIES", 0)

    def name_all(variables: dict[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return name_all


def sign_in(microsoft: Microsoft, folder: Path, ca_path: str | None) -> str:
    """Sign in, and return the error."""
    access = microsoft.access()
    with pytest.raises(AgentError) as error:
        acquire(access.__class__(**{**vars(access), "ca_path": ca_path}), "graph")
    return str(error.value)


def ask_graph(microsoft: Microsoft, folder: Path, ca_path: str | None) -> str:
    """Ask Graph, and return the error."""
    client = GraphClient(microsoft.cloud.graph, Token(token(), 0, "", TENANT), ca_path=ca_path, timeout=limit())
    with pytest.raises(AgentError) as error:
        client.agents()
    return str(error.value)


def download(microsoft: Microsoft, folder: Path, ca_path: str | None, *, check_mode: bool = False) -> str:
    """Download a package to the controller, and return the error."""
    host = FakeHost()
    host.answer("download", {**NEEDED, "staged_path": r"C:\p\x.part"})
    url = f"{microsoft.server.url}/packages/setup.exe"
    options = {"accept_eula": True, "source": "controller", "state": "latest", "url": url, "cache_dir": str(folder / "cache")}
    result = host.run("agent_download", {**options, "ca_path": ca_path, "retries": 0}, check_mode=check_mode)
    assert result["failed"]
    return str(result["msg"])


def check_download(microsoft: Microsoft, folder: Path, ca_path: str | None) -> str:
    """The same in check mode, which only asks what is there."""
    return download(microsoft, folder, ca_path, check_mode=True)


NEEDED = {"action": "fetch", "package": None, "installed_version": None, "attempts": 0, "resumed": False, "error": "", "certificate": None}
REQUESTS = [sign_in, ask_graph, download, check_download]


@pytest.mark.parametrize("request_of", REQUESTS)
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ALL_PROXY": "socks5h://user:canary@127.0.0.1:1"}, SOCKS),
        ({"HTTPS_PROXY": "ftp://user:canary@127.0.0.1:1"}, FTP),
        ({"REQUESTS_CA_BUNDLE": "/none.pem"}, BUNDLE.format(path="/none.pem", where="REQUESTS_CA_BUNDLE in the environment")),
        ({"CURL_CA_BUNDLE": "/none.pem"}, BUNDLE.format(path="/none.pem", where="CURL_CA_BUNDLE in the environment")),
        ({"REQUESTS_CA_BUNDLE": __file__}, BUNDLE.format(path=__file__, where="REQUESTS_CA_BUNDLE in the environment")),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",
)
def test_wrong_variable_is_named(
    microsoft: Microsoft,
    surroundings: Callable[..., None],
    tmp_path: Path,
    request_of: Callable[..., str],
    variables: dict[str, str],
    sentence: str,
) -> None:
    surroundings(variables)
    said = request_of(microsoft, tmp_path, None)
    assert said.endswith(sentence)
    assert not [words for words in (*BLAMED, "canary") if words in said]


@pytest.mark.parametrize("request_of", [sign_in, ask_graph])
def test_wrong_option_is_named_whatever_the_environment_says(
    microsoft: Microsoft, surroundings: Callable[..., None], tmp_path: Path, request_of: Callable[..., str]
) -> None:
    surroundings({"REQUESTS_CA_BUNDLE": microsoft.ca_path})
    assert request_of(microsoft, tmp_path, __file__).endswith(BUNDLE.format(path=__file__, where="'ca_path'"))


@pytest.mark.parametrize("request_of", REQUESTS)
def test_file_that_requests_does_not_read_is_named(
    microsoft: Microsoft, surroundings: Callable[..., None], tmp_path: Path, request_of: Callable[..., str]
) -> None:
    surroundings({"SSL_CERT_FILE": microsoft.ca_path})
    assert "; SSL_CERT_FILE in the environment does not count here, name its file in 'ca_path'." in request_of(microsoft, tmp_path, None)


@pytest.mark.parametrize("request_of", REQUESTS)
def test_network_that_counts_for_no_name_is_named(
    microsoft: Microsoft, surroundings: Callable[..., None], tmp_path: Path, request_of: Callable[..., str]
) -> None:
    surroundings({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "localhost, 10.0.0.0/8"})
    words = "; the network 10.0.0.0/8 in NO_PROXY counts for numeric addresses alone, name the host there as well."
    assert words in request_of(microsoft, tmp_path, microsoft.ca_path)
