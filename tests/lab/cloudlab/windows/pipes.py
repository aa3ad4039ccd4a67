# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process's output pipe, read by a thread of its own.

The process's end is not the pipe's: what it has started may hold the pipe open for good, and must never block on it.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable
from typing import IO


class PipeReader:
    """Takes a pipe's output for good, and reports when all is taken that a process has written before its end.

    Args:
        pipe: is closed at its end.
        take: is called with each piece of output, in the reader's thread.
    """

    def __init__(self, pipe: IO[bytes], take: Callable[[bytes], None]) -> None:
        self._pipe, self._take = pipe, take
        self._ended = os.eventfd(0)
        self._drained = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def drain(self) -> None:
        """Return when all is taken that was written up to now; to be called once, when the process has ended."""
        os.eventfd_write(self._ended, 1)
        self._drained.wait()
        os.close(self._ended)

    def _read(self) -> None:
        try:
            with self._pipe as pipe, selectors.DefaultSelector() as selector:
                selector.register(pipe, selectors.EVENT_READ)
                selector.register(self._ended, selectors.EVENT_READ)
                self._take_all(pipe, selector)
        finally:
            self._drained.set()

    def _take_all(self, pipe: IO[bytes], selector: selectors.BaseSelector) -> None:
        while ready := [key.fileobj for key, _ in selector.select()]:
            if pipe in ready:
                if not (data := os.read(pipe.fileno(), 65536)):
                    return
                self._take(data)
            else:  # the process has ended, and its pipe is empty: that was all it had to say
                selector.unregister(self._ended)
                self._drained.set()


class Lines:
    """Makes whole lines of pieces of output.

    Args:
        take: is called with each line, without its end.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take, self._rest = take, b""

    def put(self, data: bytes) -> None:
        """Take a piece; what follows its last line's end waits for the next one."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
