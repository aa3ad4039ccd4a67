# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin for pytest that ends a run with what it cost: seconds and remote executions by file, processor time by kind of process.

The process that runs pytest looks at the machine's processes a few times a second and keeps what each has used of the processor
so far. What belongs to the run is known by a variable that all its processes inherit, those of the hosts included. What a process
uses between the last look and its end is in no kind: the table shows that remainder of the machine's own count by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from cloudlab.paths import BUILD

#: Names the folder that a run's processes leave their counts in; whatever inherits it belongs to the run.
FOLDER_VARIABLE = "CLOUDLAB_COSTS"
#: What `make setup` has cost in this run of make: {"seconds": wall time, "cpu": processor time}, see bootstrap.py.
SETUP_COST = BUILD / "setup-cost.json"
_LOOKS_PER_SECOND = 4
_TICKS = os.sysconf("SC_CLK_TCK")
_SETUP = "set-up"
#: The kinds, each with what the command line of such a process contains; the first that fits counts.
_KINDS = (
    ("PowerShell", (b"pwsh-core.exe", b"powershell.exe", b"pwsh.exe")),
    (_SETUP, (b"cloudlab\0--state", b"cloudlab\0up", b"cloudlab\0down")),
    ("the lab's servers", (b"cloudlab.",)),
    ("ansible", (b"/bin/ansible",)),
    ("wineserver, services and other Windows programs", (b"wineserver", b".exe")),
    ("pytest", (b"pytest",)),
)
_OTHER = "other programs"


@dataclass(frozen=True)
class Process:
    """A process by what makes it one of a kind: its number and its start, in clock ticks since the machine's."""

    number: int
    start: int


class Sampler:
    """Adds up the processor time of a run's processes by kind.

    Args:
        folder: the run's folder, by which its processes are known.
        proc: where the kernel shows the processes.
    """

    def __init__(self, folder: Path, proc: Path = Path("/proc")) -> None:
        self._mark = f"{FOLDER_VARIABLE}={folder}\0".encode()
        self._proc = proc
        self._kinds: dict[Process, str | None] = {Process(os.getpid(), _stat(proc / str(os.getpid()))[1]): "pytest"}
        self._seconds: dict[Process, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="costs", daemon=True)
        self._busy = _busy(proc)

    def start(self) -> None:
        """Look from now on, in a thread."""
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """Stop looking and return the seconds of each kind, and those of the whole machine that are in no kind."""
        self._ended.set()
        self._thread.join()
        self.look()
        kinds: dict[str, float] = defaultdict(float)
        for process, seconds in self._seconds.items():
            kinds[self._kinds[process] or _OTHER] += seconds
        rest = _busy(self._proc) - self._busy - sum(kinds.values())
        return {**kinds, "not seen before it ended, and the machine's other work": max(0.0, rest)}

    def look(self) -> None:
        """Look once at all processes."""
        for folder in self._proc.iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                    self._look_at(folder)

    def _look_at(self, folder: Path) -> None:
        seconds, start = _stat(folder)
        process = Process(int(folder.name), start)
        if process not in self._kinds:
            self._kinds[process] = self._kind(folder)
        if self._kinds[process]:
            self._seconds[process] = seconds

    def _kind(self, folder: Path) -> str | None:
        """Return what kind of process it is, None for one that is not the run's."""
        if self._mark not in (folder / "environ").read_bytes() + b"\0":
            return None
        return kind_of((folder / "cmdline").read_bytes())

    def _run(self) -> None:
        while not self._ended.wait(1 / _LOOKS_PER_SECOND):
            self.look()


def kind_of(command: bytes) -> str:
    """Return the kind of a process by its command line, whose arguments end with a zero byte each."""
    return next((kind for kind, parts in _KINDS if any(part in command for part in parts)), _OTHER)


def _stat(folder: Path) -> tuple[float, int]:
    """Return the seconds of processor time that a process has used itself, and its start."""
    # The name of the program may have spaces and brackets: what follows it is counted from its end.
    fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[19])


def _busy(proc: Path) -> float:
    """Return the seconds that the machine's processors have been busy since its start."""
    user, nice, system = (proc / "stat").read_bytes().split()[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS


def note_executions(test_file: str, count: int) -> None:
    """Let the table know how many remote executions a file of tests has made; without a run that counts, nothing happens."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False, encoding="utf-8") as note:
            json.dump({"file": test_file, "executions": count}, note)


class Costs:
    """The plugin's state in the process that runs pytest: durations as they come in, and the sampler."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cloudlab-costs-")
        os.environ[FOLDER_VARIABLE] = self._folder.name
        self._seconds: Counter[str] = Counter()
        self._began = time.monotonic()
        self._sampler = Sampler(Path(self._folder.name))
        self._sampler.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a test's seconds, its fixtures' included, to those of its file."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables."""
        kinds = self._sampler.stop()
        executions = _noted(Path(self._folder.name))
        self._folder.cleanup()
        del os.environ[FOLDER_VARIABLE]
        if executions:  # without a lab there is nothing to find: all is pytest's
            terminalreporter.section("what it cost")
            for line in [*file_table(self._seconds, executions), "", *kind_table(kinds, time.monotonic() - self._began)]:
                terminalreporter.write_line(line)


def _noted(folder: Path) -> Counter[str]:
    executions: Counter[str] = Counter()
    for file in folder.glob("*.json"):
        note = json.loads(file.read_text(encoding="utf-8"))
        executions[note["file"]] += note["executions"]
    return executions


def file_table(seconds: t.Mapping[str, float], executions: t.Mapping[str, int]) -> list[str]:
    """Return the table of the files of tests, the dearest first; files without a lab are one line."""
    rows = sorted(((seconds[file], executions[file], file) for file in executions), reverse=True)
    without = sum(duration for file, duration in seconds.items() if file not in executions)
    whole = [(without, 0, "all files without a lab")] if without else []
    return ["seconds  remote executions  file", *(f"{duration:7.0f}  {count:17}  {file}" for duration, count, file in [*rows, *whole])]


def kind_table(kinds: t.Mapping[str, float], wall: float) -> list[str]:
    """Return the table of processor time by kind of process."""
    rows = sorted(kinds.items(), key=lambda row: -row[1])
    lines = [f"{seconds:11.0f}  {kind}" for kind, seconds in rows]
    if SETUP_COST.exists():
        cost = json.loads(SETUP_COST.read_text(encoding="utf-8"))
        lines.append(f"{cost['cpu']:11.0f}  make setup, before the tests ({cost['seconds']:.0f} s)")
    return ["CPU seconds  of", *lines, f"{wall:.0f} s of wall time on {os.cpu_count()} processors"]


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that runs pytest, not in those that xdist starts."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Costs(), "cloudlab-costs")
