# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method access_token: tokens that were fetched elsewhere.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from ..._core.errors import ConfigurationError, SignInError
from ..access import Audience, Request, SignIn
from .method import SECRET, Method

_OPTION: dict[Audience, str] = {"registration": "access_token", "graph": "graph_access_token"}


def _token(sign_in: SignIn, audience: Audience) -> str:
    return sign_in.value(_OPTION[audience]).strip()


def _problem(sign_in: SignIn) -> str:
    if sign_in.value("access_token") or sign_in.value("graph_access_token"):
        return ""
    return "no token: give 'access_token' or 'graph_access_token'"


def _serves(sign_in: SignIn, audience: Audience) -> None:
    if not _token(sign_in, audience):
        purpose = "register" if audience == "registration" else "ask Microsoft Graph"
        raise ConfigurationError(f"'sign_in' has no '{_OPTION[audience]}', which is needed to {purpose}: give it.")


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    if request.renew:
        raise SignInError(f"The service rejected the token in '{_OPTION[request.audience]}': give a new one.")
    return _token(request.sign_in, request.audience), kept


METHOD = Method(
    "access_token",
    _obtain,
    options=dict.fromkeys(("access_token", "graph_access_token"), SECRET),
    problem=_problem,
    serves=_serves,
)
