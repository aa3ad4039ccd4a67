# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says when it cannot do what it was asked to."""

from __future__ import annotations

import errno
import os

_NO_ROOM = "make room there, or put the lab elsewhere with --state"
_NOT_WRITABLE = "name a folder that you may write to with --state"
_REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: "let files grow ('ulimit -f unlimited')",
    errno.EACCES: _NOT_WRITABLE,
    errno.EPERM: _NOT_WRITABLE,
    errno.EROFS: _NOT_WRITABLE,
    errno.ENOTDIR: "name a folder that can be made with --state",
}


class LabError(Exception):
    """The lab cannot do what it was asked to; the text says why and what to do."""


def sentence(error: OSError) -> str:
    """Say what the machine refused, and what to do."""
    remedy = _REMEDIES.get(error.errno or 0, "run 'lab down' and try again")
    where = os.fsdecode(error.filename2 or error.filename or "a file of the lab")
    return f"{where}: {error.strerror or error}; {remedy}."
