# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report's files, report.json for machines and report.html for people.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import json
import os
import tempfile

from .report import Data, report_html

_FOLDER_MODE = 0o750
_FILE_MODE = 0o640


def write_report(folder: str, report: Data) -> None:
    """Write both files; the folder is made when it is missing.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    os.makedirs(folder, mode=_FOLDER_MODE, exist_ok=True)
    _write(os.path.join(folder, "report.json"), json.dumps(report, indent=4, sort_keys=True) + "\n")
    _write(os.path.join(folder, "report.html"), report_html(report))


def _write(path: str, text: str) -> None:
    """Write a file beside its place and rename it: who reads meanwhile sees the old one or the new one whole."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, _FILE_MODE)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
