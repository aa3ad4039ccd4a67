# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the PowerShell that runs on hosts: a payload or a session, with the function files that it includes.

In plugins/plugin_utils/powershell, payloads/ holds what runs as a remote execution, sessions/ what a payload runs in a process of its own,
and library/ the functions. A line "# include: agent.ps1" stands for that file of library/, which includes what it uses itself; a file that
is reached by several ways is put in once, where it is named first. Values are never written into the text: they go as parameters.

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
    """Return the text of payloads/<name>.ps1, ready to run.

    Raises:
        FileNotFoundError: there is no such payload, or a file is included that is not there.
    """
    return expand_includes(_read(f"payloads/{name}.ps1"))


@functools.cache
def load_session(name: str) -> str:
    """Return the text of sessions/<name>.ps1, ready to be a payload's parameter.

    Raises:
        FileNotFoundError: there is no such session, or a file is included that is not there.
    """
    return expand_includes(_read(f"sessions/{name}.ps1"))


def expand_includes(text: str) -> str:
    """Return a script's text with the files of library/ that it includes, each once.

    Raises:
        FileNotFoundError: a file is included that is not there.
    """
    included: set[str] = set()

    def expand(line: re.Match[str]) -> str:
        if line["file"] in included:
            return ""
        included.add(line["file"])
        return _INCLUDE.sub(expand, _read(f"library/{line['file']}"))

    return _INCLUDE.sub(expand, text)


def _read(file: str) -> str:
    return (_FOLDER / file).read_text(encoding="ascii")
