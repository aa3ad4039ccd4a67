# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one host of a tenant register at a time, whatever the strategy, the forks and the number of playbooks on this controller.

Agents that register at the same time race for the default service account and have ended in quarantine. The role's throttle holds
within one task of one play only; a lock of the controller's kernel holds for all its processes, and is freed when its holder dies.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t
from collections.abc import Callable

from .._core.errors import ConfigurationError


@contextlib.contextmanager
def registration_lock(tenant_id: str, on_wait: Callable[[], None], folder: str) -> t.Iterator[bool]:
    """Hold the tenant's registration lock. Wait as long as other hosts hold it, each of which has a time limit.

    Yields whether it had to wait.

    Args:
        tenant_id: the tenant, a GUID.
        on_wait: called once before waiting.
        folder: the path of the folder with the locks.

    Raises:
        ConfigurationError: the lock's file cannot be made.
    """
    file, waited = _open(folder, f"registration-{tenant_id.lower()}.lock"), False
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            waited = True
            fcntl.flock(file, fcntl.LOCK_EX)
        yield waited
    finally:
        # The file stays: were it removed, one process could hold the old file and another the new one.
        os.close(file)


def _open(folder: str, name: str) -> int:
    if not os.path.isabs(folder):  # a home that is not known leaves "~" in it
        raise ConfigurationError(f"'lock_dir' is '{folder}', which is no full path on the controller: give one.")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # Opened anew by each task: forks that shared one open file would share its lock.
        return os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"The lock that keeps hosts from registering at the same time cannot be made in {folder} on the controller: {error.strerror}. "
            "Make the folder writable for the user who runs Ansible, or give another one in 'lock_dir'."
        ) from error
