# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in: once a run for both audiences, and each refusal with its remedy."""

from __future__ import annotations

import dataclasses
import time
import types
import typing as t
from xml.etree import ElementTree

import pytest
import requests
from access_tokens import token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import resolve_cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import (
    AgentError,
    ConfigurationError,
    SignInError,
    TokenError,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in import msal_client
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Audience, SignIn
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import read_sign_in
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.refusals import advice, refused
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token
from cloudlab.microsoft import tokens
from cloudlab.microsoft.sign_in_errors import TEXTS
from host_facts import TENANT
from microsoft_side import APPLICATION, PASSWORD, PUBLIC_CLIENT, Microsoft

SECRETS = ("password", "access_token", "graph_access_token", "refresh_token", "client_secret", "certificate_password")


def ask(
    microsoft: Microsoft,
    sign_in: SignIn,
    audience: Audience = "registration",
    store: RunStore | None = None,
    tenant_id: str = TENANT,
    rejected: str | None = None,
) -> Token:
    return acquire(microsoft.access(sign_in, store, tenant_id=tenant_id), audience, rejected)


def test_one_password_serves_both_audiences_and_all_hosts(microsoft: Microsoft) -> None:
    store = RunStore()
    tokens = [ask(microsoft, microsoft.sign_in(), audience, store) for audience in ("registration", "graph", "registration")]
    assert tokens[0].value == tokens[2].value != tokens[1].value
    assert (tokens[0].upn, tokens[0].tenant_id) == ("admin@lab.example", TENANT)
    assert microsoft.asked == ["password", "refresh_token"]


@pytest.mark.parametrize(
    ("user", "password", "code", "remedy"),
    [
        ("admin", "wrong", "AADSTS50126", "correct 'username' or 'password'"),
        ("nobody", PASSWORD, "AADSTS50034", "check 'username'"),
        ("mfa", PASSWORD, "AADSTS50076", "must use MFA"),
        ("guest", PASSWORD, "AADSTS50020", "use a work account of the tenant"),
        ("locked", PASSWORD, "AADSTS50053", "wait, or unlock it"),
        ("disabled", PASSWORD, "AADSTS50057", "enable it"),
        ("expired", PASSWORD, "AADSTS50055", "set a new one"),
        ("enroll", PASSWORD, "AADSTS50079", "register it in a browser"),
        ("blocked", PASSWORD, "AADSTS53003", "use another 'method'"),
        ("unmanaged", PASSWORD, "AADSTS530003", "exempt the account"),
    ],
)
def test_refusal_names_its_remedy(microsoft: Microsoft, user: str, password: str, code: str, remedy: str) -> None:
    with pytest.raises(SignInError, match=remedy) as refusal:
        ask(microsoft, microsoft.sign_in(user, password))
    assert refusal.value.code == code
    assert PASSWORD not in str(refusal.value)


def test_client_that_graph_refuses_may_register(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = {"error": "invalid_grant", "error_codes": [65001], "error_description": "AADSTS65001: no consent"}
    name = "acquire_token_silent_with_error"
    monkeypatch.setattr(msal_client.msal.PublicClientApplication, name, lambda *_, **__: refusal)
    store = RunStore()
    assert ask(microsoft, microsoft.sign_in(), "registration", store).upn == "admin@lab.example"
    with pytest.raises(SignInError, match="no consent for the scope"):
        ask(microsoft, microsoft.sign_in(), "graph", store)


def refuse_next(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Let the next sign-in with a password, or the next use of its outcome, be refused; what comes after is Microsoft's side's."""
    client = msal_client.msal.PublicClientApplication
    names = ("acquire_token_by_username_password", "acquire_token_silent_with_error")
    whole = {name: getattr(client, name) for name in names}

    def refuse(*_: t.Any, **__: t.Any) -> t.Any:
        for name in names:
            monkeypatch.setattr(client, name, whole[name])
        return {"error": "invalid_grant", "error_codes": [code], "error_description": f"AADSTS{code}: refused"}

    for name in names:
        monkeypatch.setattr(client, name, refuse)


@pytest.mark.parametrize("code", [50072, 50074, 50076, 50105, 53000, 53003, 65001, 65002, 70011, 500011, 99999])
def test_refusal_for_one_audience_leaves_the_other_a_token(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    store = RunStore()
    refuse_next(microsoft, monkeypatch, code)
    with pytest.raises(SignInError, match=f"AADSTS{code}"):
        ask(microsoft, microsoft.sign_in(), "graph", store)
    assert ask(microsoft, microsoft.sign_in(), "registration", store).upn == "admin@lab.example"
    with pytest.raises(SignInError, match=f"AADSTS{code}"):
        ask(microsoft, microsoft.sign_in(), "graph", store)


def test_sign_in_that_brought_a_token_is_not_refused_as_a_whole(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore()
    first = ask(microsoft, microsoft.sign_in(), "registration", store)
    refuse_next(microsoft, monkeypatch, 50053)
    with pytest.raises(SignInError, match="AADSTS50053"):
        ask(microsoft, microsoft.sign_in(), "graph", store)
    assert ask(microsoft, microsoft.sign_in(), "registration", store).value == first.value


def test_token_that_one_service_rejects_for_good_leaves_the_other_a_token(microsoft: Microsoft) -> None:
    store = RunStore()
    rejected = ask(microsoft, microsoft.sign_in(), "graph", store).value
    rejected = ask(microsoft, microsoft.sign_in(), "graph", store, rejected=rejected).value
    with pytest.raises(SignInError, match="a new sign-in does not help"):
        ask(microsoft, microsoft.sign_in(), "graph", store, rejected=rejected)
    assert ask(microsoft, microsoft.sign_in(), "registration", store).upn == "admin@lab.example"


def test_wrong_password_is_tried_once_a_run(microsoft: Microsoft) -> None:
    store = RunStore()
    for audience in ("registration", "graph", "registration"):
        with pytest.raises(SignInError, match="AADSTS50126"):
            ask(microsoft, microsoft.sign_in(password="wrong"), audience, store)
    assert microsoft.asked == ["password"]
    assert ask(microsoft, microsoft.sign_in(), store=store).upn


def test_wrong_password_is_not_tried_again_later_in_a_long_run(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = RunStore(), time.time()
    for hours in range(10):
        monkeypatch.setattr(time, "time", lambda hours=hours: now + hours * 3600)
        with pytest.raises(SignInError, match="AADSTS50126"):
            ask(microsoft, microsoft.sign_in(password="wrong"), store=store)
    assert microsoft.asked == ["password"]


def fail_sign_in(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, outcome: t.Any) -> list[str]:
    """Let each sign-in with a password end with an answer or an exception; return the list that the tries are noted in."""
    tries: list[str] = []

    def answer(*_: t.Any, **__: t.Any) -> t.Any:
        tries.append("password")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(msal_client.msal.PublicClientApplication, "acquire_token_by_username_password", answer)
    return tries


def ask_hourly(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, hours: int = 5) -> SignInError:
    """Ask for both audiences once an hour; return the last refusal."""
    store, now = RunStore(), time.time()
    for hour in range(hours):
        monkeypatch.setattr(time, "time", lambda hour=hour: now + hour * 3600)
        for audience in ("registration", "graph"):
            with pytest.raises(SignInError) as refusal:
                ask(microsoft, microsoft.sign_in(password="canary"), audience, store)
    return refusal.value


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("WsTrust server returned error in RSTR: {'reason': 'ID3242 canary', 'code': 'FailedAuthentication'}"),
        ElementTree.ParseError("no element found: line 1, column 0 canary"),
    ],
)
def test_federation_service_is_given_a_wrong_password_once_a_run(
    microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries = fail_sign_in(microsoft, monkeypatch, error)
    refusal = ask_hourly(microsoft, monkeypatch)
    assert "federated account admin@lab.example" in str(refusal) and "or use 'device_code'" in str(refusal)
    assert "canary" not in str(refusal)
    assert len(tries) == 1


@pytest.mark.parametrize("answer", [{"error_codes": [50074]}, {"error_codes": [50144]}, {"error_codes": [99999]}, {}])
def test_every_refusal_lasts_for_the_run(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, answer: dict[str, t.Any]) -> None:
    tries = fail_sign_in(microsoft, monkeypatch, {"error": "invalid_grant", **answer})
    assert "invalid_grant" in str(ask_hourly(microsoft, monkeypatch))
    assert len(tries) <= len(("registration", "graph"))


@pytest.mark.parametrize(
    "outcome",
    [
        requests.exceptions.ConnectionError("no route"),
        requests.exceptions.HTTPError("503 Server Error"),
        ValueError("no JSON"),
        {"error": "temporarily_unavailable", "error_codes": [90033], "error_description": "AADSTS90033: out of order"},
    ],
)
def test_trouble_that_passes_is_forgotten(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, outcome: t.Any) -> None:
    tries = fail_sign_in(microsoft, monkeypatch, outcome)
    assert ask_hourly(microsoft, monkeypatch, hours=2).code is None
    assert len(tries) == 2 * len(("registration", "graph"))


@pytest.mark.parametrize("code", [50056, 50064, 50072, 50074, 50105, 50144, 53004])
def test_refusal_that_the_lab_does_not_make_has_a_remedy(code: int) -> None:
    assert "look the number up" not in str(refused("https://login.lab", [code], ""))


@pytest.mark.parametrize(
    ("client_id", "remedy"),
    [
        ("11111111-2222-3333-4444-555555555555", "AADSTS700016.*check 'client_id'"),
        (PUBLIC_CLIENT, "AADSTS65001.*no consent"),
        (APPLICATION["client_id"], "AADSTS7000218.*'client_id' of a public client"),
    ],
)
def test_client_of_the_wrong_kind_is_refused(microsoft: Microsoft, client_id: str, remedy: str) -> None:
    with pytest.raises(SignInError, match=remedy):
        ask(microsoft, microsoft.sign_in(client_id=client_id))


def test_user_without_the_role_is_refused_before_a_host_gets_the_token(microsoft: Microsoft) -> None:
    with pytest.raises(TokenError, match="activate the role"):
        ask(microsoft, microsoft.sign_in("plain"))


def test_authority_with_an_unknown_certificate_is_not_trusted(microsoft: Microsoft) -> None:
    with pytest.raises(SignInError, match=r"could not be tried.*'ca_path'"):
        acquire(microsoft.access(ca_path=None), "graph")


@pytest.mark.parametrize("proxy", ["http://user:cana#ry@proxy:8080", "http://user:cana/ry@proxy:8080", "user:cana?ry@proxy:8080"])
@pytest.mark.parametrize("public", [False, True])
def test_proxy_that_cannot_be_read_is_named_without_its_password(
    microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch, proxy: str, public: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    elsewhere = dataclasses.replace(microsoft, cloud=dataclasses.replace(microsoft.cloud, public=public))
    with pytest.raises(SignInError, match=r"an address cannot be read, that of the proxy.*as %23") as refusal:
        ask(elsewhere, microsoft.sign_in())
    assert "cana" not in str(refusal.value)


def test_text_of_an_exception_is_quoted_without_secrets(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_sign_in(microsoft, monkeypatch, OSError("no route by http://user:canary@proxy:8080, password=canary"))
    with pytest.raises(SignInError, match="could not be tried: no route by") as refusal:
        ask(microsoft, microsoft.sign_in())
    assert "canary" not in str(refusal.value)


def test_missing_ca_file_is_named(microsoft: Microsoft) -> None:
    with pytest.raises(SignInError, match=r"nowhere\.pem.*'ca_path'"):
        ask(dataclasses.replace(microsoft, ca_path="nowhere.pem"), microsoft.sign_in())


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_each_number_of_the_lab_has_a_remedy(code: int) -> None:
    text = f"AADSTS{code}: {TEXTS[code][1]}"
    refusal = refused("https://login.lab", [code], f"{text}\r\nTrace")
    assert refusal.code == f"AADSTS{code}"
    assert f"({refusal.code}): {advice(refusal.code)}. Microsoft says: {text}" in str(refusal)
    assert "Trace" not in str(refusal)


def test_unknown_number_points_to_the_log() -> None:
    refusal = refused("https://login.lab", [99999], "invalid_grant")
    assert refusal.code == "AADSTS99999" and "sign-in log" in str(refusal)


def test_the_number_with_a_remedy_is_reported_first() -> None:
    assert refused("https://login.lab", [99999, 50076], "").code == "AADSTS50076"


def test_quoted_text_holds_no_secret() -> None:
    text = "POST failed: client_secret=canary-9&password=canary-9, Authorization: Bearer canary-canary-canary-9"
    assert "canary" not in str(refused("a proxy", [], text))


@pytest.mark.parametrize(("audience", "option"), [("registration", "access_token"), ("graph", "graph_access_token")])
def test_missing_token_names_its_option(microsoft: Microsoft, audience: Audience, option: str) -> None:
    options = {"access_token": "x", "graph_access_token": "x", option: None}
    with pytest.raises(ConfigurationError, match=f"no '{option}'"):
        ask(microsoft, read_sign_in({"method": "access_token", "client_id": "x", **options}), audience)


def test_no_token_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="give 'access_token' or 'graph_access_token'"):
        read_sign_in({"method": "access_token", "client_id": "x"})


def test_given_token_is_checked_and_used_without_a_sign_in(microsoft: Microsoft) -> None:
    given = token(exp=4_000_000_000)
    sign_in = read_sign_in({"method": "access_token", "client_id": "x", "access_token": f" {given}\n"})
    assert ask(microsoft, sign_in).value == given
    assert microsoft.asked == []
    with pytest.raises(TokenError, match="issued by tenant"):
        ask(microsoft, sign_in, tenant_id="00000000-0000-0000-0000-000000000001")


@pytest.mark.parametrize("name", ["AzureUSGovernment", "AzureUSGovernmentDoD", "AzureChinaCloud"])
def test_cloud_without_registration_scope_says_so(microsoft: Microsoft, name: str) -> None:
    elsewhere = dataclasses.replace(microsoft, cloud=resolve_cloud(name))
    with pytest.raises(ConfigurationError, match=f"{name}: describe the cloud as a dictionary with 'registration_scope'"):
        ask(elsewhere, microsoft.sign_in())


def test_missing_library_is_named(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msal_client, "msal", None)
    with pytest.raises(AgentError, match=r"'msal' and 'requests' are missing.*pip"):
        ask(microsoft, microsoft.sign_in())


def test_each_token_is_renewed_when_it_is_near_its_end(microsoft: Microsoft, monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = RunStore(), time.time()
    first = ask(microsoft, microsoft.sign_in(), "registration", store)
    monkeypatch.setattr(time, "time", lambda: now + 1800)
    second = ask(microsoft, microsoft.sign_in(), "graph", store)
    monkeypatch.setattr(time, "time", lambda: now + 3600 - 299)
    assert ask(microsoft, microsoft.sign_in(), "registration", store).value != first.value
    assert ask(microsoft, microsoft.sign_in(), "graph", store).value == second.value
    assert microsoft.asked == ["password", "refresh_token", "refresh_token"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[float], None]:
    """Return what moves the controller's clock; Microsoft's side, which is in this process, keeps the right time."""
    real = time.time

    def move(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    monkeypatch.setattr(tokens, "time", types.SimpleNamespace(time=real))
    return move


@pytest.mark.parametrize("ahead", [0, 90, 600, 1800])
def test_clock_that_is_fast_costs_no_host_its_token(
    microsoft: Microsoft, clock: t.Callable[[float], None], monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    store, real = RunStore(), time.time
    clock(ahead)
    first = ask(microsoft, microsoft.sign_in(), store=store)
    # Microsoft's side goes along with the time that passes. Just after the run counts the token as over, msal does not yet.
    passed = first.expires_at - 300 - real() - ahead + 1
    monkeypatch.setattr(tokens, "time", types.SimpleNamespace(time=lambda: real() + passed))
    clock(ahead + passed)
    assert ask(microsoft, microsoft.sign_in(), store=store).value != first.value
    assert microsoft.asked == ["password", "refresh_token"]


@pytest.mark.parametrize("seconds", [2 * 3600, -3600])
def test_clock_that_is_wrong_is_named(microsoft: Microsoft, clock: t.Callable[[float], None], seconds: int) -> None:
    clock(seconds)
    application = read_sign_in(
        {"method": "client_secret", "client_id": APPLICATION["client_id"], "client_secret": APPLICATION["secret"]}
    )
    for sign_in in (microsoft.sign_in(), application):
        with pytest.raises(SignInError, match=r"The controller's clock says .*: set the clock"):
            ask(microsoft, sign_in, "graph")


def test_password_signs_in_anew_when_the_sign_in_has_ended(microsoft: Microsoft) -> None:
    store = RunStore()
    ask(microsoft, microsoft.sign_in(), "registration", store)
    microsoft.server.cloud.tokens.end_refresh_tokens(70043)
    assert ask(microsoft, microsoft.sign_in(), "graph", store).upn
    assert microsoft.asked == ["password", "refresh_token", "password"]


def test_rejected_token_is_replaced_once_for_all_hosts(microsoft: Microsoft) -> None:
    store = RunStore()
    first = ask(microsoft, microsoft.sign_in(), "graph", store)
    tokens = {ask(microsoft, microsoft.sign_in(), "graph", store, rejected=first.value).value for _ in range(3)}
    assert len(tokens) == 1 and first.value not in tokens
    assert microsoft.asked == ["password", "refresh_token"]
    for _ in range(2):
        with pytest.raises(SignInError, match="rejected the token, and a new sign-in does not help"):
            ask(microsoft, microsoft.sign_in(), "graph", store, rejected=tokens.copy().pop())
    assert microsoft.asked == ["password", "refresh_token"]


def test_rejected_token_that_was_given_is_named(microsoft: Microsoft) -> None:
    given = token(exp=4_000_000_000)
    sign_in = read_sign_in({"method": "access_token", "access_token": given})
    with pytest.raises(SignInError, match="rejected the token in 'access_token': give a new one") as refusal:
        ask(microsoft, sign_in, rejected=given)
    assert given not in str(refusal.value)


def test_secrets_are_hidden(microsoft: Microsoft) -> None:
    shown = repr(microsoft.sign_in(**dict.fromkeys(SECRETS, "hidden")))
    assert "hidden" not in shown
