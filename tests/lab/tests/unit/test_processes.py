# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owners of processes: who lives, and that what a dead one left is ended, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from cloudlab.processes import end_all, end_owners, lives, name_of

_MARK = "CLOUDLAB_TEST_MARK"
#: Prints a line, then waits for the end of its input, which does not come.
_WAIT = "print(flush=True); import sys; sys.stdin.read()"
#: Starts the same as a process of a session of its own, and ends.
_LEAVE = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {_WAIT!r}], start_new_session=True)"

Waiting = subprocess.Popen[str]


@pytest.fixture
def mark() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def waiting(mark: str) -> Iterator[Waiting]:
    with _start(_WAIT, mark) as process:
        yield process
        process.kill()


def _start(code: str, mark: str, **environment: str) -> Waiting:
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, _MARK: mark, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "\n"
    return process


def test_a_process_lives_until_it_has_ended(waiting: Waiting) -> None:
    name = name_of(waiting.pid)
    assert lives(name)
    waiting.kill()
    os.waitid(os.P_PID, waiting.pid, os.WEXITED | os.WNOWAIT)
    assert not lives(name)  # a zombie still
    waiting.wait()
    assert not lives(name)


def test_a_name_of_no_process_that_lives() -> None:
    assert not any(lives(name) for name in ("", "x:1", "1:x", f"{os.getpid()}:1", "4194305:1"))


def test_a_process_and_what_it_left_are_ended_and_no_other(mark: str, waiting: Waiting) -> None:
    other = str(uuid.uuid4())
    with _start(_LEAVE, mark) as parent, _start(_WAIT, other) as stranger:
        parent.wait()
        end_all(lambda environment: environment.get(_MARK) == mark)
        assert parent.stdout and parent.stdout.read() == ""  # which what it left held open
        assert waiting.wait() == -9
        assert stranger.poll() is None
        stranger.kill()


def test_who_ends_others_is_spared_with_its_parents(mark: str) -> None:
    code = f"""
import os, subprocess, sys
child = "import os; from cloudlab.processes import end_all; end_all(lambda environment: environment.get('{_MARK}') == '{mark}')"
print("\\n" + str(subprocess.run([sys.executable, "-c", child]).returncode), flush=True)
"""
    with _start(code, mark, PYTHONPATH=os.pathsep.join(sys.path)) as parent:
        assert parent.stdout and parent.stdout.read() == "0\n"


def test_owners_are_ended_who_have_something_running(mark: str) -> None:
    with _start(_WAIT, "") as owner, _start(_WAIT, mark, CLOUDLAB_OWNER=name_of(owner.pid)) as owned:
        end_owners(lambda environment: environment.get(_MARK) == mark)
        assert owner.wait() == -9
        assert owned.poll() is None
        owned.kill()
