# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that was killed leaves: nothing that the next one trips over, and nothing at all after `make clean`.

The runs are those of a copy of the repository, which shares what is built: `make clean` there ends nobody else's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloudlab.limits import wait_for
from cloudlab.paths import BUILD, LAB, REPOSITORY

#: A run as of tests or the demo: what it brings up is its own. It says when the lab is up, and would never end.
_RUN = """
import subprocess, sys
from cloudlab.processes import own_what_follows
own_what_follows()
subprocess.run([*sys.argv[1:], "up", "--hosts", "1"], check=True)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print("\\nup", flush=True)
sys.stdin.read()
"""
#: What a run makes of its own, and must not share with another's.
_OWN = ("labs", "tmp", "home")


class Copy:
    """A copy of the repository with labs of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.state, self.lab = path, path / ".lab", path / "tests" / "lab" / "lab"
        shutil.copytree(LAB, path / "tests" / "lab", ignore=shutil.ignore_patterns("__pycache__", "*.tar.xz", "tests"))
        (path / "plugins").mkdir()
        shutil.copy(REPOSITORY / "Makefile", path)
        (path / ".build").mkdir()
        for entry in BUILD.iterdir():
            if entry.name not in _OWN:
                (path / ".build" / entry.name).symlink_to(entry)
        self.sources = self.files()

    def run(self) -> subprocess.Popen[str]:
        """Start a run."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDLAB_")}
        environment["PYTHONPATH"] = str(self.path / "tests" / "lab")
        command = [sys.executable, "-c", _RUN, str(self.lab), "--state", str(self.state)]
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def clean(self) -> None:
        """Call make clean."""
        subprocess.run(["make", "-C", str(self.path), "clean", f"PYTHON={sys.executable}"], check=True)

    def files(self) -> set[Path]:
        """Return all files, but for what was built."""
        return {file.relative_to(self.path) for file in self.path.rglob("*") if ".build" not in file.parts[len(self.path.parts) :]}

    def processes(self) -> list[str]:
        """Return the command lines of the processes that know of the copy by their environment or command line."""
        return [_command_line(folder) for folder in Path("/proc").glob("[0-9]*") if str(self.path).encode() in _traces(folder)]


def _traces(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""


def _command_line(process: Path) -> str:
    return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = Copy(tmp_path / "copy")
    try:
        yield made
    finally:
        made.clean()


def _kill(run: subprocess.Popen[str]) -> None:
    run.send_signal(signal.SIGKILL)
    run.wait()


def _await_up(run: subprocess.Popen[str]) -> None:
    assert run.stdout and any(line == "up\n" for line in run.stdout)


def test_a_run_after_one_that_was_killed_and_a_clean_after_both(copy: Copy) -> None:
    with copy.run() as first:
        _await_up(first)
        _kill(first)
        left = set(copy.processes())
        assert any("cloudlab.windows" in line for line in left) and any("services.exe" in line for line in left)
        with copy.run() as second:
            _await_up(second)  # in the same folder, which the first has left full
            assert sum("cloudlab.windows" in line for line in copy.processes()) == 1
            assert sum(line.endswith("signal.pause() ") for line in copy.processes()) == 1
            _kill(second)
            copy.clean()
    assert copy.processes() == []
    assert copy.files() == copy.sources
    assert not (copy.path / ".build").exists()


def test_a_run_that_was_killed_while_its_lab_came_up(copy: Copy) -> None:
    with copy.run() as first:
        wait_for("a host of the lab", lambda: any((copy.state / "hosts").glob("*/user.reg")), alive=lambda: first.poll() is None)
        _kill(first)
        with copy.run() as second:
            _await_up(second)
            copy.clean()  # while it runs
            assert second.wait() == -signal.SIGKILL
    assert copy.processes() == []
    assert copy.files() == copy.sources


def test_a_lab_brought_up_by_hand_lives_on_until_the_clean(copy: Copy) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDLAB_")}
    subprocess.run([str(copy.lab), "--state", str(copy.state), "up", "--hosts", "1"], env=environment, check=True)
    sweep = [sys.executable, "-c", "from cloudlab.ending import sweep; sweep()"]
    subprocess.run(sweep, env={**environment, "PYTHONPATH": str(copy.lab.parent)}, check=True)
    subprocess.run([str(copy.lab), "--state", str(copy.state), "status"], env=environment, check=True)
    copy.clean()
    assert copy.processes() == []
    assert copy.files() == copy.sources
