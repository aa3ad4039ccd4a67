# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the PowerShell payloads: a file with the function files it names put in.

A line "# include: agent.ps1" in a payload stands for that file. Values are never written into the text: they go as parameters.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import functools
import pathlib
import re

_FOLDER = pathlib.Path(__file__).parents[1] / "powershell"
_INCLUDE = re.compile(r"^# include: (?P<file>[a-z_]+\.ps1)$", re.MULTILINE)


@functools.cache
def load_payload(name: str) -> str:
    """Return the text of powershell/<name>.ps1, ready to run.

    Raises:
        FileNotFoundError: there is no such payload, or it includes a file that is not there.
    """
    return _INCLUDE.sub(lambda line: _read(line["file"]), _read(f"{name}.ps1"))


def _read(file: str) -> str:
    return (_FOLDER / file).read_text(encoding="ascii")
