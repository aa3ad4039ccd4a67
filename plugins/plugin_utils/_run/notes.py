# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task of a run leaves for a later one to know: fetches that check mode has predicted, and when an agent was registered.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import time
import typing as t

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


def _fetch(host: str, path: str) -> str:
    return f"fetch {host} {path.lower()}"


def _note(key: str) -> None:
    RUN_STORE.get_or_create(key, lambda: {"at": time.time()}, lambda _: False)


def _noted(key: str) -> float:
    return t.cast(float, RUN_STORE.get_or_create(key, lambda: {"at": 0.0}, lambda _: True)["at"])
