# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-ups of one clone: each waits for the one before, and ends what one that was killed has left running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloudlab import building
from cloudlab.paths import LAB
from cloudlab.windows.prefix import Prefix

#: A set-up of the build folder that is named; it says when it has begun, and ends with its input.
_SET_UP = """
import pathlib, sys
import bootstrap
bootstrap.BUILD = pathlib.Path(sys.argv[1])
with bootstrap.one_at_a_time():
    print("begun", flush=True)
    sys.stdin.read()
"""
_WAITS = "set-up: another set-up of this clone runs; waiting for its end\n"


def _set_up(build: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SET_UP, str(build)]
    return subprocess.Popen(command, cwd=LAB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


@pytest.mark.parametrize("killed", [False, True])
def test_a_set_up_waits_for_the_one_before(tmp_path: Path, killed: bool) -> None:
    with _set_up(tmp_path) as first:
        assert _line(first) == "begun\n"
        with _set_up(tmp_path) as second:
            assert _line(second) == _WAITS
            if killed:
                first.kill()
            elif first.stdin:
                first.stdin.close()
            assert _line(second) == "begun\n"


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prefix]:
    """A golden host of the test's own, without anything in it."""
    host = Prefix(tmp_path / "golden")
    (host.path / "home").mkdir(parents=True)
    monkeypatch.setattr(building, "GOLDEN", host.path)
    yield host
    host.stop()


def _is_up(host: Prefix) -> bool:
    """Return whether the host's server runs: it refuses to be started twice."""
    try:
        host.keep_up()
    except subprocess.CalledProcessError:
        return True
    return False


def test_the_golden_host_of_a_set_up_that_was_killed_ends_before_it_is_used(golden: Prefix) -> None:
    golden.keep_up()
    with building.golden_host() as host:
        assert host == golden and _is_up(golden)
    assert not _is_up(golden)


def test_the_golden_host_of_a_set_up_that_was_killed_ends_before_it_is_made_anew(golden: Prefix) -> None:
    golden.keep_up()
    building.remove(golden.path)
    (golden.path / "home").mkdir(parents=True)
    assert not _is_up(golden)
