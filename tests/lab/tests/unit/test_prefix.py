# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program of a host is named to Wine."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudlab.windows.prefix import Prefix


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("reg.exe", r"C:\windows\system32\reg.exe"),
        ("powershell.exe", r"C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe"),
        (r"C:\packages\setup.exe", r"C:\packages\setup.exe"),
        ("nowhere.exe", "nowhere.exe"),
    ],
)
def test_program_of_the_system_folder_is_named_by_its_path(tmp_path: Path, name: str, path: str) -> None:
    for file in ("reg.exe", "WindowsPowerShell/v1.0/powershell.exe"):
        program = tmp_path / "drive_c" / "windows" / "system32" / file
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
    assert Prefix(tmp_path).program(name) == path
