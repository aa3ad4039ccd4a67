# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of an HTTP service without an end: a body that comes byte by byte, or that is far too long. No network is used."""

from __future__ import annotations

import io
import time
import typing as t

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

#: How many bytes come byte by byte, with a pause before each; a client without a limit has them all after some seconds, and goes on.
_BYTES = 200
_PAUSE = 0.05


class Trickle(io.RawIOBase):
    """A body byte by byte, each within the time that a socket may take."""

    left = _BYTES

    def readable(self) -> bool:
        """It is to be read."""
        return True

    def readinto(self, buffer: t.Any) -> int:
        """Give one byte."""
        self.left -= 1
        time.sleep(_PAUSE)
        buffer[:1] = b" "
        return 1 if self.left >= 0 else 0


class Long(io.RawIOBase):
    """A body of so many bytes, which costs no memory."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.left = length

    def readable(self) -> bool:
        """It is to be read."""
        return True

    def readinto(self, buffer: t.Any) -> int:
        """Fill the buffer."""
        count = min(len(buffer), self.left)
        buffer[:count] = bytes(count)
        self.left -= count
        return count


class Service(HTTPAdapter):
    """Answers each request with the next of these bodies, the last one again and again."""

    def __init__(self, *bodies: t.Callable[[], io.RawIOBase], headers: dict[str, str] | None = None, status: int = 200) -> None:
        super().__init__()
        self.bodies, self.headers, self.status = list(bodies), headers or {}, status
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *arguments: t.Any, **options: t.Any) -> requests.Response:
        """Answer."""
        self.asked.append(str(request.url))
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        raw = HTTPResponse(io.BufferedReader(body()), self.headers, self.status, preload_content=False)
        return self.build_response(request, raw)


def text(content: bytes) -> t.Callable[[], io.RawIOBase]:
    """Return a body that holds this."""
    return lambda: t.cast(io.RawIOBase, io.BytesIO(content))
