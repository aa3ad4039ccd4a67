# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words a sign-in that Microsoft refuses, with its remedy, and says how a run goes on after each.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._core.errors import SignInError
from .._core.redaction import redact
from .._troubleshooting.entries import Symptom
from .._troubleshooting.sign_in import SIGN_IN, Refusal

#: The code of a refusal by the account's own federation service, which speaks WS-Trust and has no numbers.
FEDERATION = "WS-Trust"

#: The OAuth errors that are no refusal, but trouble of the authority's that passes.
PASSING = frozenset(("server_error", "temporarily_unavailable"))

#: The account, its password or the client is refused as such: whatever the token is for, the answer would be the same.
SIGN_IN_ITSELF = SIGN_IN.codes_of(Refusal.SIGN_IN_ITSELF) | {FEDERATION}

#: The client, not the user, is refused: consent is missing or cannot be had for this audience.
CONSENT = SIGN_IN.codes_of(Refusal.CONSENT)

#: A sign-in that was good and has ended: whoever has more than it (a password) can sign in anew.
ENDED = SIGN_IN.codes_of(Refusal.ENDED)


def refused(authority: str, codes: t.Iterable[t.Any], text: str, name: str | None = None) -> SignInError:
    """Return the error for a refusal.

    Args:
        authority: who refused.
        codes: the AADSTS numbers of the answer, the most telling first.
        text: Microsoft's words, or the OAuth error.
        name: what the refusal is called when it has no number, such as the OAuth error.
    """
    numbers = [f"AADSTS{code}" for code in codes]
    code = next((number for number in numbers if is_known(number)), numbers[0] if numbers else name)
    said = f"Microsoft says: {first_line(text)}"
    return SignInError(f"The sign-in at {authority} was refused ({code or 'no number'}): {advice(code)}. {said}", code)


def is_known(code: str) -> bool:
    """Whether the catalogue has an AADSTS number."""
    return SIGN_IN.find(Symptom(codes=(code,))) is not None


def advice(code: str | None) -> str:
    """Return what a refusal means and what to do about it; a general advice where nothing is known."""
    entry = SIGN_IN.find(Symptom(codes=(code,))) if code else None
    return f"{entry.meaning}: {entry.remedy}" if entry else SIGN_IN.otherwise


def first_line(text: str) -> str:
    """Return the first line of Microsoft's words. They have repeated no secret so far; a proxy's or Azure CLI's might."""
    return redact((text.strip().splitlines() or ["nothing"])[0])
