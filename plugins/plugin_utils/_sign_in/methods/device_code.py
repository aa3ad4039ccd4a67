# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method device_code: the sign-in that a person has made before, with the module sign_in; nobody is there to enter a code now.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import os

from ..._core.errors import SignInError
from ..access import Request, SignIn
from ..cache import CACHE_PATH, open_cache
from ..msal_client import public_application, silent
from .method import Method


def cache_file(sign_in: SignIn) -> str:
    """Return the path of the cache."""
    return os.path.abspath(os.path.expanduser(sign_in.value("cache_path")))


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    path, username = cache_file(request.sign_in), request.sign_in.username
    try:
        answer = silent(request, public_application(request, open_cache(path))) if os.path.exists(path) else None
    except SignInError as error:
        if error.code is None:
            raise
        raise SignInError(f"The sign-in in '{path}' does not work, run playbooks/sign_in.yml again. {error}", error.code) from error
    if answer is None:
        who = f"{username} in " if username else ""
        raise SignInError(f"There is no sign-in of {who}tenant {request.tenant_id} in '{path}': run playbooks/sign_in.yml first.")
    return str(answer["access_token"]), kept


METHOD = Method("device_code", _obtain, options={"cache_path": {"type": "path", "default": CACHE_PATH}, "username": {"type": "str"}})
