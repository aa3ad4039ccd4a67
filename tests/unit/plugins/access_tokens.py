# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens for tests: unsigned, with the claims of a good one until a test changes them."""

from __future__ import annotations

import base64
import json
import typing as t

from host_facts import TENANT

REGISTRATION = "https://proxy.cloudwebappproxy.net/registerapp"
ADMINISTRATOR = "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2"
NOW = 1_800_000_000
CLAIMS: dict[str, t.Any] = {
    "aud": REGISTRATION,
    "tid": TENANT,
    "upn": "admin@contoso.example",
    "scp": "user_impersonation",
    "exp": NOW + 3600,
    "wids": [ADMINISTRATOR],
}


def token(**changes: t.Any) -> str:
    """Return a token; a claim that is changed to ... is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", json.dumps(claims).encode(), b"signature"))
