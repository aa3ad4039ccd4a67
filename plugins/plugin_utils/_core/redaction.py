# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what may be a secret out of texts and addresses, before they are shown. All masking is here.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

MASK = "********"

_JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*")
_BEARER = re.compile(r"\b(?P<name>bearer)\s+(?P<value>[\w.~+/=-]{16,})", re.IGNORECASE)
#: user:password@ in an address, such as a proxy's, up to the last @: a password that was not encoded may hold @ and / itself.
_USER_INFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,30}://)[^\s'\"<>]{1,1024}@", re.IGNORECASE)
#: The same in an address without a scheme, as Windows takes a proxy's.
_BARE_USER_INFO = re.compile(r"(?<![\w/@.-])[^\s/@:'\"<>=(]{1,256}:[^\s/@'\"<>]{1,256}@(?=[\w\[])")
#: A parameter in an address' query: a shared access signature (sig), a function's key (code), whatever else it is called.
_QUERY = re.compile(r"(?P<name>(?:[?&]|&amp;)[\w.~%$+-]{1,64}=|\bsig=)[^\s&#'\"<>]+")
_BEHIND_PATH = re.compile(r"(?P<sign>[?#]).+", re.DOTALL)
#: PASSWORD=..., "accessToken": "...", -Credential '...', and Burn's "variable 'Password' to value '...'"; the value is quoted, or ends at
#: a blank, comma, semicolon or ampersand.
_NAMED = re.compile(
    r"(?P<name>[\w-]*(?:password|passwd|pwd|secret|token|credential|apikey|api[_-]key|access[_-]?key|accountkey|passphrase)[\w-]*)"
    r"(?P<sign>['\"]?\s*[=:]\s*|'?\s+to value\s+|\s+)"
    r"(?P<value>'[^'\r\n]*'|\"[^\"\r\n]*\"|[^\s,;&'\"]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text with tokens, passwords in addresses, and values of names that sound secret masked."""
    text = _JSON_WEB_TOKEN.sub(MASK, text)
    text = _BEARER.sub(lambda match: f"{match['name']} {MASK}", text)
    return _NAMED.sub(_mask_named, _mask_in_text(text))


def mask_addresses(value: t.Any) -> t.Any:
    """Return a text, or what holds texts (a task's result), whose addresses have user names, passwords and their queries' values masked."""
    if isinstance(value, dict):
        return {key: mask_addresses(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [mask_addresses(part) for part in value]
    return _mask_in_text(value) if isinstance(value, str) else value


def masked_address(address: str) -> str:
    """Return what is known to be one address, well-formed or not, fit to be shown: all before its last @ and after its path is masked."""
    scheme, sign, rest = address.partition("://") if "://" in address else ("", "", address)
    user, at, place = rest.rpartition("@")
    return f"{scheme}{sign}{MASK if user else ''}{at}{_BEHIND_PATH.sub(lambda match: match['sign'] + MASK, place)}"


def _mask_in_text(text: str) -> str:
    text = _USER_INFO.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    text = _BARE_USER_INFO.sub(f"{MASK}@", text)
    return _QUERY.sub(lambda match: f"{match['name']}{MASK}", text)


def _mask_named(match: re.Match[str]) -> str:
    # Without a sign between them (a switch such as -AccessToken VALUE) only a switch's value is one; prose is left alone.
    if not match["sign"].strip("'\" ") and not match["name"].startswith("-"):
        return match[0]
    return f"{match['name']}{match['sign']}{MASK}"
