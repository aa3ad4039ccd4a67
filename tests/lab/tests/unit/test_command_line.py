# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input to `lab`: a sentence that says what to do, exit code 2, and nothing half-made."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cloudlab.__main__ import main
from cloudlab.lab import STATE_VERSION
from cloudlab.paths import BUILD

#: The least of a state that this version of the lab has written, with a host.
_STATE = {"version": STATE_VERSION, "hosts": [{"name": "win1"}, {"name": "win2"}], "processes": {}}


Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Return what runs the command line, holds that it refuses, and returns its sentence."""

    def call(*arguments: str, state: Path) -> str:
        monkeypatch.setattr(sys, "argv", ["lab", "--state", str(state), *arguments])
        code, printed = main(), capsys.readouterr()
        assert (code, printed.out, printed.err.count("\n")) == (2, "", 1), printed.err
        assert printed.err.startswith("lab: ") and printed.err.endswith(".\n")
        return printed.err

    return call


def _entries() -> set[Path]:
    """The labs that this clone knows of."""
    return set((BUILD / "labs").glob("*.json*"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a lab's state, of which nothing runs."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text(json.dumps(_STATE), encoding="utf-8")
    return tmp_path / "state"


@pytest.mark.parametrize("count", ["0", "201", "300", "-1", "three", "1.5", ""])
def test_a_number_of_hosts_that_cannot_be(refused: Refused, tmp_path: Path, count: str) -> None:
    assert f"{count!r} hosts cannot be: give a number from 1 to 200" in refused("up", f"--hosts={count}", state=tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("status",), ("cut",), ("restart-endpoints",), ("restart-host", "win1")])
def test_no_lab_is_up(refused: Refused, tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "No lab is up in" in refused(*command, state=tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_not_in_therefused(refused: Refused, written: Path) -> None:
    assert "There is no host 'win3' in the lab: name one of win1, win2." in refused("restart-host", "win3", state=written)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"hosts": []}', '{"version": 0}'])
@pytest.mark.parametrize("command", [("status",), ("cut",), ("restart-endpoints",), ("restart-host", "win1")])
def test_a_state_that_is_damaged_or_of_another_version(refused: Refused, written: Path, content: str, command: tuple[str, ...]) -> None:
    (written / "state.json").write_text(content, encoding="utf-8")
    assert "is damaged, or of another version of the lab: run 'lab down', then 'lab up'." in refused(*command, state=written)
    assert "run 'lab down' first" in refused("up", state=written).casefold()


def test_a_damaged_lab_can_be_brought_down(monkeypatch: pytest.MonkeyPatch, written: Path) -> None:
    (written / "state.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["lab", "--state", str(written), "down"])
    assert main() == 0
    assert not written.exists()


def test_a_folder_that_is_no_labs_stays(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    assert "is no lab's folder, and was left alone" in refused("down", state=tmp_path)
    assert "it is no lab's folder. Name one that does not exist yet." in refused("up", state=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letters"]


def test_a_state_that_is_a_file(refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept", encoding="utf-8")
    assert "it is no lab's folder" in refused("up", state=file)
    assert "No lab is up in" in refused("status", state=file)
    assert "is no lab's folder" in refused("down", state=file)
    assert "name a folder that can be made with --state" in refused("up", state=file / "below")
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return what mounts a file system with the options that are given."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "lab-test", str(folder)], check=True)
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], check=False)


def test_no_space_is_left(refused: Refused, small_disk: Callable[[str], Path]) -> None:
    before, disk = _entries(), small_disk("size=64k")
    (disk / "full").write_bytes(bytes(60 * 1024))
    sentence = refused("up", "--hosts", "1", state=disk / "state")
    assert f"{os.strerror(errno.ENOSPC)}; make room there, or put the lab elsewhere with --state." in sentence
    assert [file.name for file in disk.iterdir()] == ["full"]
    assert _entries() == before


def test_no_space_is_left_for_a_host(refused: Refused, small_disk: Callable[[str], Path]) -> None:
    before, disk = _entries(), small_disk("size=20m")
    sentence = refused("up", "--hosts", "1", state=disk / "state")
    assert "The host win1 could not be set up, twice" in sentence
    assert f"{os.strerror(errno.ENOSPC)}; make room there, or put the lab elsewhere with --state." in sentence
    assert list(disk.iterdir()) == []
    assert _entries() == before


def test_a_file_system_that_is_not_writable(refused: Refused, small_disk: Callable[[str], Path]) -> None:
    before, disk = _entries(), small_disk("ro")
    assert "name a folder that you may write to with --state." in refused("up", "--hosts", "1", state=disk / "state")
    assert _entries() == before


def test_a_file_that_cannot_be_written_whole_leaves_nothing(refused: Refused, tmp_path: Path) -> None:
    before = _entries()

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        sentence = refused("up", "--hosts", "1", state=tmp_path / "state")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "let files grow ('ulimit -f unlimited')." in sentence
    assert list(tmp_path.iterdir()) == []
    assert _entries() == before
