# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one host of a tenant register at a time, whatever the strategy, the forks and the number of playbooks on this controller.

Agents that register at the same time race for the default service account and have ended in quarantine. The role's throttle holds
within one task of one play only; a lock of the controller's kernel holds for all its processes, and is freed when its holder dies.
A holder that neither works nor dies (a stopped process) is waited for no longer than a limit. Its name stands in the lock's file.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import time
import typing as t
from collections.abc import Callable

from .._core.errors import RegistrationError
from .lock_file import is_file_at, open_lock_file

_POLL_SECONDS = 0.5
#: Bytes of the holder's name that are read.
_LONGEST_NAME = 512


@contextlib.contextmanager
def registration_lock(
    tenant_id: str, host: str, folder: str, *, on_wait: Callable[[str], None], timeout: float
) -> t.Iterator[bool]:
    """Hold the tenant's registration lock. Wait as long as other hosts hold it one after another.

    Yields whether it had to wait.

    Args:
        tenant_id: the tenant, a GUID.
        host: who is to hold it.
        folder: the path of the folder with the locks.
        on_wait: called with each holder that is waited for, such as "win1 (process 4711, since 2026-11-29 10:00:00 UTC)".
        timeout: seconds to wait while one and the same holder has it.

    Raises:
        ConfigurationError: the lock's file cannot be made.
        RegistrationError: a holder did not free it in time.
    """
    file, waited = _locked_file(folder, f"registration-{tenant_id.lower()}.lock", on_wait, timeout)
    try:
        _write_holder(file, host)
        yield waited
    finally:
        # The file stays: were it removed, one process could hold the old file and another the new one.
        os.close(file)


def _locked_file(folder: str, name: str, on_wait: Callable[[str], None], timeout: float) -> tuple[int, bool]:
    """Return the lock's file, which is locked, and whether that took a wait. Somebody may remove the file while it is waited for."""
    waited = False
    while True:
        file = open_lock_file(folder, name)
        try:
            waited = _lock(file, on_wait, timeout) or waited
            if is_file_at(folder, name, file):
                return file, waited
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file: int, on_wait: Callable[[str], None], timeout: float) -> bool:
    """Lock the file, and return whether that took a wait."""
    holder, deadline = "", 0.0
    while not _try(file):
        # A holder that changes shows that the hosts go on; each has time limits of its own.
        if (found := _holder(file)) != holder:
            holder, deadline = found, time.monotonic() + timeout
            on_wait(holder)
        elif time.monotonic() > deadline:
            raise RegistrationError(
                f"The registration lock is held by {holder}, and was not freed within {timeout:.0f} seconds: see whether that process "
                "still works, end it if it does not, or raise 'lock_timeout'; then run this again."
            )
        time.sleep(_POLL_SECONDS)
    return bool(holder)


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(file: int, host: str) -> None:
    since = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
    os.ftruncate(file, 0)
    os.pwrite(file, f"{host} (process {os.getpid()}, since {since})".encode("utf-8", "replace"), 0)


def _holder(file: int) -> str:
    """Return who holds the lock; a file that is being written, or is somebody else's work, names nobody."""
    text = os.pread(file, _LONGEST_NAME, 0).decode("utf-8", "replace")
    return "".join(character for character in text if character.isprintable()) or "another process"
