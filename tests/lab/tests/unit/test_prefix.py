# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program of a host is named to Wine, and how a host is copied."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from cloudlab.errors import LabError
from cloudlab.windows.prefix import Prefix, clone


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


@pytest.fixture
def host(tmp_path: Path) -> Prefix:
    host = Prefix(tmp_path / "golden")
    (host.drive / "windows").mkdir(parents=True)
    (host.drive / "windows" / "notepad.exe").write_bytes(b"program")
    (host.path / "user.reg").write_bytes(b"registry")
    return host


def test_hosts_share_what_is_in_the_windows_folder(host: Prefix, tmp_path: Path) -> None:
    made = clone(host, tmp_path / "win1")
    assert (made.drive / "windows" / "notepad.exe").samefile(host.drive / "windows" / "notepad.exe")
    assert not (made.path / "user.reg").samefile(host.path / "user.reg")


def test_a_host_on_another_file_system_is_copied(host: Prefix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_links(monkeypatch, errno.EXDEV)
    made = clone(host, tmp_path / "win1")
    assert (made.drive / "windows" / "notepad.exe").read_bytes() == b"program"


def test_a_copy_ends_with_the_first_file_that_fails(host: Prefix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (host.drive / "windows" / "regedit.exe").touch()
    refused = _refuse_links(monkeypatch, errno.ENOSPC)
    with pytest.raises(LabError, match=f"{os.strerror(errno.ENOSPC)}; make room there"):
        clone(host, tmp_path / "win1")
    assert len(refused) == 1


def _refuse_links(monkeypatch: pytest.MonkeyPatch, error: int) -> list[str]:
    """Have the file system refuse links; return the files that it was asked for."""
    asked: list[str] = []

    def refuse(file: str, copied: str) -> None:
        asked.append(file)
        raise OSError(error, os.strerror(error), file, None, copied)

    monkeypatch.setattr(os, "link", refuse)
    return asked
