# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs in to the tenant, once a run and for both audiences: the registration service and Microsoft Graph.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._core.clouds import Cloud
from .._core.errors import ConfigurationError, SignInError
from .access import Access, Audience, Request, SignIn
from .methods import METHODS
from .refusals import SIGN_IN_ITSELF
from .token import GRAPH, MARGIN, Token, expiry, read_token

Value = dict[str, t.Any]

#: How long a refusal is remembered: longer than any run, since each new try of a wrong password counts towards the account's lock.
_REFUSED_SECONDS = 7 * 24 * 3600
#: How long trouble that may pass is remembered, such as a network's.
_TROUBLE_SECONDS = 60


def acquire(access: Access, audience: Audience, rejected: str | None = None) -> Token:
    """Return a checked token, signing in only if the run has none yet or its own is near its end.

    Args:
        access: the access to the tenant.
        audience: what the token is for.
        rejected: the value of a token that the service has refused (401); another one is fetched for it, once.

    Raises:
        ConfigurationError: the cloud's registration scope is not known, or the method has no token for this audience.
        SignInError: Microsoft refused the sign-in, or could not be reached.
        TokenError: the token is of the wrong kind.
    """
    scope = scope_for(access.sign_in, access.cloud, audience)
    value = _RunSignIn(Request(access, scope), rejected).token()
    registers = audience == "registration"
    audience_id = None if registers else GRAPH
    token = read_token(
        value, access.tenant_id, scope.rpartition("/")[0], audience_id=audience_id, roles=registers, application=not registers
    )
    return dataclasses.replace(token, upn=token.upn or access.sign_in.username)


def scope_for(sign_in: SignIn | None, cloud: Cloud, audience: Audience) -> str:
    """Return the scope of an audience's token.

    Args:
        sign_in: how to sign in; None to ask about the cloud alone.
        cloud: which cloud.
        audience: what the token is for.

    Raises:
        ConfigurationError: this sign-in or this cloud has no token for it.
    """
    if audience == "registration" and not cloud.registration_scope:
        raise ConfigurationError(
            f"No registration scope is known for the cloud {cloud.name}: describe the cloud as a dictionary with 'registration_scope', "
            "or register its agents with the wizard."
        )
    if sign_in:
        _require_audience(sign_in, audience)
    return str(cloud.registration_scope) if audience == "registration" else f"{cloud.graph}/.default"


def _require_audience(sign_in: SignIn, audience: Audience) -> None:
    method = METHODS[sign_in.method]
    if audience == "registration" and method.application:
        *users, last = [method.name for method in METHODS.values() if not method.application]
        raise ConfigurationError(
            f"'sign_in' has the method {method.name}: an application cannot register an agent, Microsoft accepts only a user's "
            f"delegated token. Use {', '.join(users)} or {last}."
        )
    method.serves(sign_in, audience)


class _RunSignIn:
    """A sign-in as all hosts of a run share it.

    What the store keeps of it is {"kept": what the method needs for its next token, "refusal": an entry or None, "tokens":
    {scope: entry}}. An entry has "until", and either "value" or "error" and "code". A refused sign-in is kept too: a wrong password
    tried by every host would lock the account.
    """

    def __init__(self, request: Request, rejected: str | None) -> None:
        self._request, self._rejected = request, rejected
        self._known: Value = {"kept": "", "refusal": None, "tokens": {}}

    def token(self) -> str:
        """Return the token.

        Raises:
            SignInError: the sign-in is refused, now or before in this run.
        """
        access = self._request.access
        entry = self._entry(access.store.get_or_create(f"sign-in {access.cloud.authority} {access.key}", self._renewed, self._serves))
        if "error" in entry:
            raise SignInError(entry["error"], entry["code"])
        return str(entry["value"])

    def _entry(self, known: Value) -> Value:
        entry: Value = known["refusal"] or known["tokens"].get(self._request.scope) or {}
        return entry

    def _serves(self, known: Value) -> bool:
        # The store shows what it has before it asks for something new, and that is made from it.
        self._known = known
        entry = self._entry(known)
        return bool(entry) and entry["until"] > time.time() and not self._is_rejected(entry)

    def _is_rejected(self, entry: Value) -> bool:
        return self._rejected is not None and entry.get("value") == self._rejected

    def _renewed(self) -> Value:
        known, scope = self._known, self._request.scope
        entry, kept = self._new_entry(known["tokens"].get(scope) or {})
        others = {name: kept for name, kept in known["tokens"].items() if name != scope}
        # Consent, scopes and policies are a matter of one audience; and a sign-in that has brought a token before is good in itself.
        everywhere = "error" in entry and entry["code"] in SIGN_IN_ITSELF and not any("value" in kept for kept in others.values())
        return {"kept": kept, "refusal": entry if everywhere else None, "tokens": {**others, scope: entry}}

    def _new_entry(self, before: Value) -> tuple[Value, str]:
        """Return a new entry in place of the one before, and what is to be kept of the sign-in."""
        kept, rejected = self._known["kept"], self._is_rejected(before)
        if rejected and before["replaced"]:
            return _refusal(SignInError(self._rejected_again()), _REFUSED_SECONDS), kept
        try:
            value, kept = METHODS[self._request.sign_in.method].obtain(self._wanted(), kept)
        except SignInError as error:
            return _refusal(error, _REFUSED_SECONDS if error.code else _TROUBLE_SECONDS), kept
        if value == self._rejected:
            return _refusal(SignInError(self._rejected_again()), _TROUBLE_SECONDS), kept
        return {"value": value, "until": expiry(value) - MARGIN, "replaced": rejected}, kept

    def _wanted(self) -> Request:
        return dataclasses.replace(self._request, renew=self._rejected is not None)

    def _rejected_again(self) -> str:
        return (
            f"The service for {self._request.scope} rejected the token, and a new sign-in does not help: look into the tenant's sign-in "
            "log, sign in afresh, and run it again."
        )


def _refusal(error: SignInError, seconds: int) -> Value:
    return {"error": str(error), "code": error.code, "until": time.time() + seconds}
