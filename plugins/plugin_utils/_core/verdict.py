# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task's work on a host has ended.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How something ended on a host.

    Attributes:
        found: what a module returns of it, by the names of its return values.
        problem: why the task fails, in sentences; '' when it does not.
    """

    found: t.Mapping[str, t.Any]
    problem: str = ""
