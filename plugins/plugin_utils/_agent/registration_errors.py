# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words the steps of a registration that failed, each with its remedy.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from .._troubleshooting.entries import Code, Symptom
from .._troubleshooting.registration import REGISTRATION
from .answers import Step

_NUMBER = re.compile(r"0x[0-9A-F]{8}")


def failed_steps(steps: t.Sequence[Step]) -> str:
    """Return one sentence for each step that failed, '' when none did."""
    return " ".join(_sentence(step, step.error) for step in steps if step.error)


def _sentence(step: Step, error: str) -> str:
    symptom = Symptom(error, tuple(map(_code, step.codes)), step.exceptions)
    return f"The step '{step.name}' ({step.target}) failed: {error.strip().rstrip('.')}; {REGISTRATION.remedy(symptom)}."


def _code(text: str) -> Code:
    return int(text, 16) if _NUMBER.fullmatch(text) else text
