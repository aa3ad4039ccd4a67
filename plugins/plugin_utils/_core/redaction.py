# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what may be a secret out of texts and addresses, before they are shown. All masking is here.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import base64
import re
import typing as t

MASK = "********"

# Hosts write the texts: each pattern looks at a character a bounded number of times, whatever the text is. So a word is looked at once,
# from its beginning, and what has been read is not given back (++, *+).

#: The first "eyJ" of a word, which a token begins with, and what follows.
_JSON_WEB_TOKEN = re.compile(r"(?<![\w-])(?>(?P<before>[\w-]*?)eyJ)[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)*+")
_BEARER = re.compile(r"\b(?P<name>bearer)\s++(?P<value>[\w.~+/=-]{16,}+)", re.IGNORECASE)
_BASIC = re.compile(r"\b(?P<name>basic\s++)(?P<value>[a-z0-9+/]{4,}+={0,2})", re.IGNORECASE)
#: What an address ends at; a user name and a password are in front of its last @, since one that was not encoded may hold @ itself.
_ADDRESS = re.compile(r"[^\s'\"<>]++")
#: What may be a user name and a password in an address without a scheme, as Windows takes a proxy's.
_BARE_USER_INFO = re.compile(r"(?<![^\s/@'\"<>])(?P<run>[^\s/@'\"<>]++)@(?=[\w\[])")
#: A parameter in an address' query: a shared access signature (sig), a function's key (code), whatever else it is called.
_QUERY = re.compile(r"(?P<name>(?:[?&]|&amp;)[\w.~%$+-]{1,64}+=|\bsig=)[^\s&#'\"<>]++")
_BEHIND_PATH = re.compile(r"(?P<sign>[?#]).+", re.DOTALL)
_SECRET_WORD = r"password|passwd|pwd|secret|token|credential|apikey|api[_-]key|access[_-]?key|accountkey|passphrase"
#: A word that sounds secret, as a whole.
_NAME = rf"(?<![\w-])(?=[\w-]*?(?:{_SECRET_WORD}))[\w-]++"
#: A value in quotes, with quotes in it that are escaped by a backslash, a backtick or by being doubled; in a text that was cut, to the end
#: of the line. JSON within JSON has backslashes before its own quotes. Without quotes it ends at a blank, comma, semicolon or ampersand.
_VALUE = (
    r"(?:\\\"(?:[^\"\\\r\n]|\\\\(?:\\.|[^\\\"\r\n]))*+(?:\\\")?"
    r"|\"(?:[^\"\\`\r\n]|[\\`].|\"\")*+\"?"
    r"|'(?:[^'\\\r\n]|\\.|'')*+'?"
    r"|[^\s,;&'\"]++)"
)
#: PASSWORD=..., "accessToken": "...", and Burn's "variable 'Password' to value '...'".
_NAMED = re.compile(rf"(?P<name>{_NAME}(?:\\?['\"]?\s*+[=:]\s*+|'?\s++to value\s++)){_VALUE}", re.IGNORECASE)
#: -AccessToken VALUE. In prose a word that sounds secret has no value.
_SWITCH = re.compile(rf"(?P<name>(?=-){_NAME}\s++){_VALUE}", re.IGNORECASE)
_SCHEMES = "basic|bearer|digest|kerberos|negotiate|ntlm|sharedkey"
#: A header, in quotes or to the end of its line.
_AUTHORIZATION = re.compile(
    rf"(?P<name>\b(?:proxy-)?authorization\\?['\"]?\s*+[=:]\s*+)(?:(?=\\?['\"]?(?:{_SCHEMES})\b)(?=\\?['\"]){_VALUE}|(?:{_SCHEMES})\b[^\r\n]*+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text with tokens, passwords in addresses, and values of names that sound secret masked."""
    text = _AUTHORIZATION.sub(_mask_value, text)
    text = _JSON_WEB_TOKEN.sub(lambda match: f"{match['before']}{MASK}", text)
    text = _BEARER.sub(lambda match: f"{match['name']} {MASK}", text)
    text = _BASIC.sub(_mask_basic, text)
    return _SWITCH.sub(_mask_value, _NAMED.sub(_mask_value, _mask_in_text(text)))


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
    text = _ADDRESS.sub(_mask_user_info, text)
    text = _BARE_USER_INFO.sub(_mask_bare_user_info, text)
    return _QUERY.sub(_mask_value, text)


def _mask_value(match: re.Match[str]) -> str:
    return f"{match['name']}{MASK}"


def _mask_user_info(match: re.Match[str]) -> str:
    scheme, sign, rest = match[0].partition("://")
    return f"{scheme}{sign}{MASK}@{rest.rpartition('@')[2]}" if "@" in rest else match[0]


def _mask_bare_user_info(match: re.Match[str]) -> str:
    user, sign, password = match["run"].partition(":")
    # What is in front of the user name, such as "HTTPS_PROXY=" or a bracket, stays.
    begin = max(user.rfind("="), user.rfind("(")) + 1
    return f"{user[:begin]}{MASK}@" if sign and password and user[begin:] else match[0]


def _mask_basic(match: re.Match[str]) -> str:
    """Mask what are a user name and a password in base 64, and no word of a sentence."""
    try:
        plain = base64.b64decode(match["value"], validate=True)
    except ValueError:
        return match[0]
    return _mask_value(match) if b":" in plain else match[0]
