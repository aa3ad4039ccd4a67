# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the lab and its tests wait: until a thing has happened, or until the process that should do it has died.

A clock says nothing about whether something works, only how busy the machine is. The one limit here stands behind every wait, so
that nothing waits for ever; the variable CLOUDLAB_PATIENCE multiplies it, "4" on a slow machine.
"""

from __future__ import annotations

import math
import os
import time
import typing as t
from collections.abc import Callable

from cloudlab.errors import LabError

#: The environment's variable that multiplies the limit.
PATIENCE = "CLOUDLAB_PATIENCE"
_SECONDS = 900
#: Seconds between two looks: at first, and at most.
_PAUSE, _LONGEST_PAUSE = 0.005, 0.1

Found = t.TypeVar("Found")


class WaitError(LabError):
    """What was waited for did not happen; the text says what that was, why the wait ended, and what was seen last."""


def limit() -> int:
    """Return the limit of every wait in seconds.

    Raises:
        LabError: CLOUDLAB_PATIENCE is no number above 0.
    """
    text = os.environ.get(PATIENCE, "1")
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise LabError(f"{PATIENCE} is '{text}': give a number above 0, such as 4 for a slow machine.")
    return math.ceil(_SECONDS * factor)


def wait_for(
    what: str,
    look: Callable[[], Found | None],
    *,
    alive: Callable[[], bool] = lambda: True,
    seen: Callable[[], str] = lambda: "nothing",
) -> Found:
    """Look until there is something (neither None nor false), and return it.

    Args:
        what: what is waited for, for the sentence: "the answer of host win1".
        look: returns it once it is there.
        alive: whether the process that should do it lives; one that has died will not.
        seen: describes what can be seen instead, when the wait has ended for nothing.

    Raises:
        WaitError: the process died or the limit is over.
    """
    seconds = limit()
    deadline, pause = time.monotonic() + seconds, _PAUSE
    while True:
        # In this order: what a process did as its last deed has happened.
        lives = alive()
        if found := look():
            return found
        if not lives:
            raise WaitError(f"Waited for {what} in vain: the process that should do it has ended. Seen last: {seen()}")
        if time.monotonic() > deadline:
            raise WaitError(f"Waited {seconds} s for {what} in vain ({PATIENCE} gives more). Seen last: {seen()}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
