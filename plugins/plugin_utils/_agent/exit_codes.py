# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explains the installer's exit codes, in every form that Windows hands them over.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._troubleshooting.entries import Symptom, windows_error
from .._troubleshooting.exit_codes import EXIT_CODES, Outcome


class ExitCode(t.NamedTuple):
    """One exit code: its number without the HRESULT prefix, what it means, and what to do about it."""

    number: int
    outcome: Outcome
    meaning: str
    remedy: str


def explain_exit_code(code: int) -> ExitCode:
    """Return the meaning of a process's exit code, given as Windows does (also as a negative HRESULT)."""
    number = windows_error(code)
    entry = EXIT_CODES.find(Symptom(codes=(number,)))
    if entry is None:
        return ExitCode(number, Outcome.FAILED, f"unknown exit code 0x{code & 0xFFFFFFFF:08x}", EXIT_CODES.otherwise)
    return ExitCode(number, Outcome(entry.kind), entry.meaning, entry.remedy)
