# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about order: what has to have been done before, followed through the functions of each payload and session from its first line on.

Conditions are not followed: what stands in a branch counts as done. It is there for Windows PowerShell, as in
`if ($PSVersionTable.PSVersion.Major -lt 6) { Add-Type ... }`, or for hosts that need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from payload_checks.finding import Finding
from payload_checks.framework import LOADED, framework
from payload_checks.walk import Note, Source

_INCLUDE = re.compile(r"^# include: (?P<file>[a-z_]+\.ps1)$", re.MULTILINE)
_TLS, _PROXY = "[System.Net.ServicePointManager]::SecurityProtocol", "[System.Net.WebRequest]::DefaultWebProxy"


@dataclass
class _Run:
    """One payload or session with the files that it includes: goes through it as PowerShell would, and notes what comes too early."""

    sources: Sequence[Source]
    done: set[str] = field(default_factory=set)
    found: dict[tuple[Path, int, str], Finding] = field(default_factory=dict)
    _called: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    def go(self) -> None:
        for source in self.sources:
            self._pass_through(source, [note for note in source.notes if not note.function])
        texts = {(source.path, note.function) for source in self.sources for note in source.notes if note.function.endswith(" (text)")}
        for source in self.sources:
            for path, name in texts:
                if path == source.path:
                    # A process of its own has nothing of what this one has loaded.
                    self.done = set()
                    self._pass_through(source, [note for note in source.notes if note.function == name])

    def _call(self, name: str) -> None:
        state = (name.lower(), frozenset(self.done))
        if state in self._called:
            return
        self._called.add(state)
        for source in self.sources:
            notes = [note for note in source.notes if note.function.lower() == name.lower()]
            self._pass_through(source, notes)

    def _pass_through(self, source: Source, notes: Sequence[Note]) -> None:
        for note in notes:
            if note.kind == "command":
                self._command(source, note)
            elif note.kind == "assignment" and note["target"] in (_TLS, _PROXY):
                self.done.add(note["target"])
            elif note.kind in ("type", "new", "static"):
                self._need_assembly(source, note)

    def _command(self, source: Source, note: Note) -> None:
        values = {given["name"].lower(): given["value"] for given in note["parameters"]}
        if note["command"] == "Add-Type" and "assemblyname" in values:
            self.done.update(values["assemblyname"].replace("'", "").split(", "))
        elif note["command"] == "Import-Module":
            for wanted, what in ((_TLS, "TLS 1.2"), (_PROXY, "the proxy")):
                if wanted not in self.done:
                    self._find(source, note, "network-of-a-session", f"a module is imported before {what} is set ({wanted})")
        else:
            self._call(note["command"])

    def _need_assembly(self, source: Source, note: Note) -> None:
        for name in note.values.get("types", [note.values.get("type")]):
            found = framework().find(name)
            if found and found.assembly not in LOADED | self.done:
                message = f"[{found.name}] needs 'Add-Type -AssemblyName {found.assembly}' before it in Windows PowerShell"
                self._find(source, note, "assemblies-before-their-types", message)

    def _find(self, source: Source, note: Note, rule: str, message: str) -> None:
        self.found[source.path, note.line, message] = Finding(source.path, note.line, rule, message)


def order_of_scripts(sources: Sequence[Source]) -> Iterator[Finding]:
    """Go through every script that is no file of library/, with what it includes."""
    library = {source.path.name: source for source in sources if source.path.parent.name == "library"}
    for source in sources:
        if source.path.parent.name != "library":
            run = _Run([*(library[name] for name in _included(source.path, library, set()) if name in library), source])
            run.go()
            yield from run.found.values()


def _included(path: Path, library: dict[str, Source], seen: set[str]) -> Iterator[str]:
    """Return the files that a script includes, and those that these include, in the order in which they run."""
    for match in _INCLUDE.finditer(path.read_text(encoding="ascii")):
        if match["file"] not in seen:
            seen.add(match["file"])
            if match["file"] in library:
                yield from _included(library[match["file"]].path, library, seen)
            yield match["file"]
