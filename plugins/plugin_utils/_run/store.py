# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that all forks of one ansible-playbook run share, so that tokens and listings are fetched once a run.

Ansible's strategy plugins load the class of every task's action in the main process before they fork a worker for it, so this module is
imported there first: an anonymous shared mapping made at import is inherited by every fork. Nothing of it ever is a file. If some
path imports it in a worker only, that worker has a store of its own: right, but not shared.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import hashlib
import json
import mmap
import os
import tempfile
import threading
import typing as t
import weakref

from .._core.errors import AgentError
from .._core.limit import run_within

Value = dict[str, t.Any]

_HEADER = 8
#: Room for tokens and the listing of some ten thousand agents; pages that are never touched cost nothing.
_SIZE = 32 * 1024 * 1024
#: How long to wait for another fork that makes a value, which has limits of its own; a stopped one keeps the lock.
_WAIT_SECONDS = 3600
#: The byte of the lock's file that stands for the memory itself; the others stand for keys.
_MEMORY = 0

_HELD = (
    f"Another process of this run has held what the hosts share for {_WAIT_SECONDS} seconds: see which one is stopped, end it, then run "
    "this again."
)


class RunStore:
    """A dictionary of JSON objects in shared memory, with a lock for each key: what takes long under one key holds up no other.

    The locks are the kernel's (record locks on bytes of an unlinked, empty file) and no semaphores: when a worker is killed, its own are
    freed. Record locks belong to processes, so a thread lock stands in front of each.
    """

    def __init__(self, size: int = _SIZE) -> None:
        self._memory = mmap.mmap(-1, size)
        # Tokens are in it: a worker that crashes takes none of them into its core dump. Linux alone can leave memory out of that.
        if hasattr(mmap, "MADV_DONTDUMP"):
            self._memory.madvise(mmap.MADV_DONTDUMP)
        # Open as long as the store lives. No record lock is held yet, which the closing of any descriptor would free.
        with tempfile.TemporaryFile() as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self._threads: dict[int, threading.RLock] = collections.defaultdict(threading.RLock)
        self._depth: dict[int, int] = collections.Counter()

    def get_or_create(self, key: str, create: t.Callable[[], Value], fresh: t.Callable[[Value], bool]) -> Value:
        """Return the value under a key; made by create, while others who want this key wait, unless there is a fresh one.

        Args:
            key: its name.
            create: makes it; what it raises goes to the caller and nothing is kept.
            fresh: whether a kept value still serves.

        Raises:
            AgentError: another process holds the key's lock and does not go on.
        """
        with self._locked(_byte(key)):
            with self._locked(_MEMORY):
                kept = self._read()
            if key in kept and fresh(kept[key]):
                return t.cast(Value, kept[key])
            value = create()
            with self._locked(_MEMORY):
                # Others have kept something meanwhile, as create may have itself (a listing's token): what is kept is read again.
                self._write({**self._read(), key: value})
            return value

    @contextlib.contextmanager
    def _locked(self, byte: int) -> t.Iterator[None]:
        with self._threads[byte]:
            if self._depth[byte] == 0:
                run_within(_WAIT_SECONDS, lambda: fcntl.lockf(self._file, fcntl.LOCK_EX, 1, byte), lambda: AgentError(_HELD))
            self._depth[byte] += 1
            try:
                yield
            finally:
                self._depth[byte] -= 1
                if self._depth[byte] == 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)

    def _read(self) -> dict[str, t.Any]:
        length = int.from_bytes(self._memory[:_HEADER], "big")
        if not length:
            return {}
        kept: dict[str, t.Any] = json.loads(self._memory[_HEADER : _HEADER + length])
        return kept

    def _write(self, values: dict[str, t.Any]) -> None:
        data = json.dumps(values).encode()
        if len(data) > len(self._memory) - _HEADER:
            return  # does not fit: every host fetches its own, which is slower and no less right
        # Empty first: a worker that is killed in the middle leaves no half value to the others.
        self._memory[:_HEADER] = bytes(_HEADER)
        self._memory[_HEADER : _HEADER + len(data)] = data
        self._memory[:_HEADER] = len(data).to_bytes(_HEADER, "big")


def _byte(key: str) -> int:
    """Return the byte that stands for a key; keys that met in one would wait for each other, which is all."""
    return 1 + int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")


#: The store of this run.
RUN_STORE = RunStore()
