# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task of a run leaves for a later one to know: fetches that check mode has predicted, registrations, reports.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable

from .store import RUN_STORE

_REGISTERED = "registered"


def predict_fetch(host: str, path: str) -> None:
    """Note that a real run would have fetched the package to this path of the host."""
    _note(_fetch(host, path))


def is_fetch_predicted(host: str, path: str) -> bool:
    """Whether predict_fetch was called for this path."""
    return _noted(_fetch(host, path)) > 0


def note_registration() -> None:
    """Note that an agent was registered now: what the cloud has listed before is out of date."""
    _note(_REGISTERED)


def last_registration() -> float:
    """Return when note_registration was called last, seconds since 1970; 0 when it was not."""
    return _noted(_REGISTERED)


def write_once(key: str, host: str, started: str, write: Callable[[], dict[str, str]]) -> None:
    """Write what is about many hosts, unless another task has written it with this host's result in it.

    Args:
        key: names what is written.
        host: the host that the task runs for.
        started: when the host's result was begun, '' when it has none.
        write: writes, and returns of each host that has a result when that was begun. No other task writes meanwhile.
    """
    RUN_STORE.get_or_create(key, lambda: {"started": write()}, lambda kept: kept["started"].get(host, "") == started)


def _fetch(host: str, path: str) -> str:
    return f"fetch {host} {path.lower()}"


def _note(key: str) -> None:
    RUN_STORE.get_or_create(key, lambda: {"at": time.time()}, lambda _: False)


def _noted(key: str) -> float:
    return t.cast(float, RUN_STORE.get_or_create(key, lambda: {"at": 0.0}, lambda _: True)["at"])
