# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-in: what msal gets from the lab, and the errors that it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
from cloudlab.limits import limit
from cloudlab.microsoft.config import ROLES
from cloudlab.microsoft.openid import GRAPH_POWERSHELL
from cloudlab.pki import new_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from microsoft_client import APPLICATION, DOMAIN, PUBLIC_CLIENT, REGISTRATION_SCOPE, TENANT, Client


def _by_password(client: Client, name: str, password: str = "password", **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.msal(**options).acquire_token_by_username_password(f"{name}@{DOMAIN}", password, [REGISTRATION_SCOPE])
    return answer


def _as_application(client: Client, credential: Any, scope: str | None = None) -> dict[str, Any]:
    options = {"authority": f"{client.url}/{TENANT}", "instance_discovery": False, "http_client": client.session}
    application = msal.ConfidentialClientApplication(APPLICATION["client_id"], client_credential=credential, **options)
    answer: dict[str, Any] = application.acquire_token_for_client([scope or f"{client.url}/graph/.default"])
    return answer


def _claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_one_sign_in_gives_tokens_for_registration_and_graph(shared: Client) -> None:
    app = shared.msal()
    first = app.acquire_token_by_username_password(f"admin@{DOMAIN}", "password", [REGISTRATION_SCOPE])
    claims = _claims(first["access_token"])
    assert claims["aud"] == "https://proxy.cloudwebappproxy.net/registerapp"
    assert (claims["tid"], claims["upn"], claims["scp"]) == (TENANT, f"admin@{DOMAIN}", "user_impersonation")
    assert claims["wids"] == [ROLES["Hybrid Identity Administrator"]]
    account = app.get_accounts()[0]
    for scope in (f"{shared.url}/graph/.default", "Policy.Read.HybridAuthentication"):
        second = app.acquire_token_silent([scope], account=account)
        assert _claims(second["access_token"])["aud"] == f"{shared.url}/graph"
        assert "Policy.Read.HybridAuthentication" in _claims(second["access_token"])["scp"].split()


def test_msal_finds_a_token_in_its_cache(client: Client) -> None:
    app = client.msal()
    first = app.acquire_token_by_username_password(f"admin@{DOMAIN}", "password", [REGISTRATION_SCOPE])
    again = app.acquire_token_silent([REGISTRATION_SCOPE], account=app.get_accounts()[0])
    assert again["access_token"] == first["access_token"]
    assert client.control("GET", "state").json()["counts"]["tokens_issued"] == 1


def test_tokens_are_signed_with_the_published_key(shared: Client) -> None:
    key = jwt.PyJWKSet.from_dict(shared.get(f"/{TENANT}/discovery/v2.0/keys").json()).keys[0]
    claims = jwt.decode(shared.token(), key, algorithms=["RS256"], audience="https://proxy.cloudwebappproxy.net/registerapp")
    assert claims["ver"] == "1.0"


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("admin", "wrong", 50126),
        ("nobody", "password", 50034),
        ("mfa", "password", 50076),
        ("guest", "password", 50020),
        ("locked", "password", 50053),
        ("disabled", "password", 50057),
        ("enroll", "password", 50079),
        ("expired", "password", 50055),
    ],
)
def test_a_refused_password_has_the_real_code(shared: Client, name: str, password: str, code: int) -> None:
    answer = _by_password(shared, name, password)
    assert answer["error"] == "invalid_grant"
    assert answer["error_codes"] == [code]
    assert answer["error_description"].startswith(f"AADSTS{code}: ")


@pytest.mark.parametrize(("name", "code"), [("blocked", 53003), ("unmanaged", 530003)])
def test_conditional_access_wants_an_interaction(shared: Client, name: str, code: int) -> None:
    answer = _by_password(shared, name)
    assert (answer["error"], answer["error_codes"]) == ("interaction_required", [code])


def test_a_client_without_preauthorization_does_not_get_the_registration_scope(shared: Client) -> None:
    assert _by_password(shared, "admin", client_id=GRAPH_POWERSHELL)["error_codes"] == [65002]


def test_unknown_client_scope_resource_and_tenant_are_refused(shared: Client) -> None:
    assert _by_password(shared, "admin", client_id=TENANT)["error_codes"] == [700016]
    app = shared.msal()
    for scope, code in (("https://nowhere.example/.default", 500011), (f"{shared.url}/graph/Nothing.Read", 70011)):
        assert app.acquire_token_by_username_password(f"admin@{DOMAIN}", "password", [scope])["error_codes"] == [code]
    unknown = shared.get("/other.onmicrosoft.lab/v2.0/.well-known/openid-configuration")
    assert (unknown.status_code, unknown.json()["error_codes"]) == (400, [90002])


def test_a_device_code_signs_in_who_approves_it_with_mfa_too(client: Client) -> None:
    app = client.msal()
    flow = app.initiate_device_flow([REGISTRATION_SCOPE])
    approval = {"user_code": flow["user_code"], "upn": f"mfa@{DOMAIN}"}
    assert client.control("POST", "device-codes", approval).status_code == 204
    answer = app.acquire_token_by_device_flow(flow)
    assert _claims(answer["access_token"])["amr"] == ["pwd", "mfa"]
    assert app.acquire_token_silent([f"{client.url}/graph/.default"], account=app.get_accounts()[0])


def test_a_device_code_is_pending_until_it_is_declined(client: Client) -> None:
    app = client.msal()
    flow = app.initiate_device_flow([REGISTRATION_SCOPE])
    once = {"exit_condition": lambda _: True}
    assert app.acquire_token_by_device_flow(flow, **once)["error"] == "authorization_pending"
    client.control("POST", "device-codes", {"user_code": flow["user_code"], "declined": True})
    assert app.acquire_token_by_device_flow(flow, **once)["error_codes"] == [16000]


def test_device_codes_do_not_work_for_no_tenant_in_particular(shared: Client) -> None:
    data = {"client_id": "any", "scope": REGISTRATION_SCOPE}
    answer = shared.session.post(f"{shared.url}/common/oauth2/v2.0/devicecode", data=data, timeout=limit())
    assert answer.json()["error_codes"] == [90133]


@pytest.mark.parametrize("code", [None, 50173, 70043, 700082])
def test_an_ended_refresh_token_is_refused_with_the_reason(client: Client, code: int | None) -> None:
    app = client.msal()
    app.acquire_token_by_username_password(f"admin@{DOMAIN}", "password", [REGISTRATION_SCOPE])
    client.control("POST", "revoke-refresh-tokens", {"code": code} if code else None)
    answer = app.acquire_token_silent_with_error([f"{client.url}/graph/.default"], account=app.get_accounts()[0])
    assert answer["error_codes"] == [code or 50173]


def test_a_refresh_token_ends_for_no_other_reason(shared: Client) -> None:
    assert shared.control("POST", "revoke-refresh-tokens", {"code": 1}).status_code == 400


def test_blocked_device_codes_are_refused_once_a_person_has_signed_in(client: Client) -> None:
    app = client.msal()
    client.control("POST", "conditional-access", {"block_device_codes": True})
    flow = app.initiate_device_flow([REGISTRATION_SCOPE])
    client.control("POST", "device-codes", {"user_code": flow["user_code"], "upn": f"admin@{DOMAIN}"})
    assert app.acquire_token_by_device_flow(flow)["error_codes"] == [53003]


@pytest.mark.parametrize("kind", ["secret", "certificate", "certificate with its old thumbprint"])
def test_an_application_gets_a_token_of_its_own(shared: Client, application_certificate: Path, kind: str) -> None:
    pem = application_certificate.read_text()
    old = {"thumbprint": x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex()}  # as older clients send it
    certificate = {"private_key": pem, "public_certificate": pem, **(old if "old" in kind else {})}
    answer = _as_application(shared, APPLICATION["secret"] if kind == "secret" else certificate)
    claims = _claims(answer["access_token"])
    assert (claims["roles"], claims["idtyp"], claims["tid"]) == (["Synchronization.Read.All"], "app", TENANT)
    assert not {"scp", "upn", "wids"} & set(claims)
    assert claims["appidacr"] == ("1" if kind == "secret" else "2")


@pytest.mark.parametrize(("secret", "code"), [("wrong", 7000215), (APPLICATION["expired_secret"], 7000222)])
def test_an_application_without_its_secret_is_refused(shared: Client, secret: str, code: int) -> None:
    answer = _as_application(shared, secret)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [code])


def test_an_application_with_another_certificate_is_refused(shared: Client) -> None:
    other = new_ca("other")
    pem = (other.certificate_pem + other.key_pem).decode()
    assert _as_application(shared, {"private_key": pem, "public_certificate": pem})["error_codes"] == [700027]


def test_an_assertion_that_has_ended_is_refused(shared: Client, application_certificate: Path) -> None:
    url, client = f"{shared.url}/{TENANT}/oauth2/v2.0/token", APPLICATION["client_id"]
    claims = {"aud": url, "iss": client, "sub": client, "exp": 1_000_000_000}
    assertion = jwt.encode(claims, application_certificate.read_text().partition("-----END CERTIFICATE-----")[2], "RS256")
    data = {"grant_type": "client_credentials", "client_id": client, "scope": f"{shared.url}/graph/.default", "client_assertion": assertion}
    answer = shared.session.post(url, data=data, timeout=limit())
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700024])


def test_a_confidential_client_signs_nobody_in(shared: Client) -> None:
    assert _by_password(shared, "admin", client_id=APPLICATION["client_id"])["error_codes"] == [7000218]


def test_a_client_without_consent_is_refused(shared: Client) -> None:
    assert _by_password(shared, "admin", client_id=PUBLIC_CLIENT)["error_codes"] == [65001]


def test_an_application_asks_for_nothing_but_its_default(shared: Client) -> None:
    answer = _as_application(shared, APPLICATION["secret"], f"{shared.url}/graph/User.Read")
    assert answer["error_codes"] == [70011]
