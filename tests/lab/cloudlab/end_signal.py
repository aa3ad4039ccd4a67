# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one of the lab's servers serve until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import signal


class EndSignal:
    """SIGTERM and SIGINT, noticed from its making on. Made in the main thread, once a process.

    The kernel may hand a signal to any thread. Python then notes it for the main thread, and does not wake that from the wait for a lock or
    an event: a server with many threads slept on. Python's C code writes a byte for each signal into a pipe, whichever thread it runs in.
    """

    def __init__(self) -> None:
        self._pipe, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Return when one of them has come."""
        os.read(self._pipe, 1)
