# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device codes that wait until a person has signed in elsewhere."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass

from cloudlab.microsoft.config import User

#: Seconds until a code expires.
LIFE = 900


@dataclass
class DeviceCode:
    """A device code that waits for a person; `user` when he approved, `declined` when he refused."""

    user_code: str
    client_id: str
    scope: str
    expires: float
    user: User | None = None
    declined: bool = False


class DeviceCodes:
    """The device codes of one server; `blocked` when Conditional Access's authentication flows policy forbids them."""

    def __init__(self) -> None:
        self.blocked = False
        self._codes: dict[str, DeviceCode] = {}
        self._lock = threading.Lock()

    def new(self, client_id: str, scope: str) -> tuple[str, DeviceCode]:
        """Make a code: (device code, what is known of it)."""
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXYZ23456789") for _ in range(9))
        code = DeviceCode(user_code, client_id, scope, time.monotonic() + LIFE)
        device_code = secrets.token_urlsafe(64)
        with self._lock:
            self._codes[device_code] = code
        return device_code, code

    def find(self, device_code: str) -> DeviceCode | None:
        with self._lock:
            return self._codes.get(device_code)

    def by_user_code(self, user_code: str) -> DeviceCode | None:
        with self._lock:
            return next((code for code in self._codes.values() if code.user_code == user_code), None)

    def drop(self, device_code: str) -> None:
        with self._lock:
            self._codes.pop(device_code, None)
