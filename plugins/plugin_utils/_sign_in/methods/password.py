# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method password: a user signs in with a name and a password, without MFA.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t
from xml.etree import ElementTree

from ..._core.errors import SignInError
from ..access import Request
from ..msal_client import as_user
from ..refusals import FEDERATION
from .method import SECRET, Method


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    return as_user(request, kept, _sign_in)


def _sign_in(request: Request, application: t.Any) -> t.Any:
    username, password = request.sign_in.username, request.sign_in.value("password")
    try:
        return application.acquire_token_by_username_password(username, password, [request.scope])
    except (RuntimeError, ElementTree.ParseError) as error:
        # msal's words for what the account's own federation service answers to a wrong password: a fault, or a page that is no XML.
        # They may hold the whole answer, and are not quoted. Each new try would count towards the account's lock.
        raise SignInError(
            f"The sign-in of the federated account {username} at {request.cloud.authority} was refused by its federation service: "
            "correct 'username' or 'password', or use 'device_code'.",
            FEDERATION,
        ) from error


METHOD = Method(
    "password", _obtain, options={"password": SECRET, "username": {"type": "str"}}, required=("username", "password")
)
