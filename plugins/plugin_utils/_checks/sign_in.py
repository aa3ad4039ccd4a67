# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of the sign-in: whether it may register, where the host needs that and somebody has tried.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .check import Finding, Look, RegistrationSignIn, check


def _tried(look: Look) -> bool:
    """A registration is still to be done, and a sign-in is given."""
    return look.cloud.sign_in is not None


@check(
    "sign_in",
    "whether the sign-in may register the agent, where that is still to be done",
    of="cloud",
    facts=("C6", "C11", "C13"),
    needs=_tried,
    blocks=True,
)
def _sign_in(look: Look) -> Finding:
    tried, expected = t.cast(RegistrationSignIn, look.cloud.sign_in), "a token for the registration"
    if tried.problem:
        return Finding("fail", expected, tried.problem.rstrip("."), "correct the sign-in, then run it again")
    return Finding("pass", expected, f"of {tried.user}")
