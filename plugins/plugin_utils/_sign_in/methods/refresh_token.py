# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method refresh_token: a sign-in that was made elsewhere goes on here.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from ..access import Request
from ..msal_client import as_user
from .method import SECRET, Method


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    return as_user(request, kept, _redeem)


def _redeem(request: Request, application: t.Any) -> t.Any:
    return application.acquire_token_by_refresh_token(request.sign_in.value("refresh_token"), [request.scope])


METHOD = Method("refresh_token", _obtain, options={"refresh_token": SECRET}, required=("refresh_token",))
