# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's library msal, as all methods use it: users, applications, and what goes wrong on the way.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import time
import typing as t
from datetime import UTC, datetime

from .._core.clouds import Cloud
from .._core.errors import AgentError, SignInError
from .._core.http import Session, advised, requests
from .access import Request
from .refusals import ENDED, PASSING, first_line, refused
from .token import MARGIN, expiry, is_out_of_time

try:
    import msal
except ImportError:  # the documentation can be read without it
    msal = None

#: What msal throws when the answer itself holds no error: the network's errors (requests' own are OSErrors), a missing CA file, a page
#: that is no JSON (ValueErrors), an answer of no known kind (RuntimeError), and a server's failure.
_TROUBLE: tuple[type[Exception], ...] = (OSError, ValueError, RuntimeError, *((msal.exceptions.MsalError,) if msal else ()))

#: Seconds that a token out of msal's cache must hold beyond the margin.
_SPARE_SECONDS = 60

Answer = dict[str, t.Any]

_ADVICE = "Check 'cloud', 'ca_path' and the proxy."


def as_user(request: Request, kept: str, sign_in: t.Callable[[Request, t.Any], t.Any]) -> tuple[str, str]:
    """Redeem the sign-in that was made before, if there is one that still works, else sign in.

    Args:
        request: what is wanted.
        kept: what the call before gave, or an empty text.
        sign_in: signs in with msal's client.

    Raises:
        SignInError: Microsoft refused the sign-in, or could not be reached.
        AgentError: a library is missing.
    """
    _require_libraries()
    cache = msal.SerializableTokenCache()
    if kept:
        cache.deserialize(kept)
    application = public_application(request, cache)
    answer = _sign_in_silently(request, application) if kept else None
    if answer is None:
        answer = ask_for_token(request.cloud, lambda: sign_in(request, application))
    return str(answer["access_token"]), str(cache.serialize())


def _sign_in_silently(request: Request, application: t.Any) -> Answer | None:
    try:
        return silent(request, application)
    except SignInError as error:
        if error.code in ENDED:
            return None
        raise


def as_application(request: Request, credential: t.Any) -> str:
    """Sign in as an application, and return its token.

    Args:
        request: what is wanted.
        credential: the application's secret, or its certificate as msal takes it.

    Raises:
        SignInError: Microsoft refused the sign-in, or could not be reached.
        AgentError: a library is missing.
    """
    _require_libraries()
    options = {**_options(request), "client_credential": credential}
    application = ask(request.cloud, lambda: msal.ConfidentialClientApplication(request.sign_in.client_id, **options), plain=True)
    return str(ask_for_token(request.cloud, lambda: application.acquire_token_for_client([request.scope]))["access_token"])


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
    accounts = ask(request.cloud, lambda: application.get_accounts(request.sign_in.username or None), plain=True)
    return members(request, accounts)


def members(request: Request, accounts: t.Iterable[t.Any]) -> list[t.Any]:
    """Return the accounts that are at home in the tenant."""
    return [account for account in accounts if str(account["home_account_id"]).lower().endswith(f".{request.tenant_id.lower()}")]


def public_application(request: Request, cache: t.Any) -> t.Any:
    """Return msal's client for a user's sign-in, with a cache."""
    _require_libraries()
    options = {**_options(request), "token_cache": cache}
    return ask(request.cloud, lambda: msal.PublicClientApplication(request.sign_in.client_id, **options), plain=True)


def _options(request: Request) -> dict[str, t.Any]:
    return {
        "authority": f"{request.cloud.authority}/{request.tenant_id}",
        "http_client": Session(request.access.ca_path, request.access.timeout),
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
            f"The sign-in at {cloud.authority} could not be tried: {advised(error, _ADVICE)}"
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
