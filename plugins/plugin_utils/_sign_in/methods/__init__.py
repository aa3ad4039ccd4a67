# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods of the option sign_in: a file for each, and a row here. No method imports another.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""

from __future__ import annotations

from . import access_token, azure_cli, certificate, client_secret, device_code, password, refresh_token
from .method import Method

__all__ = ["METHODS", "Method"]

#: By name, in the order in which a user is advised of them.
METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        device_code.METHOD,
        password.METHOD,
        refresh_token.METHOD,
        access_token.METHOD,
        azure_cli.METHOD,
        client_secret.METHOD,
        certificate.METHOD,
    )
}
