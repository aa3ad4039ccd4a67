# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that answers with what payloads have answered in the lab: recorded/*.json, one file for each answer."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")


def recorded(name: str) -> dict[str, t.Any]:
    """Return a payload's answer."""
    return t.cast(dict[str, t.Any], json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8")))


class RecordedHost:
    """Answers each payload with the next of these; one more than there are is a failure of the test."""

    def __init__(self, *answers: dict[str, t.Any]) -> None:
        self.left = list(answers)

    def win_powershell(self, arguments: dict[str, t.Any], *, check: bool) -> dict[str, t.Any]:
        assert self.left, "a payload was run that the test has no answer for"
        return {"result": json.dumps(self.left.pop(0)), "changed": False}

    def put_file(self, local: str, remote: str) -> None:
        raise AssertionError(f"{local} was copied to {remote}")
