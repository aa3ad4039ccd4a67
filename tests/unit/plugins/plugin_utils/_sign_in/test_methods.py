# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each method of sign_in needs, gives and refuses; test_sign_in.py has what they share."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from access_tokens import token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError, SignInError, TokenError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.specs import SPECS
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Audience, SignIn
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.methods import METHODS
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.methods import azure_cli as azure_cli_method
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import read_sign_in
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token
from cloudlab.microsoft.tokens import SignIn as SignInOf
from cloudlab.pki import new_ca
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from host_facts import TENANT
from microsoft_side import APPLICATION, AZURE_CLI, EXPIRED_SECRET, Microsoft


def ask(
    microsoft: Microsoft, sign_in: SignIn, audience: Audience = "graph", store: RunStore | None = None, rejected: str | None = None
) -> Token:
    return acquire(microsoft.access(sign_in, store), audience, rejected)


def application(**options: t.Any) -> SignIn:
    method = "certificate" if "certificate_path" in options else "client_secret"
    return read_sign_in({"method": method, "client_id": APPLICATION["client_id"], **options})


def program(folder: Path, text: str) -> Path:
    """Write a program named az."""
    file = folder / "az"
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.fixture
def azure_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], SignIn]:
    """Return what puts a program named az in front of all others; tests/integration has one that signs in."""

    def put(text: str) -> SignIn:
        program(tmp_path, text)
        return read_sign_in({"method": "azure_cli"})

    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return put


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"method": "password", "username": "a"}, "the method password and no password: give it"),
        ({"method": "password"}, "no username and no password"),
        ({"method": "refresh_token"}, "no refresh_token"),
        ({"method": "client_secret", "client_secret": "x"}, "no client_id"),
        ({"method": "client_secret", "client_secret": "x", "client_id": AZURE_CLI}, "no client_id"),
        ({"method": "certificate", "client_id": "x"}, "no certificate_path"),
        ({"method": "access_token"}, "give 'access_token' or 'graph_access_token'"),
        ({"method": "magic"}, "is not known: write one of access_token, azure_cli,"),
    ],
)
def test_what_a_method_needs_is_asked_for(options: dict[str, t.Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read_sign_in(options)


def test_documented_methods_are_those_that_work() -> None:
    choices = SPECS["agent_verify"]["sign_in"]["options"]["method"]["choices"]
    assert sorted(choices) == sorted(METHODS)


def test_suboption_of_several_methods_is_specified_alike() -> None:
    merged = SPECS["agent_verify"]["sign_in"]["options"]
    for method in METHODS.values():
        assert {name: merged[name] for name in method.options} == method.options, method.name
        assert set(method.required) <= {"client_id", *method.options}, method.name


@pytest.mark.parametrize("kind", ["client_secret", "certificate"])
def test_application_gets_a_token_for_graph_and_one_is_enough(microsoft: Microsoft, kind: str) -> None:
    given = {"client_secret": APPLICATION["secret"]} if kind == "client_secret" else {"certificate_path": str(microsoft.certificate)}
    store = RunStore()
    tokens = [ask(microsoft, application(**given), store=store) for _ in range(2)]
    assert tokens[0] == tokens[1]
    assert (tokens[0].application, tokens[0].tenant_id, tokens[0].upn) == (True, TENANT, "")
    assert microsoft.asked == ["client_credentials"]


def test_application_cannot_register(microsoft: Microsoft) -> None:
    with pytest.raises(ConfigurationError, match="an application cannot register an agent, Microsoft accepts only a user's delegated"):
        ask(microsoft, application(client_secret=APPLICATION["secret"]), "registration")
    assert microsoft.asked == []


@pytest.mark.parametrize(
    ("secret", "refusal"), [("wrong-canary", "AADSTS7000215.*not its id"), (EXPIRED_SECRET, "AADSTS7000222.*make a new one")]
)
def test_secret_that_does_not_do_is_tried_once(microsoft: Microsoft, secret: str, refusal: str) -> None:
    store = RunStore()
    for _ in range(2):
        with pytest.raises(SignInError, match=refusal) as error:
            ask(microsoft, application(client_secret=secret), store=store)
        assert secret not in str(error.value)
    assert microsoft.asked == ["client_credentials"]


def test_another_certificate_is_refused(microsoft: Microsoft, tmp_path: Path) -> None:
    other = new_ca("other")
    file = private(tmp_path / "other.pem", other.certificate_pem + other.key_pem)
    with pytest.raises(SignInError, match=r"AADSTS700027.*'certificate_path'"):
        ask(microsoft, application(certificate_path=str(file)))


def private(file: Path, content: bytes) -> Path:
    file.touch(mode=0o600)
    file.write_bytes(content)
    return file


def test_encrypted_key_is_opened_with_its_password(microsoft: Microsoft, tmp_path: Path) -> None:
    issued = new_ca("encrypted")
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"opener"))
    file = str(private(tmp_path / "encrypted.pem", issued.certificate_pem + key))
    # The key opens; that Microsoft does not know it comes after.
    with pytest.raises(SignInError, match="AADSTS700027"):
        ask(microsoft, application(certificate_path=file, certificate_password="opener"))
    for password in ("canary", ""):
        with pytest.raises(ConfigurationError, match="'certificate_password' if the key is encrypted") as error:
            application(certificate_path=file, certificate_password=password)
        assert "canary" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no PEM", new_ca("x").certificate_pem, new_ca("x").key_pem, b"\xff\xfe"])
def test_file_that_is_not_both_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="holds the application's certificate and its private key"):
        application(certificate_path=str(private(tmp_path / "half.pem", content)))


def test_missing_certificate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'/nowhere/a\.pem', which cannot be used: .*No such file"):
        application(certificate_path="/nowhere/a.pem")


def test_key_that_everybody_can_read_is_refused(microsoft: Microsoft, tmp_path: Path) -> None:
    file = private(tmp_path / "open.pem", microsoft.certificate.read_bytes())
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        application(certificate_path=str(file))


def given_refresh_token(microsoft: Microsoft) -> str:
    cloud = microsoft.server.cloud
    user = next(candidate for candidate in cloud.config.users if candidate.upn == "mfa@lab.example")
    return cloud.tokens.refresh_token(SignInOf(user, AZURE_CLI, mfa=True))


def test_refresh_token_serves_both_audiences_and_its_successor_is_used(microsoft: Microsoft) -> None:
    given, store = given_refresh_token(microsoft), RunStore()
    sign_in = read_sign_in({"method": "refresh_token", "refresh_token": given})
    assert ask(microsoft, sign_in, "registration", store).upn == "mfa@lab.example"
    microsoft.server.cloud.tokens.end_refresh_token(given, 50173)
    assert ask(microsoft, sign_in, "graph", store).upn == "mfa@lab.example"
    assert microsoft.asked == ["refresh_token", "refresh_token"]


@pytest.mark.parametrize("code", [50173, 70043, 700082])
def test_refresh_token_that_has_ended_is_refused_once(microsoft: Microsoft, code: int) -> None:
    given, store = given_refresh_token(microsoft), RunStore()
    microsoft.server.cloud.tokens.end_refresh_token(given, code)
    sign_in = read_sign_in({"method": "refresh_token", "refresh_token": given})
    for _ in range(2):
        with pytest.raises(SignInError, match=f"AADSTS{code}.*refresh_token: give a new one") as refusal:
            ask(microsoft, sign_in, store=store)
        assert given not in str(refusal.value)
    assert microsoft.asked == ["refresh_token"]


def test_azure_cli_is_asked_for_the_tenant_and_the_scope(
    microsoft: Microsoft, azure_cli: t.Callable[[str], SignIn], tmp_path: Path
) -> None:
    given = token(exp=4_000_000_000)
    log = tmp_path / "arguments"
    sign_in = azure_cli(f'echo "$@ $REQUESTS_CA_BUNDLE" >> {log}; echo \'{{"accessToken": "{given}"}}\'')
    store = RunStore()
    assert [ask(microsoft, sign_in, "registration", store).value for _ in range(2)] == [given, given]
    scope = microsoft.cloud.registration_scope
    wanted = f"account get-access-token --tenant {TENANT} --scope {scope} --output json {microsoft.ca_path}\n"
    assert log.read_text(encoding="utf-8") == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", f"is not signed in: run 'az login --tenant {TENANT}'"),
        ("echo 'ERROR: AADSTS50076: Due to a change' >&2; exit 1", r"\(AADSTS50076\): the account must use MFA.*Due to a change"),
        ("echo ERROR: password=canary >&2; exit 1", r"refused \(no number\)"),
        ("echo canary", "no token and no error"),
        ("echo '[]'", "no token and no error"),
        ("exit 1", r"refused \(no number\)"),
    ],
)
def test_azure_cli_that_gives_no_token_is_reported(
    microsoft: Microsoft, azure_cli: t.Callable[[str], SignIn], text: str, problem: str
) -> None:
    with pytest.raises(SignInError, match=problem) as refusal:
        ask(microsoft, azure_cli(text))
    assert "canary" not in str(refusal.value)


def test_azure_cli_of_another_tenant_is_refused(microsoft: Microsoft, azure_cli: t.Callable[[str], SignIn]) -> None:
    elsewhere = token(exp=4_000_000_000, tid="00000000-0000-0000-0000-000000000001")
    with pytest.raises(TokenError, match="issued by tenant 00000000-0000-0000-0000-000000000001"):
        ask(microsoft, azure_cli(f'echo \'{{"accessToken": "{elsewhere}"}}\''), "registration")


def test_azure_cli_that_repeats_a_rejected_token_is_reported(microsoft: Microsoft, azure_cli: t.Callable[[str], SignIn]) -> None:
    given = token(exp=4_000_000_000)
    sign_in = azure_cli(f'echo \'{{"accessToken": "{given}"}}\'')
    with pytest.raises(SignInError, match="a new sign-in does not help"):
        ask(microsoft, sign_in, "registration", rejected=given)


def test_missing_azure_cli_is_reported(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignInError, match=r"cannot be run on the controller: .*Install it and run 'az login'"):
        ask(microsoft, read_sign_in({"method": "azure_cli"}))


def test_azure_cli_that_hangs_is_ended(
    microsoft: Microsoft, azure_cli: t.Callable[[str], SignIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_cli_method, "_SECONDS", 0.1)
    with pytest.raises(SignInError, match=r"did not answer within 0\.1 s: run 'az account get-access-token' by hand"):
        ask(microsoft, azure_cli("exec sleep 600"))
