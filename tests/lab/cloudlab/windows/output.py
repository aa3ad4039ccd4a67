# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output of what runs in a remote shell, kept until a client's Receive takes it."""

from __future__ import annotations

import collections
import threading

from cloudlab.windows.soap import Fault, timed_out

#: What the element around a piece takes up in an answer, in bytes.
_PIECE_FRAME = 128


class Output:
    """Pieces of output in their order, and how it ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pieces: collections.deque[tuple[str, bytes]] = collections.deque()
        self._end: int | Fault | None = None
        self._interruptions = 0

    def put(self, stream: str, data: bytes) -> None:
        """Add a piece."""
        with self._changed:
            self._pieces.append((stream, data))
            self._changed.notify_all()

    def end(self, how: int | Fault) -> None:
        """No more comes: an exit code, or the fault that who asks for more gets. The first end stands."""
        with self._changed:
            if self._end is None:
                self._end = how
            self._changed.notify_all()

    def receive(self, timeout: float, limit: int) -> tuple[list[tuple[str, bytes]], int | None]:
        """Return pieces of output as (stream, data), and the exit code once everything is out.

        Args:
            timeout: seconds to wait for a piece.
            limit: bytes that the pieces may have together, with the elements around them.

        Raises:
            Fault: nothing came for that many seconds, or interrupt() was called meanwhile, or a piece is longer than the limit, or
                the output has ended with a fault.
        """
        with self._changed:
            before = self._interruptions
            came = self._changed.wait_for(lambda: self._pieces or self._end is not None or self._interruptions > before, timeout)
            if not came or self._interruptions > before:
                raise timed_out()
            pieces = self._take(limit)
            if not pieces and isinstance(self._end, Fault):
                raise self._end
            return pieces, (None if self._pieces or isinstance(self._end, Fault) else self._end)

    def _take(self, limit: int) -> list[tuple[str, bytes]]:
        pieces: list[tuple[str, bytes]] = []
        size = 0
        while self._pieces and size + len(self._pieces[0][1]) <= limit:
            pieces.append(self._pieces.popleft())
            size += len(pieces[-1][1]) + _PIECE_FRAME
        if self._pieces and not pieces:
            raise Fault(2150859025, "w:EncodingLimit", f"{len(self._pieces[0][1])} bytes of output do not fit into MaxEnvelopeSize.")
        return pieces

    def interrupt(self) -> None:
        """End the calls of receive() that wait: whoever asked is gone, and the output is for the next who asks."""
        with self._changed:
            self._interruptions += 1
            self._changed.notify_all()
