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

import contextlib
import fcntl
import json
import mmap
import os
import tempfile
import threading
import typing as t
import weakref

Value = dict[str, t.Any]

_HEADER = 8
#: Room for tokens and the listing of some ten thousand agents; pages that are never touched cost nothing.
_SIZE = 32 * 1024 * 1024


class RunStore:
    """A dictionary of JSON objects in shared memory, with one lock around it.

    The lock is the kernel's (a record lock on an unlinked, empty file) and not a semaphore: when a worker is killed, it is freed.
    Record locks belong to processes, so a thread lock stands in front of it.
    """

    def __init__(self, size: int = _SIZE) -> None:
        self._memory = mmap.mmap(-1, size)
        # Open as long as the store lives. No record lock is held yet, which the closing of any descriptor would free.
        with tempfile.TemporaryFile() as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self._threads = threading.RLock()
        self._depth = 0

    def get_or_create(self, key: str, create: t.Callable[[], Value], fresh: t.Callable[[Value], bool]) -> Value:
        """Return the value under a key; made by create, while others wait, unless there is a fresh one.

        Args:
            key: its name.
            create: makes it; what it raises goes to the caller and nothing is kept.
            fresh: whether a kept value still serves.
        """
        with self._locked():
            kept = self._read()
            if key in kept and fresh(kept[key]):
                return t.cast(Value, kept[key])
            value = create()
            # create may have kept something itself (a listing's token), so what is kept is read again.
            self._write({**self._read(), key: value})
            return value

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[None]:
        with self._threads:
            if self._depth == 0:
                fcntl.lockf(self._file, fcntl.LOCK_EX)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)

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


#: The store of this run.
RUN_STORE = RunStore()
