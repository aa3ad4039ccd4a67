# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the lab's PowerShell write down what files name and call (walk.ps1), once for the same files."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import tempfile
import typing as t
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudlab.paths import BUILD, GOLDEN, STAMPS
from cloudlab.windows.prefix import Prefix, clone, windows_path

_SCRIPT = Path(__file__).with_name("walk.ps1")
_CACHE = BUILD / "payload-checks"


@dataclass(frozen=True)
class Note:
    """What stands at one place of a file; what else there is to say of it depends on the kind (see walk.ps1)."""

    kind: str
    line: int
    offset: int
    #: The function that it stands in, '' for none; " (text)" behind it: in a block that runs in a process of its own.
    function: str
    values: dict[str, t.Any]

    def __getitem__(self, name: str) -> t.Any:
        """Return one of the values."""
        return self.values[name]


@dataclass(frozen=True)
class Source:
    """One file: its syntax errors, and its notes in their order."""

    path: Path
    errors: list[str]
    notes: list[Note]
    #: The types and the members of all C# that the files hold.
    own: frozenset[str]
    #: The functions that it can call, its own and those of library/, with their parameters in small letters.
    functions: dict[str, frozenset[str]]

    def of(self, *kinds: str) -> list[Note]:
        """Return the notes of these kinds."""
        return [note for note in self.notes if note.kind in kinds]


def walk(files: Sequence[Path]) -> list[Source]:
    """Return what stands in the files; the functions of those in a folder library/ are known in all others."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        answer = _CACHE / f"{_digest(files)}.json"
        if not answer.exists():
            _ask_powershell(files, answer)
        entries = json.loads(answer.read_text(encoding="utf-8"))
    return _sources(files, entries)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with open(_CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(files: Sequence[Path]) -> str:
    """Return a digest of all that the answer depends on: the files, the walker, and the PowerShell that walks."""
    digest = hashlib.sha256()
    for file in (_SCRIPT, STAMPS / "golden-host", *files):
        digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _ask_powershell(files: Sequence[Path], answer: Path) -> None:
    """Walk the files on a host of its own, which goes away afterwards: the golden host may be cloned at the same time."""
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        listed, unfinished = Path(folder, "files.txt"), Path(folder, "answer.json")
        listed.write_text("\r\n".join(windows_path(file) for file in files), encoding="utf-8")
        host = clone(Prefix(GOLDEN), Path(folder, "host"))
        host.keep_up()
        try:
            arguments = ("-ListPath", windows_path(listed), "-AnswerPath", windows_path(unfinished))
            # Without the lab's start-up hooks, of which one stands in front of the C# compiler, and without .NET's counting of what it
            # might compile again: that takes as long as the walk.
            plain = {"DOTNET_STARTUP_HOOKS": "", "DOTNET_TieredPGO": "0"}
            host.run("powershell.exe", "-NoProfile", "-NonInteractive", "-File", windows_path(_SCRIPT), *arguments, environment=plain)
        finally:
            host.stop()
        for older in _CACHE.glob("*.json"):
            older.unlink()
        unfinished.rename(answer)


def _sources(files: Sequence[Path], entries: list[dict[str, t.Any]]) -> list[Source]:
    own = frozenset(name for entry in entries for note in entry["notes"] if note["kind"] == "library" for name in note["names"])
    notes = [sorted(map(_note, entry["notes"]), key=lambda note: note.offset) for entry in entries]
    library = _functions(note for file, found in zip(files, notes, strict=True) if file.parent.name == "library" for note in found)
    return [
        Source(file, entry["errors"], found, own, {**library, **_functions(found)})
        for file, entry, found in zip(files, entries, notes, strict=True)
    ]


def _functions(notes: Iterable[Note]) -> dict[str, frozenset[str]]:
    defined = (note for note in notes if note.kind == "definition")
    return {note["name"]: frozenset(name.lower() for name in note["parameters"]) for note in defined}


def _note(values: dict[str, t.Any]) -> Note:
    return Note(values.pop("kind"), values.pop("line"), values.pop("offset"), values.pop("function"), values)
