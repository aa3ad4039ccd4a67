# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sign-in service: discovery, keys, password, refresh token, device code, and an application's secret or certificate.

Left out: browser sign-in, giving consent (an application has it or not), Conditional Access but for its refusals. Microsoft says
on the sign-in page that device codes are blocked, and only sometimes to the waiting device; here the device learns it. The clients
below and what each may ask for are the lab's own assumption: which permissions Microsoft preauthorized for its own clients is not
documented.
"""

from __future__ import annotations

import time
from typing import Any

from cloudlab.microsoft.client_proof import prove
from cloudlab.microsoft.cloud import REGISTRATION_RESOURCE, base_url, current_cloud, graph_resource
from cloudlab.microsoft.config import Application, User
from cloudlab.microsoft.device_codes import LIFE
from cloudlab.microsoft.sign_in_errors import SignInError
from cloudlab.microsoft.tokens import SignIn
from flask import Blueprint, request

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
CONNECTOR = "55747057-9b5d-4bd4-b387-abf52a8bd489"
GRAPH_POWERSHELL = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
_CLIENTS = (AZURE_CLI, CONNECTOR, GRAPH_POWERSHELL)
#: Clients that get the registration scope (C6, C7).
_REGISTRATION_CLIENTS = (AZURE_CLI, CONNECTOR)
_GRAPH_PERMISSIONS = (
    "Policy.Read.HybridAuthentication",
    "Policy.ReadWrite.HybridAuthentication",
    "OnPremisesPublishingProfiles.ReadWrite.All",
    "Directory.ReadWrite.All",
    "Synchronization.Read.All",
    "Application.Read.All",
    "User.Read",
)
#: What `.default` gives: the permissions that were consented to before.
_GRAPH_DEFAULT = ("Policy.Read.HybridAuthentication", "Synchronization.Read.All", "Application.Read.All", "User.Read")
_ARM_RESOURCES = ("https://management.azure.com", "https://management.core.windows.net")
_OPENID_SCOPES = frozenset(("openid", "profile", "offline_access", "email"))
#: AADSTS codes that a refresh token can be ended with: revoked, sign-in frequency, not used for too long.
REFRESH_ENDS = (50173, 70043, 700082)
_SHARED_TENANTS = frozenset(("common", "consumers", "organizations"))

openid = Blueprint("openid", __name__)


@openid.errorhandler(SignInError)
def refused(error: SignInError) -> tuple[dict[str, Any], int]:
    return error.body(), error.status


@openid.get("/<tenant>/v2.0/.well-known/openid-configuration")
def configuration(tenant: str) -> dict[str, Any]:
    _check_tenant(tenant)
    root = f"{base_url()}/{tenant}"
    return {
        "issuer": _issuer(tenant),
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{base_url()}/oidc/userinfo",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": sorted(_OPENID_SCOPES),
        "tenant_region_scope": "NA",
    }


@openid.get("/<tenant>/discovery/v2.0/keys")
def keys(tenant: str) -> dict[str, Any]:
    _check_tenant(tenant)
    return current_cloud().tokens.key_set()


@openid.get("/common/userrealm/<path:upn>")
def user_realm(upn: str) -> dict[str, Any]:
    """Answer msal whether a password is checked here (Managed); nobody is federated in the lab."""
    domain = upn.partition("@")[2]
    known = domain.casefold() == current_cloud().config.tenant_domain.casefold()
    kind = "Managed" if known else "Unknown"
    answer = {"ver": "1.0", "account_type": kind, "domain_name": domain}
    return {**answer, "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}


@openid.post("/<tenant>/oauth2/v2.0/devicecode")
def device_code(tenant: str) -> dict[str, Any]:
    if tenant in ("common", "consumers"):
        raise SignInError(90133)
    _check_tenant(tenant)
    code, known = current_cloud().device_codes.new(_client_id(), _field("scope"))
    page = f"{base_url()}/devicelogin"
    return {
        "user_code": known.user_code,
        "device_code": code,
        "verification_uri": page,
        "expires_in": LIFE,
        "interval": current_cloud().config.device_code_interval,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {known.user_code} to authenticate.",
    }


@openid.post("/<tenant>/oauth2/v2.0/token")
def token(tenant: str) -> dict[str, Any]:
    _check_tenant(tenant)
    grant = _field("grant_type")
    if grant == "password":
        if tenant in ("common", "consumers"):
            raise SignInError(9001023)
        sign_in = _by_password(_field("scope"))
    elif grant == "refresh_token":
        sign_in = _by_refresh_token()
    elif grant in ("device_code", "urn:ietf:params:oauth:grant-type:device_code"):
        return _answer(*_by_device_code())
    elif grant == "client_credentials":
        return _application_answer(_field("scope"))
    else:
        raise SignInError(70003, grant=grant)
    return _answer(sign_in, _field("scope"))


def find_user(upn: str) -> User | None:
    users = current_cloud().config.users
    return next((user for user in users if user.upn.casefold() == upn.casefold()), None)


def approve(user_code: str, upn: str, *, decline: bool) -> bool:
    """Do what a person does on the device login page; False when code or person is not known."""
    code, user = current_cloud().device_codes.by_user_code(user_code), find_user(upn)
    if code is None or (user is None and not decline):
        return False
    code.declined, code.user = decline, user
    return True


def _by_password(scope: str) -> SignIn:
    client_id = _client_id()
    user, password = find_user(_field("username")), _field("password")
    if user is None:
        raise SignInError(50034, tenant=current_cloud().config.tenant_id)
    if user.locked:
        raise SignInError(50053)
    if user.password != password:
        raise SignInError(50126)
    _check_account(user, client_id)
    if user.expired:
        raise SignInError(50055)
    if user.mfa or user.enroll:
        raise SignInError(50076 if user.mfa else 50079, resource=_resource(_scopes(scope)))
    return SignIn(user, client_id, mfa=False)


def _by_refresh_token() -> SignIn:
    tokens, token = current_cloud().tokens, _field("refresh_token")
    sign_in, ended = tokens.refresh(token, _client_id()), tokens.why_ended(token)
    if sign_in is None:
        raise SignInError(ended or 70000)
    return sign_in


def _by_device_code() -> tuple[SignIn, str]:
    """The sign-in, and the scope that was asked for along with the code."""
    code = _field("device_code")
    known = current_cloud().device_codes.find(code)
    if known is None or known.client_id != _client_id():
        raise SignInError(70000)
    if time.monotonic() > known.expires:
        raise SignInError(70020)
    if known.declined:
        raise SignInError(16000)
    if known.user is None:
        raise SignInError(70016)
    _check_account(known.user, known.client_id)
    if current_cloud().device_codes.blocked:
        raise SignInError(53003)
    current_cloud().device_codes.drop(code)
    return SignIn(known.user, known.client_id, mfa=known.user.mfa), known.scope


def _check_account(user: User, client_id: str) -> None:
    if user.guest:
        raise SignInError(50020, tenant=current_cloud().config.tenant_domain, client=client_id)
    if user.disabled:
        raise SignInError(50057)
    if user.blocked or user.unmanaged:
        raise SignInError(53003 if user.blocked else 530003)


def _answer(sign_in: SignIn, scope: str) -> dict[str, Any]:
    cloud = current_cloud()
    scopes = _scopes(scope)
    resource = _resource(scopes)
    permissions = _permissions(resource, scopes, sign_in.client_id)
    asked = set(scope.split())
    # A `.default` that was asked for is among the scopes of the answer: msal finds the token in its cache by that.
    granted = [*permissions, *(permission for _, permission in scopes if permission == ".default")]
    cloud.counters.add("tokens_issued")
    return {
        "token_type": "Bearer",
        "scope": " ".join(f"{resource}/{permission}" for permission in granted),
        "expires_in": cloud.config.token_lifetime,
        "ext_expires_in": cloud.config.token_lifetime,
        "access_token": cloud.tokens.access_token(sign_in, resource, permissions),
        **({"refresh_token": cloud.tokens.refresh_token(sign_in)} if "offline_access" in asked else {}),
        **({"id_token": cloud.tokens.id_token(sign_in, _issuer(cloud.config.tenant_id))} if "openid" in asked else {}),
        **({"client_info": cloud.tokens.client_info(sign_in)} if request.form.get("client_info") == "1" else {}),
    }


def _application_answer(scope: str) -> dict[str, Any]:
    """Answer an application that signs in as itself: only `.default` may be asked for, and there is no refresh token."""
    cloud, application = current_cloud(), _application()
    if application is None:
        raise SignInError(7000218)
    certified = prove(application, request.form, request.base_url)
    scopes = _scopes(scope)
    resource = _resource(scopes)
    if any(permission != ".default" for _, permission in scopes):
        raise SignInError(70011, scope=scope)
    roles = application.roles if resource == graph_resource() else ()
    cloud.counters.add("tokens_issued")
    return {
        "token_type": "Bearer",
        "expires_in": cloud.config.token_lifetime,
        "ext_expires_in": cloud.config.token_lifetime,
        "access_token": cloud.tokens.application_token(application, resource, roles, certified=certified),
    }


def _scopes(scope: str) -> list[tuple[str, str]]:
    """The asked scopes as (resource, permission): the resource is all before the last slash, and Graph when there is none."""
    asked = [name for name in scope.split() if name not in _OPENID_SCOPES]
    split = [name.rpartition("/") for name in asked]
    return [(resource.rstrip("/") or graph_resource(), permission) for resource, _, permission in split]


def _resource(scopes: list[tuple[str, str]]) -> str:
    """The one resource that a token can be for."""
    resources = {resource for resource, _ in scopes} or {graph_resource()}
    if len(resources) > 1:
        raise SignInError(28000)
    resource = resources.pop()
    if resource not in (REGISTRATION_RESOURCE, graph_resource(), *_ARM_RESOURCES):
        raise SignInError(500011, resource=resource, tenant=current_cloud().config.tenant_id)
    return resource


def _permissions(resource: str, scopes: list[tuple[str, str]], client_id: str) -> list[str]:
    """What the token's `scp` holds; only some of Microsoft's clients get the registration scope."""
    application = _application()
    if application:
        raise SignInError(65001, client=client_id, name=application.name)
    if resource == REGISTRATION_RESOURCE and client_id not in _REGISTRATION_CLIENTS:
        raise SignInError(65002, client=client_id, resource=resource)
    is_graph = resource == graph_resource()
    known = _GRAPH_PERMISSIONS if is_graph else ("user_impersonation",)
    found: list[str] = []
    for _, permission in scopes or [(resource, ".default")]:
        if permission == ".default":
            found += _GRAPH_DEFAULT if is_graph else known
        elif permission in known:
            found.append(permission)
        else:
            raise SignInError(70011, scope=f"{resource}/{permission}")
    return list(dict.fromkeys(found))


def _client_id() -> str:
    """The client of a person's sign-in, which must be a public one."""
    client_id, application = _field("client_id"), _application()
    if application and application.confidential:
        raise SignInError(7000218)
    return client_id


def _application() -> Application | None:
    """The tenant's own application that asks; None when it is one of Microsoft's."""
    client_id, config = _field("client_id"), current_cloud().config
    if client_id in _CLIENTS:
        return None
    found = next((application for application in config.applications if application.client_id == client_id), None)
    if found is None:
        raise SignInError(700016, client=client_id, tenant=config.tenant_id)
    return found


def _check_tenant(tenant: str) -> None:
    config = current_cloud().config
    if tenant.casefold() not in {config.tenant_id.casefold(), config.tenant_domain.casefold(), *_SHARED_TENANTS}:
        raise SignInError(90002, tenant=tenant)


def _issuer(tenant: str) -> str:
    known = "{tenantid}" if tenant in _SHARED_TENANTS else current_cloud().config.tenant_id
    return f"{base_url()}/{known}/v2.0"


def _field(name: str) -> str:
    value = request.form.get(name, "")
    if not value:
        raise SignInError(90014, field=name)
    return value
