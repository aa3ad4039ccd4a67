# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables are judged on the controller, each with a sentence that says what to write instead."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import input_errors
from host_facts import TENANT

#: Names that Active Directory takes for a domain.
DOMAINS_OF_ACTIVE_DIRECTORY = ("corp_ad.contoso.lab", "1st.2nd", "m\u00fcller.example", "xn--mller-kva.example", "a--b.local")
GOOD: dict[str, t.Any] = {
    "accept_eula": True,
    "ca_path": "",
    "cloud": "AzureCloud",
    "domains": [{"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "x"}],
    "sign_in": {"method": "password", "username": "admin@contoso.lab", "password": "x"},
    "source": "host",
    "src": "",
    "tenant_id": TENANT,
    "version": "",
}
BAD = {
    "accept_eula": (False, "provisioning_agent_accept_eula: true"),
    "ca_path": ("/nowhere/ca.pem", "cannot be read"),
    "cloud": ("AzureMoon", "AzureUSGovernment"),
    "domains": ([], "name at least one"),
    "sign_in": ({"method": "password", "username": "admin@contoso.lab"}, "no password"),
    "tenant_id": ("contoso.lab", "8-4-4-4-12"),
    "version": ("newest", "such as 1.1"),
}


def test_good_variables_pass() -> None:
    assert input_errors(GOOD, "main") == []


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_variable_is_refused_with_what_to_write(name: str) -> None:
    value, words = BAD[name]
    (sentence,) = input_errors({**GOOD, name: value}, "main")
    assert words in sentence


@pytest.mark.parametrize(
    "changes",
    [
        *({"domains": [{"name": name, "username": "a", "password": "x"}]} for name in DOMAINS_OF_ACTIVE_DIRECTORY),
        {"endpoints": ["sync_1.contoso.lab", "gateway_.contoso.lab:8443"]},
        {"gmsa": {"name": "CONTOSO\\gMSA_sync-1.x$"}},
        {"settings": {"proxy": {"url": "http://proxy.contoso.lab"}}},
        {"sha256": "AB " * 32},
        {"root_thumbprints": ["3b:1e:fd:3a:66:ea:28:b1:66:97:39:47:03:a7:2c:a3:40:a0:5b:d5"]},
        {"package_path": "D:/packages/setup.exe"},
        {"version": "1.1"},
    ],
)
def test_right_value_is_not_refused(changes: dict[str, t.Any]) -> None:
    assert input_errors({**GOOD, **changes}, "main") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domains": [{"name": "CONTOSO", "username": "a", "password": "x"}]}, "write it in full"),
        ({"gmsa": {"name": "svcSync"}}, "must end in '$'"),
        ({"gmsa": {"username": "CONTOSO\\admin"}}, "give both"),
        ({"gmsa": {"name": "svcSync$", "username": "a", "password": "x"}}, "who makes one"),
        ({"sha256": "zz"}, "64 hexadecimal digits"),
        ({"root_thumbprints": ["12"]}, "40 hexadecimal digits"),
        ({"url": "http://mirror.example.com/setup.exe"}, "starts with https://"),
        ({"install_timeout": 0}, "'provisioning_agent_install_timeout' is 0"),
        ({"probe_timeout": 0}, "greater than 0"),
        ({"retries": -1}, "0 for none"),
        ({"events_since": -1}, "0 or more"),
        ({"endpoints": ["https://login.lab"]}, "write HOST or HOST:PORT"),
        ({"source": "share", "src": "packages"}, "give the full path on the host"),
        ({"proxy_url": "proxy:8080"}, "http"),
        ({"proxy_username": "user"}, "give both"),
        ({"settings": {"user_password_length": 1}}, "from 127 to 256"),
        ({"settings": {"proxy": {}}}, "url"),
        ({"settings": {"nonsense": 1}}, "nonsense"),
        ({"wait": -1}, "0 or more"),
        ({"cloud": "AzureUSGovernment"}, "No registration scope"),
        ({"sign_in": {"method": "access_token", "graph_access_token": "x"}}, "needed to register"),
        ({"sign_in": {"method": "client_secret", "client_id": "x", "client_secret": "x"}}, "an application cannot register"),
        ({"sign_in": {"method": "client_secret", "client_secret": "x"}}, "no client_id"),
        ({"sign_in": {"method": "refresh_token"}}, "no refresh_token"),
        ({"sign_in": {"method": "certificate", "client_id": "x", "certificate_path": "/no.pem"}}, "'/no.pem', which cannot be used"),
    ],
)
def test_what_a_later_phase_would_refuse_is_refused_first(changes: dict[str, t.Any], words: str) -> None:
    (sentence,) = input_errors({**GOOD, **changes}, "main")
    assert words in sentence


def test_cloud_without_download_host_needs_another_source() -> None:
    sentences = input_errors({**GOOD, "cloud": "AzureChinaCloud"}, "main")
    assert any("No download URL" in sentence for sentence in sentences)


def test_every_bad_variable_is_named_at_once() -> None:
    assert len(input_errors({**GOOD, **{name: value for name, (value, _) in BAD.items()}}, "main")) == len(BAD)


def test_package_file_must_be_readable(tmp_path: Path) -> None:
    package = tmp_path / "package.exe"
    assert "cannot be read" in input_errors({**GOOD, "source": "file", "src": str(package)}, "main")[0]
    assert "cannot be read" in input_errors({**GOOD, "source": "file"}, "main")[0]
    package.touch()
    assert input_errors({**GOOD, "source": "file", "src": str(package)}, "main") == []


def test_verification_needs_neither_licence_nor_domains() -> None:
    variables = {"cloud": "AzureCloud", "accept_eula": False, "domains": [], "source": "host"}
    assert input_errors(variables, "verify") == []


@pytest.mark.parametrize("domains", [5, ["contoso.lab"], [{"username": "x"}], [{"name": ""}]])
def test_domains_that_ansible_lets_through_are_refused(domains: t.Any) -> None:
    (sentence,) = input_errors({"cloud": "AzureCloud", "domains": domains}, "verify")
    assert "'provisioning_agent_domains' is no list of dictionaries with a name" in sentence
    assert any("domains" in sentence for sentence in input_errors({**GOOD, "domains": domains}, "main"))


@pytest.mark.parametrize("method", ["device_code", "azure_cli"])
def test_methods_that_need_nothing_pass(method: str) -> None:
    assert input_errors({**GOOD, "sign_in": {"method": method}}, "main") == []


def test_application_may_look() -> None:
    sign_in = {"method": "client_secret", "client_id": "x", "client_secret": "x"}
    assert input_errors({**GOOD, "sign_in": sign_in}, "verify") == []


def test_a_sentence_never_holds_a_secret() -> None:
    sign_in = {"method": "password", "username": "", "password": "canary"}
    assert "canary" not in " ".join(input_errors({**GOOD, "sign_in": sign_in}, "main"))
