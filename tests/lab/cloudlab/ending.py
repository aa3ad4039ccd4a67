# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends labs: a lab that is to end, those whose owner has died, or all of this clone of the repository (make clean).

    python3 -m cloudlab.ending

ends all. Standard library only, so that it works while the virtual environment is half made.
Every lab has an entry in .build/labs, from before its folder is made until after it is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloudlab.errors import LabError
from cloudlab.limits import WaitError, wait_for
from cloudlab.paths import BUILD, GOLDEN, State
from cloudlab.processes import OWNER, OWNERS_BUILD, Environment, end_all, end_owners, lives
from cloudlab.windows.prefix import Prefix

LABS = BUILD / "labs"
#: The environment's variable by which a lab's servers, and what they start, are known: the folder of the lab's state.
LAB = "CLOUDLAB_LAB"


def register(state: State, owner: str | None) -> None:
    """Note who owns a lab (processes.name_of), None for one that lives until 'lab down'."""
    LABS.mkdir(parents=True, exist_ok=True)
    entry, new = _entry(state), _entry(state).with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"state": str(state.path), "owner": owner}), encoding="utf-8")
    new.replace(entry)


def is_lab(state: State) -> bool:
    """Return whether a lab is or was in that folder, half up or damaged too."""
    return _entry(state).exists() or state.file.exists()


def down(state: State) -> None:
    """End every process of the lab and remove its folder.

    Raises:
        LabError: what is there is no lab's, and stays.
    """
    if state.path.exists() and not is_lab(state):
        raise LabError(f"{state.path} is no lab's folder, and was left alone: name the folder of a lab with --state.")
    hosts = sorted(state.hosts.iterdir()) if state.hosts.is_dir() else []
    # All at once, since each takes its second; the hosts after the servers, which would see them go.
    with ThreadPoolExecutor() as pool:
        list(pool.map(end_server, _servers(state)))
        list(pool.map(lambda path: Prefix(path).stop(), hosts))
    # What a state that is damaged or half written does not name, and programs that their host's server did not reach.
    end_all(lambda environment: _is_of(state, environment))
    if state.path.exists():
        shutil.rmtree(state.path)
    _entry(state).unlink(missing_ok=True)


def sweep() -> None:
    """End what owners left that have died: their processes and their labs."""
    with _one_at_a_time():
        end_all(lambda environment: _is_ours(environment) and not lives(environment[OWNER]))
        for state, owner in _registered():
            if owner is not None and not lives(owner):
                down(state)


def end_everything() -> None:
    """End every process and every lab of this clone, whoever owns it and whether it lives."""
    with _one_at_a_time():
        end_owners(_is_ours)
        end_all(_is_ours)
        for state, _ in _registered():
            down(state)
        # The golden host has programs of its own while it is built.
        if GOLDEN.is_dir():
            Prefix(GOLDEN).stop()
        end_all(lambda environment: _is_on_host_below(BUILD, environment))


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    LABS.mkdir(parents=True, exist_ok=True)
    with open(LABS / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _registered() -> list[tuple[State, str | None]]:
    entries = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(LABS.glob("*.json"))]
    return [(State(Path(entry["state"])), entry["owner"]) for entry in entries]


def _entry(state: State) -> Path:
    return LABS / f"{hashlib.sha256(str(state.path).encode()).hexdigest()[:16]}.json"


def _is_ours(environment: Environment) -> bool:
    return OWNER in environment and environment.get(OWNERS_BUILD) == str(BUILD)


def _is_of(state: State, environment: Environment) -> bool:
    """Return whether a process is one of a lab's servers, what they started, or a program on one of its hosts."""
    return environment.get(LAB) == str(state.path) or _is_on_host_below(state.path, environment)


def _is_on_host_below(folder: Path, environment: Environment) -> bool:
    return Path(environment.get("WINEPREFIX", "/")).is_relative_to(folder)


def _servers(state: State) -> list[int]:
    """The processes that the lab's state names; none where it cannot be read: they are found by their environment then."""
    try:
        data: Any = json.loads(state.file.read_text(encoding="utf-8"))
        return [int(process) for process in data["processes"].values()]
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return []


def end_server(process: int) -> None:
    """End one of a lab's servers: politely, then not."""
    command = Path(f"/proc/{process}/cmdline")
    with contextlib.suppress(ProcessLookupError):
        if not command.exists() or b"cloudlab." not in command.read_bytes():
            return  # ended long ago, and its number may be somebody else's now
        os.kill(process, signal.SIGTERM)
        try:
            wait_for(f"the end of process {process}", lambda: not is_alive(process))
        except WaitError:
            os.kill(process, signal.SIGKILL)


def is_alive(process: int) -> bool:
    """Return whether one of a lab's servers lives."""
    # A child that has just been started has no command line yet, which only a stranger needs to be known by.
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(process, os.WNOHANG)[0] == 0
    try:
        return b"cloudlab." in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    end_everything()
