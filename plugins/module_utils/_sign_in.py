# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs in to the tenant with msal, once a run and for both audiences: the registration service and Microsoft Graph.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import time
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._clouds import Cloud
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import AgentError, ConfigurationError, SignInError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._http import Session, requests
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._token import MARGIN, Token, read_token

try:
    import msal
except ImportError:  # the documentation can be read without it
    msal = None

Audience = t.Literal["registration", "graph"]

#: What to do about Microsoft's error numbers (learn.microsoft.com, "Microsoft Entra authentication and authorization error codes").
_REMEDIES = {
    "AADSTS50020": "the account is a guest or a personal one: use a work account of the tenant",
    "AADSTS50034": "the account does not exist in the tenant: check 'username'",
    "AADSTS50053": "the account is locked after too many wrong passwords: wait, or unlock it",
    "AADSTS50055": "the password has expired: set a new one",
    "AADSTS50057": "the account is disabled: enable it",
    "AADSTS50076": "the account must use MFA, which a password alone cannot: use 'access_token', or an account that is exempt",
    "AADSTS50079": "the account must register for MFA: use 'access_token', or an account that is exempt",
    "AADSTS50126": "the user name or the password is wrong: correct 'username' or 'password'",
    "AADSTS53003": "Conditional Access blocks the sign-in: exempt the controller or the account, or use 'access_token'",
    "AADSTS65001": "the client has no consent for the scope: grant it, or use another 'client_id'",
    "AADSTS65002": "the client may not be used for the scope: use another 'client_id'",
    "AADSTS700016": "the client does not exist in the tenant: check 'client_id'",
    "AADSTS7000218": "the client is a confidential one: give the 'client_id' of a public client",
    "AADSTS90002": "the tenant does not exist in this cloud: check 'tenant_id' and 'cloud'",
    "AADSTS90133": "the sign-in must go to the tenant's own authority: check 'tenant_id'",
}

#: How long a refusal is remembered: longer than any run, since each new try of a wrong password counts towards the account's lock.
_REFUSED_SECONDS = 7 * 24 * 3600
#: How long trouble that may pass is remembered, such as a network's.
_TROUBLE_SECONDS = 60


#: The client, not the user, is refused: consent is missing or cannot be had for this audience.
_CONSENT = {"AADSTS65001", "AADSTS65002"}


class Store(t.Protocol):
    """Memory that the forks of a run share (plugin_utils/_run_store.py)."""

    def get_or_create(
        self, key: str, create: t.Callable[[], dict[str, t.Any]], fresh: t.Callable[[dict[str, t.Any]], bool]
    ) -> dict[str, t.Any]:
        """Return the value under a key, made by create unless there is a fresh one."""


@dataclasses.dataclass(frozen=True)
class SignIn:
    """How to sign in: the option "sign_in", checked."""

    method: str
    client_id: str
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    access_token: str | None = dataclasses.field(default=None, repr=False)
    graph_access_token: str | None = dataclasses.field(default=None, repr=False)

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> SignIn:
        """Check the option "sign_in".

        Raises:
            ConfigurationError: what the method needs is missing.
        """
        given = {field.name: options.get(field.name) for field in dataclasses.fields(cls)}
        sign_in = cls(**{name: str(value) if value is not None else None for name, value in given.items()})  # type: ignore[arg-type]
        if sign_in.method == "access_token" and not (sign_in.access_token or sign_in.graph_access_token):
            raise ConfigurationError("'sign_in' has the method access_token and no token: give 'access_token' or 'graph_access_token'.")
        return sign_in

    @property
    def fingerprint(self) -> str:
        """What tells this sign-in from others, without its secrets."""
        return hashlib.sha256(json.dumps(dataclasses.astuple(self)).encode()).hexdigest()


def acquire(
    sign_in: SignIn,
    cloud: Cloud,
    tenant_id: str,
    *,
    audience: Audience,
    ca_path: str | None,
    timeout: int,
    store: Store,
) -> Token:
    """Return a checked token, signing in only if the run has none yet.

    Raises:
        ConfigurationError: the cloud's registration scope is not known, or the method has no token for this audience.
        SignInError: Microsoft refused the sign-in, or could not be reached.
        TokenError: the token is of the wrong kind.
    """
    scope = _scope(cloud, audience)
    if sign_in.method == "access_token":
        value = _given_token(sign_in, audience)
    else:
        value = _shared_sign_in(sign_in, cloud, tenant_id, audience, ca_path, timeout, store)[scope]
        if not isinstance(value, str):
            raise SignInError(value["error"], value["code"])
    token = read_token(value, tenant_id, scope.rpartition("/")[0], roles=audience == "registration")
    return dataclasses.replace(token, upn=token.upn or sign_in.username or "")


def _scope(cloud: Cloud, audience: Audience) -> str:
    if audience == "graph":
        return f"{cloud.graph}/.default"
    if not cloud.registration_scope:
        raise ConfigurationError(
            f"No registration scope is known for the cloud {cloud.name}: describe the cloud as a dictionary with 'registration_scope', "
            "or register its agents with the wizard."
        )
    return cloud.registration_scope


def _given_token(sign_in: SignIn, audience: Audience) -> str:
    value = sign_in.access_token if audience == "registration" else sign_in.graph_access_token
    if not value:
        option = "access_token" if audience == "registration" else "graph_access_token"
        raise ConfigurationError(f"'sign_in' has no '{option}', which is needed to reach the {audience} service.")
    return value.strip()


def _shared_sign_in(
    sign_in: SignIn, cloud: Cloud, tenant_id: str, audience: Audience, ca_path: str | None, timeout: int, store: Store
) -> dict[str, t.Any]:
    """Return the run's tokens by scope. A refused sign-in is kept too: a wrong password tried by every host would lock the account."""

    def create() -> dict[str, t.Any]:
        try:
            return _password_tokens(sign_in, cloud, tenant_id, audience, ca_path, timeout)
        except SignInError as error:
            kept_for = _REFUSED_SECONDS if error.code in _REMEDIES else _TROUBLE_SECONDS
            return {"error": str(error), "code": error.code, "expires_at": time.time() + MARGIN + kept_for}

    key = f"sign-in {cloud.authority} {tenant_id} {sign_in.fingerprint}"
    tokens = store.get_or_create(key, create, lambda value: bool(value["expires_at"] > time.time() + MARGIN))
    if "error" in tokens:
        raise SignInError(tokens["error"], tokens["code"])
    return tokens


def _password_tokens(
    sign_in: SignIn, cloud: Cloud, tenant_id: str, audience: Audience, ca_path: str | None, timeout: int
) -> dict[str, t.Any]:
    """Sign in with the password for the wanted audience, and redeem the same sign-in for the other.

    A client without consent for one of them may use the other all the same: that refusal is kept beside the token.
    """
    application = _application(sign_in, cloud, tenant_id, ca_path, timeout)
    wanted = _scope(cloud, audience)
    known = [scope for scope in (cloud.registration_scope, f"{cloud.graph}/.default") if scope]
    tokens: dict[str, t.Any] = {}
    ends: list[float] = []
    for scope in sorted(known, key=lambda one: one != wanted):
        try:
            answer = _ask(cloud, functools.partial(_redeem, application, sign_in, scope))
        except SignInError as error:
            if not ends and error.code not in _CONSENT:
                raise
            tokens[scope] = {"error": str(error), "code": error.code}
        else:
            tokens[scope] = str(answer["access_token"])
            ends.append(time.time() + int(answer["expires_in"]))
    return {**tokens, "expires_at": min(ends, default=time.time() + MARGIN + _REFUSED_SECONDS)}


def _redeem(application: t.Any, sign_in: SignIn, scope: str) -> t.Any:
    """Ask with the sign-in that was made before, if there is one, else with the password."""
    for account in application.get_accounts():
        return application.acquire_token_silent_with_error([scope], account)
    return application.acquire_token_by_username_password(sign_in.username, sign_in.password, [scope])


def _application(sign_in: SignIn, cloud: Cloud, tenant_id: str, ca_path: str | None, timeout: int) -> t.Any:
    if msal is None or requests is None:
        raise AgentError("The Python packages 'msal' and 'requests' are missing on the controller: install them with pip.")
    # Made anew for each sign-in: msal keeps its tokens in this object's memory only.
    options = {"authority": f"{cloud.authority}/{tenant_id}", "http_client": Session(ca_path, timeout), "instance_discovery": cloud.public}
    return _ask(cloud, lambda: msal.PublicClientApplication(sign_in.client_id, **options), plain=True)


def _ask(cloud: Cloud, question: t.Callable[[], t.Any], *, plain: bool = False) -> t.Any:
    """Put a question to the authority through msal; its errors come as answers, the network's as exceptions."""
    try:
        answer = question()
    except (OSError, ValueError) as error:  # requests' own errors are OSErrors; a missing CA file is a plain one
        problem = f"The sign-in at {cloud.authority} could not be tried: {error}. Check 'cloud', 'ca_path' and the proxy."
        raise SignInError(problem) from error
    except RuntimeError as error:  # msal's word for a refusal of the account's own federation service; its text holds the whole answer
        raise SignInError(f"The sign-in of a federated account at {cloud.authority} was refused: use 'access_token'.") from error
    if plain:
        return answer
    if not answer or "error" in answer:
        raise _refused(cloud, answer or {})
    return answer


def _refused(cloud: Cloud, answer: dict[str, t.Any]) -> SignInError:
    codes = [f"AADSTS{code}" for code in answer.get("error_codes") or []]
    text = str(answer.get("error_description") or answer.get("error") or "no answer").splitlines()[0]
    code = next((one for one in codes if one in _REMEDIES), codes[0] if codes else None)
    remedy = _REMEDIES.get(code or "", "look the number up in the tenant's sign-in log")
    number = code or answer.get("error")
    return SignInError(f"The sign-in at {cloud.authority} was refused ({number}): {remedy}. Microsoft says: {text}", code)
