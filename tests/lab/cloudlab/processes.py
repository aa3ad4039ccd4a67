# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knows who owns what was started, and finds it again: an owner's name travels in the environment, which every process inherits.

An owner is a run of tests, of the demo or of the set-up. What it started has nobody left once it has ended, in whatever way, and may be
ended too.
Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from cloudlab.paths import BUILD

#: The environment's variables: the owner, as name_of() writes it, and the folder of what its clone of the repository has built.
OWNER, OWNERS_BUILD = "CLOUDLAB_OWNER", "CLOUDLAB_BUILD"

Environment = dict[str, str]


def own_what_follows() -> None:
    """Make this process the owner of every process that it starts from now on, unless it has an owner itself."""
    os.environ.setdefault(OWNER, name_of(os.getpid()))
    os.environ.setdefault(OWNERS_BUILD, str(BUILD))


def keep_temporary_files() -> None:
    """Send temporary files, our own and those of what we start, to .build/tmp, which 'make clean' removes."""
    temporary = BUILD / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)


def name_of(process: int) -> str:
    """Return a name of a process that no later one has: its number and its start, in the kernel's ticks.

    Raises:
        FileNotFoundError: there is no such process.
    """
    # The program's name comes second, in brackets, and may hold anything.
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise FileNotFoundError(f"/proc/{process} is of a process that has ended.")
    return f"{process}:{fields[19]}"


def lives(owner: str) -> bool:
    """Return whether the process of that name lives."""
    number = owner.partition(":")[0]
    try:
        return number.isdigit() and name_of(int(number)) == owner
    except (FileNotFoundError, ProcessLookupError):
        return False


def end_all(belongs: Callable[[Environment], bool]) -> None:
    """End this user's processes whose environment is such, but for this one and its ancestors, until there are none."""
    spared = _ancestors()
    while found := [process for process in _processes() if process not in spared and belongs(_environment(process))]:
        for process in found:
            _kill(process)


def end_owners(belongs: Callable[[Environment], bool]) -> None:
    """End the owners, but for this process and its ancestors, of the processes whose environment is such."""
    spared = _ancestors()
    environments = (_environment(process) for process in _processes())
    for owner in {environment[OWNER] for environment in environments if OWNER in environment and belongs(environment)}:
        process = int(owner.partition(":")[0])
        if lives(owner) and process not in spared:
            _kill(process)


def _kill(process: int) -> None:
    """Kill a process and wait until it has ended."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [])
    finally:
        os.close(handle)


def _ancestors() -> set[int]:
    """This process, its parent, and so on: whoever asked for the end of the others."""
    found, process = set(), os.getpid()
    while process > 0:
        found.add(process)
        process = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    return found


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(process: int) -> Environment:
    """Return the environment that a process was started with; that of other users' processes is closed to us, and no concern of ours."""
    try:
        text = Path(f"/proc/{process}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
