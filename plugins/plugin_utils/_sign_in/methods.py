# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each method of "sign_in" gets a token: through msal, or from Azure CLI.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import time
import typing as t
from datetime import UTC, datetime
from xml.etree import ElementTree

from .._core.clouds import Cloud
from .._core.errors import AgentError, SignInError
from .._core.http import Session, requests, without_secrets
from .._core.redaction import redact
from .cache import open_cache
from .options import SignIn
from .refusals import ENDED, FEDERATION, PASSING, first_line, refused
from .token import MARGIN, expiry, is_out_of_time

try:
    import msal
except ImportError:  # the documentation can be read without it
    msal = None

#: What msal throws when it is not the answer that tells: the network's errors (requests' own are OSErrors), a missing CA file, a page
#: that is no JSON (ValueErrors), an answer of no known kind (RuntimeError), and a server's failure.
_TROUBLE: tuple[type[Exception], ...] = (OSError, ValueError, RuntimeError, *((msal.exceptions.MsalError,) if msal else ()))

#: Seconds that a token out of msal's cache must hold beyond the margin.
_SPARE_SECONDS = 60

Answer = dict[str, t.Any]

#: Azure CLI takes seconds to start, and asks Microsoft when its own token is near its end.
_AZURE_CLI_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Request:
    """One token that is wanted.

    Attributes:
        sign_in: how to sign in.
        cloud: which cloud.
        tenant_id: which tenant.
        scope: what the token is for.
        ca_path: a file of CA certificates for the controller's requests, or None.
        timeout: seconds for one request.
        renew: whether it must be a new one, and none out of a cache.
    """

    sign_in: SignIn
    cloud: Cloud
    tenant_id: str
    scope: str
    ca_path: str | None
    timeout: int
    renew: bool = False


def obtain(request: Request, kept: str) -> tuple[str, str]:
    """Return an access token, and what the next call needs of this one (msal's cache, with a refresh token; never to be written).

    Args:
        request: what is wanted.
        kept: what the call before gave, or an empty text.

    Raises:
        SignInError: Microsoft refused the sign-in, or could not be reached.
        AgentError: a library is missing.
    """
    methods = {
        "azure_cli": _from_azure_cli,
        "certificate": _as_application,
        "client_secret": _as_application,
        "device_code": _from_cache,
        "password": _as_user,
        "refresh_token": _as_user,
    }
    return methods[request.sign_in.method](request, kept)


def _as_user(request: Request, kept: str) -> tuple[str, str]:
    """Redeem the sign-in that was made before, if there is one that still works, else sign in."""
    _require_libraries()
    cache = msal.SerializableTokenCache()
    if kept:
        cache.deserialize(kept)
    application = public_application(request, cache)
    answer = _again(request, application) if kept else None
    if answer is None:
        answer = ask_for_token(request.cloud, lambda: _first(request, application))
    return str(answer["access_token"]), str(cache.serialize())


def _again(request: Request, application: t.Any) -> Answer | None:
    try:
        return silent(request, application)
    except SignInError as error:
        if error.code in ENDED:
            return None
        raise


def _first(request: Request, application: t.Any) -> t.Any:
    sign_in, scopes = request.sign_in, [request.scope]
    if sign_in.method == "refresh_token":
        return application.acquire_token_by_refresh_token(sign_in.refresh_token, scopes)
    try:
        return application.acquire_token_by_username_password(sign_in.username, sign_in.password, scopes)
    except (RuntimeError, ElementTree.ParseError) as error:
        # msal's words for what the account's own federation service answers to a wrong password: a fault, or a page that is no XML.
        # They may hold the whole answer, and are not quoted. Each new try would count towards the account's lock.
        raise SignInError(
            f"The sign-in of the federated account {sign_in.username} at {request.cloud.authority} was refused by its federation service: "
            "correct 'username' or 'password', or use 'device_code'.",
            FEDERATION,
        ) from error


def _from_cache(request: Request, kept: str) -> tuple[str, str]:
    """Use the sign-in that playbooks/sign_in.yml has left; nobody is there to enter a code now."""
    path = request.sign_in.cache_file
    try:
        answer = silent(request, public_application(request, open_cache(path))) if os.path.exists(path) else None
    except SignInError as error:
        if error.code is None:
            raise
        raise SignInError(f"The sign-in in '{path}' does not work, run playbooks/sign_in.yml again. {error}", error.code) from error
    if answer is None:
        who = f"{request.sign_in.username} in " if request.sign_in.username else ""
        raise SignInError(f"There is no sign-in of {who}tenant {request.tenant_id} in '{path}': run playbooks/sign_in.yml first.")
    return str(answer["access_token"]), kept


def silent(request: Request, application: t.Any) -> Answer | None:
    """Return a token for an account in the application's cache; None when there is no account, or nothing left of its sign-in."""
    accounts = own_accounts(request, application)
    if not accounts:
        return None
    answer = _silent_answer(request, application, accounts[0], force=request.renew)
    # msal hands a token out until it has five minutes left, which is just what a host needs of it: nothing is left for the way there.
    # And it counts from when the token came, by the controller's clock, while a run goes by what the token itself says.
    if answer and not request.renew and expiry(str(answer["access_token"])) < time.time() + MARGIN + _SPARE_SECONDS:
        answer = _silent_answer(request, application, accounts[0], force=True)
    return answer


def _silent_answer(request: Request, application: t.Any, account: t.Any, *, force: bool) -> Answer | None:
    """Ask for a token without a person; None when nothing is left to ask with. Without force it may be out of msal's cache."""
    answer = (ask_for_token if force else ask)(
        request.cloud,
        lambda: application.acquire_token_silent_with_error([request.scope], account, force_refresh=force) or {"nothing": True},
    )
    return None if "nothing" in answer else answer


def own_accounts(request: Request, application: t.Any) -> list[t.Any]:
    """Return the accounts in the cache that are members of the tenant, and the wanted user's if one is named."""
    accounts = ask(request.cloud, lambda: application.get_accounts(request.sign_in.username), plain=True)
    return members(request, accounts)


def members(request: Request, accounts: t.Iterable[t.Any]) -> list[t.Any]:
    """Return the accounts that are at home in the tenant."""
    return [one for one in accounts if str(one["home_account_id"]).lower().endswith(f".{request.tenant_id.lower()}")]


def _as_application(request: Request, kept: str) -> tuple[str, str]:
    _require_libraries()
    sign_in = request.sign_in
    credential: t.Any = sign_in.client_secret
    if sign_in.method == "certificate":
        pem = sign_in.certificate()
        credential = {"private_key": pem, "public_certificate": pem, "passphrase": sign_in.certificate_password}
    options = {**_options(request), "client_credential": credential}
    application = ask(request.cloud, lambda: msal.ConfidentialClientApplication(sign_in.client_id, **options), plain=True)
    answer = ask_for_token(request.cloud, lambda: application.acquire_token_for_client([request.scope]))
    return str(answer["access_token"]), kept


def _from_azure_cli(request: Request, kept: str) -> tuple[str, str]:
    """Ask Azure CLI, which has a sign-in of its own."""
    command = ["az", "account", "get-access-token", "--tenant", request.tenant_id, "--scope", request.scope, "--output", "json"]
    environment = {**os.environ, **({"REQUESTS_CA_BUNDLE": request.ca_path} if request.ca_path else {})}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_AZURE_CLI_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        problem = f"Azure CLI (az) did not answer within {_AZURE_CLI_SECONDS} s: run '{' '.join(command[:3])}' by hand."
        raise SignInError(problem) from error
    except OSError as error:
        raise SignInError(
            f"Azure CLI (az) cannot be run on the controller: {redact(str(error))}. Install it and run 'az login', or use another 'method'."
        ) from error
    if done.returncode != 0:
        raise _azure_cli_refused(request, done.stderr)
    return _azure_cli_token(done.stdout), kept


def _azure_cli_token(output: str) -> str:
    try:
        return str(json.loads(output)["accessToken"])
    except (ValueError, KeyError, TypeError):
        # The output may be a token all the same: neither it nor the exception that quotes it is shown.
        raise SignInError("Azure CLI (az) gave no token and no error: update it, or use another 'method'.") from None


def _azure_cli_refused(request: Request, errors: str) -> SignInError:
    codes = re.findall(r"AADSTS(\d+)", errors)
    if codes:
        said = next(line for line in errors.splitlines() if "AADSTS" in line)
        return refused(request.cloud.authority, dict.fromkeys(codes), said)
    if "az login" in errors:
        return SignInError(f"Azure CLI (az) is not signed in: run 'az login --tenant {request.tenant_id}' as the user that runs Ansible.")
    return refused("Azure CLI (az)", [], errors)


def public_application(request: Request, cache: t.Any) -> t.Any:
    """Return msal's client for a user's sign-in, with a cache."""
    _require_libraries()
    options = {**_options(request), "token_cache": cache}
    return ask(request.cloud, lambda: msal.PublicClientApplication(request.sign_in.client_id, **options), plain=True)


def _options(request: Request) -> dict[str, t.Any]:
    return {
        "authority": f"{request.cloud.authority}/{request.tenant_id}",
        "http_client": Session(request.ca_path, request.timeout),
        "instance_discovery": request.cloud.public,
    }


def _require_libraries() -> None:
    if msal is None or requests is None:
        raise AgentError("The Python packages 'msal' and 'requests' are missing on the controller: install them with pip.")


def ask(cloud: Cloud, question: t.Callable[[], t.Any], *, plain: bool = False) -> t.Any:
    """Put a question to the authority through msal; its errors come as answers, the network's as exceptions.

    Args:
        cloud: whose authority it is.
        question: what asks.
        plain: whether the answer is none of the authority's, but an object of msal's.

    Raises:
        SignInError: it refused, or could not be reached.
    """
    try:
        answer = question()
    except _TROUBLE as error:
        raise SignInError(
            f"The sign-in at {cloud.authority} could not be tried: {without_secrets(error)}. Check 'cloud', 'ca_path' and the proxy."
        ) from error
    if not plain and (not answer or "error" in answer):
        raise _refusal(cloud.authority, answer or {})
    return answer


def ask_for_token(cloud: Cloud, question: t.Callable[[], t.Any]) -> Answer:
    """Put a question to the authority whose answer is a token that it issues now.

    Raises:
        SignInError: it refused, or could not be reached; or the controller's clock is wrong.
    """
    answer: Answer = ask(cloud, question)
    require_in_time(cloud, answer)
    return answer


def require_in_time(cloud: Cloud, answer: Answer) -> None:
    """Refuse a token that is new and out of time all the same: the next one would be no better.

    Raises:
        SignInError: the controller's clock is wrong.
    """
    if "access_token" in answer and is_out_of_time(str(answer["access_token"])):
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        raise SignInError(
            f"The controller's clock says {now} UTC, by which a token that {cloud.authority} has just issued is over already or not "
            "valid yet: set the clock."
        )


def _refusal(authority: str, answer: Answer) -> SignInError:
    """Return the error for an answer that brings no token."""
    name = answer.get("error")
    text = str(answer.get("error_description") or name or "no answer")
    if name in PASSING:
        return SignInError(f"The sign-in at {authority} is out of order for now: run it again later. Microsoft says: {first_line(text)}")
    return refused(authority, answer.get("error_codes") or [], text, name)
