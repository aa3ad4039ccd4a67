# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a run's costs: which process is of which kind, whose time counts, and what is printed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from cloudlab.testing import costs

TICKS = os.sysconf("SC_CLK_TCK")


class Machine:
    """Stands for /proc: processes that a test adds, lets work, and ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.busy = 0.0
        self.process(os.getpid(), "pytest", 0.0)

    def process(self, number: int, command: str, seconds: float, *, run: str | None = None, start: int = 1) -> None:
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        ticks = round(seconds * TICKS)
        # The name in brackets is what makes the file hard to read.
        (folder / "stat").write_text(f"{number} (a) b) c) S " + " ".join(["0"] * 10 + [str(ticks), "0"] + ["0"] * 6 + [str(start)]))
        (folder / "environ").write_bytes(b"A=1\0" + (f"{costs.FOLDER_VARIABLE}={run}".encode() + b"\0" if run else b""))
        (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode())
        (self.folder / "stat").write_text(f"cpu  {round(self.busy * TICKS)} 0 0 0\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sampler(machine: Machine) -> costs.Sampler:
    started = costs.Sampler(Path("/run"), machine.folder)
    started.start()
    return started


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (r"C:\Program Files\PowerShell\7\pwsh-core.exe -NoProfile", "PowerShell"),
        (r"C:\windows\system32\services.exe", "wineserver, services and other Windows programs"),
        ("/usr/lib/wine/wineserver64 -p", "wineserver, services and other Windows programs"),
        ("/venv/bin/python /venv/bin/ansible-playbook site.yml", "ansible"),
        ("python -m cloudlab.windows windows.json", "the lab's servers"),
        ("python -m cloudlab --state /state up --hosts 3", "set-up"),
        ("python -m pytest", "pytest"),
        ("sleep 1", "other programs"),
    ],
)
def test_process_has_the_kind_of_its_command_line(command: str, kind: str) -> None:
    assert costs.kind_of(command.replace(" ", "\0").encode().replace(b"Program\0Files", b"Program Files")) == kind


def test_only_processes_of_the_run_count(machine: Machine) -> None:
    running = sampler(machine)
    machine.process(11, "/bin/ansible-playbook", 3.0, run="/run")
    machine.process(12, "/bin/ansible-playbook", 5.0, run="/run-of-a-neighbour")
    machine.process(13, "/bin/ansible-playbook", 7.0)
    assert running.stop()["ansible"] == 3.0


def test_process_counts_with_what_it_had_used_when_it_was_seen_last(machine: Machine) -> None:
    running = sampler(machine)
    machine.process(11, "pwsh-core.exe", 1.0, run="/run")
    running.look()
    machine.process(11, "pwsh-core.exe", 2.5, run="/run")
    running.look()
    # The same number, handed out again.
    machine.process(11, "pwsh-core.exe", 0.5, run="/run", start=2)
    assert running.stop()["PowerShell"] == 3.0


def test_rest_of_the_machine_is_shown_apart(machine: Machine) -> None:
    running = sampler(machine)
    machine.busy = 10.0
    machine.process(11, "pwsh-core.exe", 4.0, run="/run")
    assert running.stop()["not seen before it ended, and the machine's other work"] == pytest.approx(6.0)


def test_processes_of_this_machine_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = costs.Sampler(tmp_path)
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
    running.start()
    assert running.stop()["pytest"] > 0


def test_files_are_listed_by_their_seconds() -> None:
    table = costs.file_table({"a.py": 2.0, "b.py": 9.0, "unit.py": 1.0}, {"a.py": 5, "b.py": 70})
    assert [line.split() for line in table[1:]] == [
        ["9", "70", "b.py"],
        ["2", "5", "a.py"],
        ["1", "0", "all", "files", "without", "a", "lab"],
    ]


def test_kinds_are_listed_by_their_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "SETUP_COST", tmp_path / "setup-cost.json")
    costs.SETUP_COST.write_text('{"seconds": 130.2, "cpu": 151.4}')
    table = costs.kind_table({"ansible": 3.0, "PowerShell": 8.0}, 20.0)
    assert [line.split()[:2] for line in table[1:4]] == [["8", "PowerShell"], ["3", "ansible"], ["151", "make"]]


def test_counts_of_all_processes_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(costs.FOLDER_VARIABLE, str(tmp_path))
    costs.note_executions("a.py", 3)
    costs.note_executions("a.py", 4)
    assert costs._noted(tmp_path) == {"a.py": 7}
