# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method client_secret: an application signs in with its secret.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from ..access import Request
from ..msal_client import as_application
from .method import SECRET, Method


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    return as_application(request, request.sign_in.value("client_secret")), kept


METHOD = Method(
    "client_secret", _obtain, options={"client_secret": SECRET}, required=("client_id", "client_secret"), application=True
)
