# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire apart from what it means: counts of requests, and faults that a test asked for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response


class Counters:
    """Counts by name, from any thread."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1) -> None:
        with self._lock:
            self._counts[name] += amount

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()

    def read(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose path matches `route` (`*` and `?` are wildcards).

    `status` answers instead of the real handler; `retry_after` (seconds) goes with it; `hold` holds the answer back until
    faults are cleared; `cut_after` (bytes) breaks the connection in the middle of the answer's body.
    """

    route: str
    status: int | None = None
    times: int = 1
    retry_after: int | None = None
    hold: bool = False
    cut_after: int | None = None


class Faults:
    """The faults that are still to happen, and the answers that are held back; `held` is how many that are now."""

    def __init__(self) -> None:
        self.held = 0
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._cleared = threading.Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget the faults that are still to happen, and let the held answers go."""
        with self._lock:
            self._faults.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def take(self, path: str) -> Fault | None:
        """Return the first fault for this path, used up by one."""
        with self._lock:
            fault = next((fault for fault in self._faults if fnmatchcase(path, fault.route)), None)
            if fault:
                fault.times -= 1
                self._faults = [fault for fault in self._faults if fault.times > 0]
            return fault

    def hold(self) -> None:
        """Return when faults are cleared."""
        with self._lock:
            cleared = self._cleared
            self.held += 1
        cleared.wait()
        with self._lock:
            self.held -= 1


def fault_response(fault: Fault) -> Response | None:
    """Return what is answered instead of the real thing, if anything."""
    if fault.status is None:
        return None
    reason = HTTP_STATUS_CODES.get(fault.status, "Fault").replace(" ", "")
    body = f'{{"error": {{"code": "{reason}", "message": "The lab was asked to fail here."}}}}'
    response = Response(body, fault.status, content_type="application/json")
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def cut(body: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Pass on `limit` bytes, then break; the server closes a connection whose body breaks off."""
    left = limit
    for block in body:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            raise ConnectionAbortedError("The lab was asked to cut the connection here.")
