# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words the steps of a registration that failed, each with its remedy.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._troubleshooting.entries import Symptom
from .._troubleshooting.registration import REGISTRATION
from .answers import Step


def failed_steps(steps: t.Sequence[Step]) -> str:
    """Return one sentence for each step that failed, '' when none did."""
    sentences = [
        f"The step '{step.name}' ({step.target}) failed: {step.error.strip().rstrip('.')}; {REGISTRATION.remedy(Symptom(step.error))}."
        for step in steps
        if step.error
    ]
    return " ".join(sentences)
