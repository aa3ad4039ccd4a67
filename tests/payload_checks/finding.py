# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks find: one Finding for each place that breaks a rule."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from payload_checks.walk import Note, Source


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule; the message says what to write instead."""

    path: Path
    line: int
    rule: str
    message: str

    def at(self, folder: Path) -> str:
        """Return it as one line, the path as it is below a folder."""
        return f"{self.path.relative_to(folder)}:{self.line}: {self.message} [{self.rule}]"


#: A rule over one file: notes of what breaks it, with the message.
FileRule = Callable[[Source], Iterable[tuple[Note, str]]]


def of_rule(rule: FileRule, sources: Sequence[Source]) -> Iterator[Finding]:
    """Return what one rule finds in all files; the rule's name is the function's."""
    for source in sources:
        for note, message in rule(source):
            yield Finding(source.path, note.line, t.cast(str, getattr(rule, "__name__", "")).replace("_", "-"), message)
