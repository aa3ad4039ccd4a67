# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one sign-in that a person takes part in: with a device code, kept in the cache for later runs.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._core.clouds import Cloud
from .._core.errors import AgentError, SignInError, TokenError
from .access import Request
from .msal_client import Answer, ask, members, public_application, require_in_time, silent
from .refusals import CONSENT
from .token import GRAPH, Token, read_token


@dataclasses.dataclass(frozen=True)
class KeptSignIn:
    """A sign-in that is in the cache and works.

    Attributes:
        username: who signed in.
        expires_at: when the first of its access tokens ends, seconds since 1970; a new one is had without a person.
        may_register: whether the user has a role that may register agents; None where no token for that can be had.
    """

    username: str
    expires_at: int
    may_register: bool | None


def kept_sign_in(requests: t.Sequence[Request], cache: t.Any) -> KeptSignIn | None:
    """Return the sign-in in the cache; None when there is none, or Microsoft wants a person for it.

    Args:
        requests: one for each audience, that of the registration service first, if there is one.
        cache: where it is kept.

    Raises:
        SignInError: Microsoft could not be reached, or the cache not be read.
    """
    application = public_application(requests[0], cache)
    try:
        return _described(_redeemed(requests, application))
    except SignInError as error:
        if error.code is None:
            raise
        return None


def sign_in_person(requests: t.Sequence[Request], cache: t.Any, show: t.Callable[[str], None]) -> KeptSignIn | None:
    """Show a code, wait until a person has signed in with it, and keep that; another user's sign-in to the tenant is replaced.

    Args:
        requests: one for each audience, that of the registration service first, if there is one.
        cache: where it is kept.
        show: shows a text to the person at once.

    Raises:
        SignInError: the code has ended or was declined, Microsoft refused the person, it is not the wanted one, or the controller's clock
            is wrong.
        TokenError: the person is no member of the tenant.
    """
    cloud, application = requests[0].cloud, public_application(requests[0], cache)
    flow = ask(cloud, lambda: application.initiate_device_flow([requests[0].scope]))
    show(str(flow["message"]))
    answer = ask(cloud, lambda: application.acquire_token_by_device_flow(flow))
    user = str(answer["id_token_claims"]["oid"])
    accounts = _accounts(cloud, application)
    same = [account for account in accounts if account["local_account_id"] == user]
    try:
        require_in_time(cloud, answer)
        _token(requests[0], answer)
        _require_user(requests[0], same)
    except AgentError:
        _forget(cloud, application, same)
        raise
    _forget(cloud, application, [account for account in members(requests[0], accounts) if account not in same])
    return _described(_redeemed(requests, application))


def _require_user(request: Request, accounts: list[t.Any]) -> None:
    """Refuse an account that later runs would not find by the user name that they are given."""
    wanted, names = request.sign_in.username, [str(account["username"]) for account in accounts]
    if wanted and wanted.lower() not in [name.lower() for name in names]:
        who = ", ".join(names)
        raise SignInError(f"{who} has signed in and is not kept, as 'username' is {wanted}: sign in as {wanted}, or change 'username'.")


def _accounts(cloud: Cloud, application: t.Any) -> list[t.Any]:
    accounts: list[t.Any] = ask(cloud, application.get_accounts, plain=True)
    return accounts


def _forget(cloud: Cloud, application: t.Any, accounts: t.Iterable[t.Any]) -> None:
    for account in accounts:
        ask(cloud, functools.partial(application.remove_account, account), plain=True)


def _redeemed(requests: t.Sequence[Request], application: t.Any) -> list[tuple[Request, Answer]]:
    """Fetch a token for each audience; an audience that the client has no consent for is left out, since no person can change that."""
    found: list[tuple[Request, Answer]] = []
    refusal: SignInError | None = None
    for request in requests:
        try:
            answer = silent(request, application)
        except SignInError as error:
            if error.code not in CONSENT:
                raise
            refusal = error
            continue
        if answer is None:
            return []
        found.append((request, answer))
    if refusal and not found:
        raise refusal
    return found


def _described(found: list[tuple[Request, Answer]]) -> KeptSignIn | None:
    if not found:
        return None
    tokens = [_token(request, answer) for request, answer in found]
    may_register = next((_may_register(request, answer) for request, answer in found if _registers(request)), None)
    return KeptSignIn(next((token.upn for token in tokens if token.upn), ""), min(token.expires_at for token in tokens), may_register)


def _registers(request: Request) -> bool:
    return request.audience == "registration"


def _may_register(request: Request, answer: Answer) -> bool:
    try:
        _token(request, answer, roles=True)
    except TokenError:
        return False
    return True


def _token(request: Request, answer: Answer, *, roles: bool = False) -> Token:
    audience_id = None if _registers(request) else GRAPH
    return read_token(
        str(answer["access_token"]), request.tenant_id, request.scope.rpartition("/")[0], audience_id=audience_id, roles=roles
    )
