# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps snapshots of labs in .build/snapshots, each under a name, and finds them for those who start from one.

A snapshot holds for the code that made it: the lab's own with its set-up, and the inputs that whoever takes it names. Another state of the
code replaces it. Locks order those who take one and those who copy it; one that is half taken lies under another name.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cloudlab import lab
from cloudlab.building import digest_of
from cloudlab.errors import LabError
from cloudlab.paths import LAB, SNAPSHOTS, STAMPS, State
from cloudlab.snapshot import Snapshot

_NAME = re.compile(r"[a-z][a-z0-9-]*")
#: What the lab's hosts do not depend on.
_ASIDE = ("tests", "README.md")
_LAB_DIGEST, _INPUTS_DIGEST = "lab.digest", "inputs.digest"


def take(state: State, name: str, inputs: Iterable[Path] = ()) -> None:
    """Keep what a lab that is up is now, in place of what had the name before. Its hosts restart for it."""
    with _lock(name, fcntl.LOCK_EX):
        _take(state, name, inputs)


def ensure(name: str, inputs: Iterable[Path], make: Callable[[], contextlib.AbstractContextManager[State]]) -> None:
    """Take a snapshot unless there is one that these inputs (files, folders) and this lab made.

    Args:
        name: the snapshot's name.
        inputs: the code that makes the state, beside the lab's own.
        make: gives a lab that is up and in that state; it is left when the snapshot is taken.
    """
    inputs = list(inputs)
    with _lock(name, fcntl.LOCK_EX):
        if not _is_current(name, inputs):
            with make() as state:
                _take(state, name, inputs)


@contextlib.contextmanager
def opened(name: str) -> Iterator[Snapshot]:
    """Return a snapshot to copy from; nobody replaces it meanwhile.

    Raises:
        LabError: there is none of that name, or another state of the lab's code made it.
    """
    missing = f"There is no snapshot {name}: take it with 'lab snapshot {name}' of a lab that is up."
    if not _lock_file(name).exists():
        raise LabError(missing)
    with _lock(name, fcntl.LOCK_SH):
        if not (SNAPSHOTS / name).exists():
            raise LabError(missing)
        if _read(name, _LAB_DIGEST) != _lab_digest():
            raise LabError(f"The snapshot {name} was taken by another version of the lab: take it again with 'lab snapshot {name}'.")
        yield Snapshot(SNAPSHOTS / name)


@contextlib.contextmanager
def _lock(name: str, kind: int) -> Iterator[None]:
    file = _lock_file(name)
    SNAPSHOTS.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(file, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, kind)
        yield


def _lock_file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise LabError(f"{name!r} cannot be a snapshot's name: write small letters, digits and hyphens, a letter first.")
    return SNAPSHOTS / f"{name}.lock"


def _take(state: State, name: str, inputs: Iterable[Path]) -> None:
    for unfinished in SNAPSHOTS.glob(f".{name}.*"):
        shutil.rmtree(unfinished)
    folder = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=SNAPSHOTS))
    try:
        lab.keep(state, Snapshot(folder))
        (folder / _LAB_DIGEST).write_text(_lab_digest(), encoding="utf-8")
        (folder / _INPUTS_DIGEST).write_text(digest_of(inputs), encoding="utf-8")
        shutil.rmtree(SNAPSHOTS / name, ignore_errors=True)
        folder.rename(SNAPSHOTS / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_current(name: str, inputs: Iterable[Path]) -> bool:
    return _read(name, _LAB_DIGEST) == _lab_digest() and _read(name, _INPUTS_DIGEST) == digest_of(inputs)


def _lab_digest() -> str:
    """The lab's code, and what the set-up made of it: certificates come out differently each time."""
    return digest_of([*(entry for entry in sorted(LAB.iterdir()) if entry.name not in _ASIDE), STAMPS])


def _read(name: str, file: str) -> str | None:
    path = SNAPSHOTS / name / file
    return path.read_text(encoding="utf-8") if path.exists() else None
