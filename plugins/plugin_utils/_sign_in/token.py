# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into an access token before it is used, so that a wrong one is refused with the reason and not with a service's riddle.

The signature is not checked: that is the service's business, and only it has the right keys. What a registration token must be was
learnt from the agent's sibling, the private network connector: a delegated token of a member of the tenant with an active role.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import time
import typing as t

from .._core.errors import TokenError

#: Role template ids that may register an agent: Hybrid Identity Administrator, Global Administrator.
ROLES = frozenset({"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "62e90394-69f5-4237-9190-012177145e10"})
_APPLICATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: By which id a service may name itself in place of its address. Microsoft Graph's is the same in every cloud.
GRAPH = "00000003-0000-0000-c000-000000000000"
#: Those that a token for a service of no known id is asked for by mistake: Graph, Azure Resource Manager, Azure AD Graph.
_OTHER_SERVICES = frozenset((GRAPH, "797f4846-ba00-4fd7-ba43-dac1f8f63013", "00000002-0000-0000-c000-000000000000"))
#: Seconds that a token must still hold to be handed to a host.
MARGIN = 300
_YEAR_10000 = 253402300800


@dataclasses.dataclass(frozen=True)
class Token:
    """An access token with what its claims say; printing it does not show the token.

    Attributes:
        value: the token itself.
        expires_at: when it ends, seconds since 1970.
        upn: the user that signed in.
        tenant_id: the tenant that issued it.
        application: whether it is an application's own, and not a user's.
    """

    value: str = dataclasses.field(repr=False)
    expires_at: int
    upn: str
    tenant_id: str
    application: bool = False


def read_token(
    value: str,
    tenant_id: str,
    audience: str,
    *,
    audience_id: str | None = None,
    roles: bool = False,
    application: bool = False,
    now: float | None = None,
) -> Token:
    """Return the token with its claims, or say why it cannot be used.

    Args:
        value: the access token.
        tenant_id: the tenant that must have issued it.
        audience: what it must be for, with or without a path and a slash at the end.
        audience_id: the id by which the service may name itself instead; None when it is not known.
        roles: whether the user must hold one of ROLES, if the token holds roles at all.
        application: whether an application's own token will do as well as a user's.
        now: the time, seconds since 1970.

    Raises:
        TokenError: the reason, and what to do.
    """
    claims = _claims(value)
    own = not claims.get("scp")
    if own and not application:
        raise TokenError(
            f"The access token for {audience} cannot be used: it is an application's own; sign in as a user, Microsoft accepts no other "
            "here."
        )
    fits = _same_audience(str(claims.get("aud", "")).lower(), audience.lower(), audience_id)
    elsewhere = [] if fits else [f"it was issued for {claims.get('aud')}; ask for a token with the right scope"]
    for problem in (*elsewhere, *_problems(claims, tenant_id, roles, time.time() if now is None else now)):
        raise TokenError(f"The access token for {audience} cannot be used: {problem}.")
    upn = str(claims.get("upn") or claims.get("unique_name") or claims.get("preferred_username") or "")
    return Token(value, int(claims["exp"]), upn, str(claims["tid"]), application=own)


def expiry(value: str) -> float:
    """Return when a token ends, seconds since 1970; 0 when it does not say, which read_token refuses."""
    return float(_time(_claims(value), "exp") or 0)


def is_out_of_time(value: str, now: float | None = None) -> bool:
    """Whether a token is over already, or not valid yet, by more than a host's margin."""
    now, start = time.time() if now is None else now, _time(_claims(value), "nbf")
    # A token without an end is of the wrong kind, and not of the wrong time: read_token refuses it.
    return 0 < expiry(value) < now + MARGIN or (start is not None and start > now + MARGIN)


def _time(claims: dict[str, t.Any], name: str) -> int | None:
    """Return a time of the claims, seconds since 1970; None where they have none that is before the year 10000."""
    value = claims.get(name)
    return value if isinstance(value, int) and 0 <= value < _YEAR_10000 else None


def _claims(value: str) -> dict[str, t.Any]:
    parts = value.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, RecursionError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise TokenError("The access token is not readable: give the token itself (three parts with dots between), without quotes.")
    return claims


def _problems(claims: dict[str, t.Any], tenant_id: str, roles: bool, now: float) -> t.Iterator[str]:
    if str(claims.get("tid", "")).lower() != tenant_id.lower():
        yield f"it was issued by tenant {claims.get('tid')}, not by {tenant_id}; sign in to the right tenant"
    if _is_guest(claims, tenant_id):
        yield "its user is a guest; use a work account that is a member of the tenant"
    if (_time(claims, "exp") or 0) < now + MARGIN:
        yield "it has ended or ends within five minutes; fetch a new one"
    wids = claims.get("wids")
    if roles and wids is not None and not (isinstance(wids, list) and ROLES & {str(role).lower() for role in wids}):
        yield "its user is neither Hybrid Identity Administrator nor Global Administrator; activate the role, then fetch a new one"


def _is_guest(claims: dict[str, t.Any], tenant_id: str) -> bool:
    """A guest's token names who knows the account: another tenant's issuer, live.com, google.com, mail; a member's does not."""
    home = str(claims.get("idp") or "").lower()
    return (bool(home) and tenant_id.lower() not in home) or "#EXT#" in str(claims.get("upn") or claims.get("unique_name") or "")


def _same_audience(actual: str, wanted: str, wanted_id: str | None) -> bool:
    if actual.rstrip("/") == wanted.rstrip("/") or not _APPLICATION_ID.fullmatch(actual):
        return actual.rstrip("/") == wanted.rstrip("/")
    # An id cannot be compared with an address; but some are known to be others'.
    return actual == wanted_id if wanted_id else actual not in _OTHER_SERVICES
