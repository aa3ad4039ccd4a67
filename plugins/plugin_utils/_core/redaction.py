# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of a log what may be a secret, before a part of it is shown.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re

MASK = "********"

_JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*")
_BEARER = re.compile(r"\b(?P<name>bearer)\s+(?P<value>[\w.~+/=-]{16,})", re.IGNORECASE)
#: user:password@ in an address, such as a proxy's.
_USER_INFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@'\"]+@", re.IGNORECASE)
#: PASSWORD=..., "accessToken": "...", -Credential '...', and Burn's "variable 'Password' to value '...'"; the value is quoted, or ends at
#: a blank, comma, semicolon or ampersand.
_NAMED = re.compile(
    r"(?P<name>[\w-]*(?:password|passwd|pwd|secret|token|credential|apikey|api[_-]key|passphrase)[\w-]*)"
    r"(?P<sign>['\"]?\s*[=:]\s*|'?\s+to value\s+|\s+)"
    r"(?P<value>'[^'\r\n]*'|\"[^\"\r\n]*\"|[^\s,;&'\"]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text with tokens, passwords in addresses, and values of names that sound secret masked."""
    text = _JSON_WEB_TOKEN.sub(MASK, text)
    text = _BEARER.sub(lambda match: f"{match['name']} {MASK}", text)
    text = _USER_INFO.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    return _NAMED.sub(_mask_named, text)


def _mask_named(match: re.Match[str]) -> str:
    # Without a sign between them (a switch such as -AccessToken VALUE) only a switch's value is one; prose is left alone.
    if not match["sign"].strip("'\" ") and not match["name"].startswith("-"):
        return match[0]
    return f"{match['name']}{match['sign']}{MASK}"
