# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time limits that hold whatever is called: a library that repeats its question for ever, or reads a body that comes byte by byte.

The limits of sockets start anew with each byte, so the kernel's timer interrupts the call, as Ansible does for a task's "timeout".
Ansible runs an action in its process' main thread, where Python handles signals. In another thread a call has no limit.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import signal
import threading
import time
import typing as t
from collections.abc import Callable

Answer = t.TypeVar("Answer")

#: A library tidies up when it is interrupted, and may ask the same host for that: after so many seconds it is interrupted again.
_REPEAT = 5.0


class _TimeUpError(BaseException):
    """The interruption: no Exception, since libraries catch those and go on."""


def run_within(seconds: float, call: Callable[[], Answer], over: Callable[[], Exception]) -> Answer:
    """Call something, and return what it returns.

    Limits may stand within each other, and within that of Ansible's keyword "timeout": the nearest counts.

    Args:
        seconds: how long it may take; what is left of a limit, so that none is left when it is 0 or less.
        call: what to call.
        over: makes the error for a call that takes longer; an error that the interruption has caused in a library is its cause.

    Raises:
        Exception: the one that over has made, or whatever call raises.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    limit = _Limit(seconds)
    try:
        try:
            limit.arm()
            return call()
        finally:
            limit.disarm()
    except (_TimeUpError, Exception) as error:
        limit.disarm()  # the timer may have struck in the other call of it
        if limit.is_cause_of(error):
            raise over() from (error if isinstance(error, Exception) else None)
        raise


class _Limit:
    """One use of the process' timer, which gives it back as it was."""

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds, 0.001)
        self._armed = self._struck = self._outer_struck = False

    def arm(self) -> None:
        """Start the timer, for the limit around this one where that is nearer."""
        self._began = time.monotonic()
        self._outer = signal.getsignal(signal.SIGALRM)
        self._outer_left, self._outer_repeat = signal.getitimer(signal.ITIMER_REAL)
        self._armed = True
        signal.signal(signal.SIGALRM, self._strike)
        signal.setitimer(signal.ITIMER_REAL, min(self._seconds, self._outer_left or self._seconds), _REPEAT)

    def disarm(self) -> None:
        """Stop the timer, and let the limit around this one go on; nothing where that is done."""
        if not self._armed:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._outer)
        self._armed = False
        if self._outer_left:
            # A limit that has struck is on its way up; one of this file strikes again if somebody catches that.
            left = self._outer_repeat if self._outer_struck else max(self._outer_left - self._elapsed, 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, self._outer_repeat)

    def is_cause_of(self, error: BaseException) -> bool:
        """Whether this limit has struck: by the interruption itself, or by what a library made of it while it tidied up."""
        return self._struck and (not isinstance(error, _TimeUpError) or error.args == (id(self),))

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _strike(self, number: int, frame: t.Any) -> None:
        if self._outer_left and self._elapsed >= self._outer_left and callable(self._outer):
            self._outer_struck = True
            self._outer(number, frame)
        if self._elapsed >= self._seconds:
            self._struck = True
            raise _TimeUpError(id(self))
