# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose set-up fails is set up once more; the summary of a test run says so, and what fails twice leaves the others alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloudlab import lab
from cloudlab.errors import LabError
from cloudlab.paths import State

HOSTS = [{"name": name, "address": "127.0.0.1", "computer": name.upper()} for name in ("win1", "win2")]
SetUp = Callable[..., dict[str, Any]]


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Set two hosts up, the first of which fails so many times; its folder must be gone before it is tried again."""

    def run(failures: int, *, keep_going: bool = False) -> dict[str, Any]:
        data: dict[str, Any] = {"hosts": HOSTS, "notes": [], "failed": {}}
        tries: list[str] = []

        def start(state: State, _: object, host: dict[str, str], __: object) -> None:
            tries.append(host["name"])
            (state.hosts / host["name"]).mkdir()
            if host["name"] == "win1" and tries.count("win1") <= failures:
                raise RuntimeError("wineboot.exe ended with code 1.")

        monkeypatch.setattr(lab, "_start_host", start)
        monkeypatch.setattr(lab, "_configure_endpoints", lambda *_: None)
        monkeypatch.setattr(lab.Prefix, "stop", lambda _: None)
        lab._set_up_hosts(State(tmp_path), data, None, keep_going)
        assert sorted(tries) == ["win1"] * min(failures + 1, 2) + ["win2"]
        return data

    return run


def test_host_that_is_set_up_at_once_gives_no_note(set_up: SetUp) -> None:
    assert set_up(0) == {"hosts": HOSTS, "notes": [], "failed": {}}


def test_host_is_set_up_once_more(set_up: SetUp) -> None:
    data = set_up(1)
    assert data["notes"] == ["The host win1 was set up a second time; the first time failed: wineboot.exe ended with code 1."]
    assert data["failed"] == {}


def test_lab_without_all_of_its_hosts_does_not_come_up(set_up: SetUp) -> None:
    with pytest.raises(LabError, match=r"^The host win1 could not be set up, twice; the second time: wineboot\.exe ended with"):
        set_up(2)


def test_other_hosts_go_on_where_that_is_asked_for(set_up: SetUp) -> None:
    data = set_up(2, keep_going=True)
    assert list(data["failed"]) == ["win1"]
    assert [host["name"] for host in lab._ready(data)] == ["win2"]


TESTS = """
from cloudlab.testing.set_up_notes import note, pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown

def test_it(pytestconfig):
    note(pytestconfig, "test_it.py", {"notes": ["The host win1 was set up a second time."], "failed": {"win2": "The host win2 could not."}})
"""


@pytest.mark.parametrize("workers", [(), ("--numprocesses", "1")])
def test_summary_of_a_run_has_the_notes(tmp_path: Path, workers: tuple[str, ...]) -> None:
    (tmp_path / "conftest.py").write_text(TESTS.partition("\n\n")[0], encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    environment = {"PYTHONPATH": str(Path(lab.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *workers, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("test_it.py: The host win1 was set up a second time.") == 1
    assert done.stdout.count("test_it.py: The host win2 could not.") == 1
