# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook against a lab and reads what it printed: the recap, and which task changed which host."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from cloudlab import paths
from cloudlab.limits import limit

ROOT = paths.REPOSITORY
BUILD = paths.BUILD
LAB = paths.LAB / "lab"

#: The environment of bootstrap.py that has ansible-core for each Python.
ENVIRONMENTS = {"3.11": BUILD / "venv", "3.13": BUILD / "venv-3.13"}
#: The one that has a core which evaluates what hosts say unless it is marked; see TRUSTING_CORE there.
TRUSTING = BUILD / "venv-2.18"

_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(?P<name>.*?)\] \*+$")
_OUTCOME = re.compile(r"^(?P<outcome>ok|changed|skipping|fatal|failed|rescued): \[(?P<host>[^\]\s]+)")
_RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=\d+ .*)$")


@dataclasses.dataclass(frozen=True)
class Run:
    """One ended run of a command.

    Attributes:
        returncode: the exit code.
        output: standard output and standard error together, as they came.
        seconds: the wall time.
    """

    returncode: int
    output: str
    seconds: float

    @property
    def tail(self) -> str:
        """The last lines of the output, which have the recap and mostly the reason of a failure."""
        return "\n".join(self.output.splitlines()[-40:])

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The recap: host -> {"ok": 5, "changed": 0, "unreachable": 0, "failed": 0, ...}."""
        lines = (_RECAP.match(line) for line in self.output.splitlines())
        return {
            line["host"]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line["counts"])} for line in lines if line
        }

    @property
    def recap_text(self) -> str:
        """The recap's lines as they were printed."""
        return "\n".join(line.rstrip() for line in self.output.splitlines() if _RECAP.match(line))

    def outcomes(self, outcome: str) -> set[tuple[str, str]]:
        """Return the pairs (host, task) that ended so: "changed", "ok", "fatal" ..."""
        pairs, task = set(), ""
        for line in self.output.splitlines():
            if found := _TASK.match(line):
                task = found["name"]
            elif (found := _OUTCOME.match(line)) and found["outcome"] == outcome:
                pairs.add((found["host"], task))
        return pairs

    @property
    def changed_hosts(self) -> set[str]:
        """The hosts that the recap calls changed."""
        return {host for host, counts in self.recap.items() if counts["changed"]}


#: The last runs of this process, for the report of a test that fails.
LAST: collections.deque[Run] = collections.deque(maxlen=3)


def run_playbook(
    playbook: Path | str,
    *arguments: str,
    inventory: Path | None = None,
    extra_vars: dict[str, t.Any] | None = None,
    environment: dict[str, str] | None = None,
    python: str | Path = "3.11",
    on_line: t.Callable[[str], None] | None = None,
) -> Run:
    """Run a playbook to its end, in the environment for a Python; a relative path starts at the repository's top.

    Extra variables travel in a file for this user alone: they may hold secrets, which have no business on a command line.
    """
    options = ["-i", str(inventory)] if inventory else []
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as variables:
        json.dump(extra_vars or {}, variables)
        variables.flush()
        options += ["--extra-vars", f"@{variables.name}"]
        return run([tool("ansible-playbook", python), str(playbook), *options, *arguments], environment=environment, on_line=on_line)


def tool(name: str, python: str | Path = "3.11") -> str:
    """Return the path of one of Ansible's commands for a Python of ENVIRONMENTS, or in the folder of another environment."""
    return str((ENVIRONMENTS[python] if isinstance(python, str) else python) / "bin" / name)


def run(
    command: list[str], *, environment: dict[str, str] | None = None, on_line: t.Callable[[str], None] | None = None
) -> Run:
    """Run a command to its end, output captured, with Ansible set up for this repository; on_line sees each line as it comes."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        # Ansible's temporary files and the collection's own go where 'make clean' finds them.
        "HOME": str(BUILD / "home"),
        "LC_ALL": "C.UTF-8",
    }
    began = time.monotonic()
    lines: list[str] = []
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ended = threading.Event()
    threading.Thread(target=_end_when_silent, args=(process, lines, ended), daemon=True).start()
    try:
        with t.cast(t.IO[str], process.stdout) as output:
            for line in output:
                lines.append(line)
                if on_line:
                    on_line(line)
    finally:
        # At the output's end the process is over; before that a reader has failed, and nobody is there to wait for.
        ended.set()
        if sys.exc_info()[0]:
            process.kill()
        process.wait()
    LAST.append(Run(process.returncode, "".join(lines), time.monotonic() - began))
    return LAST[-1]


def _end_when_silent(process: subprocess.Popen[str], lines: list[str], ended: threading.Event) -> None:
    """End a run that has printed nothing since the last look, one limit ago: it hangs."""
    before = -1
    while before < len(lines):
        before = len(lines)
        if ended.wait(limit()):
            return
    lines.append(f"The lab has ended this run, which printed nothing for {limit()} s; above stands what it printed last.\n")
    process.kill()
