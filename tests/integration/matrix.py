# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries the collection on every ansible-core that it claims, with the lowest and the newest ansible.windows, on one lab host.

    make matrix [CORES="2.16 2.20"]

On each: playbooks/site.yml, site.yml again, verify.yml, remove.yml; over winrm, and on the cores of `make test` over psrp too; and against
hosts that are hostile (test_hostile_host.py). Ends with a table, and with an error where a step went wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import cores
from cloudlab.testing.ansible_runs import BUILD, LAB, ROOT, Run, run_playbook

STATE = ROOT / ".lab-matrix"
OUTPUT = BUILD / "matrix"
#: What a module warns of under Wine now and then, and nowhere else.
HARMLESS = "[WARNING]: Failure cleaning temp path"


@dataclasses.dataclass(frozen=True)
class Step:
    """One run of a playbook, and whether it changes a host that was bare before the first step."""

    name: str
    playbook: str
    changes: bool


STEPS = (
    Step("site", "site.yml", changes=True),
    Step("site again", "site.yml", changes=False),
    Step("verify", "verify.yml", changes=False),
    Step("remove", "remove.yml", changes=True),
)


#: The last step, which is no playbook against the lab's host.
HOSTILE = "hostile hosts"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How one step ended: its seconds, and in a sentence what is not as it should be, else nothing."""

    seconds: float
    problem: str

    @property
    def cell(self) -> str:
        """The outcome in the table."""
        return f"{'FAILED' if self.problem else 'ok'} {self.seconds:.0f} s"


@dataclasses.dataclass
class Row:
    """A core with an ansible.windows and a connection, and how its steps ended, or why the core is skipped.

    Attributes:
        core: its version.
        skipped: why it is, in a sentence; then all that follows is empty.
        python: the version of its environment's Python.
        windows: the version of ansible.windows.
        connection: winrm or psrp.
        environment: the core's virtual environment.
        collections: the folder of collections with that ansible.windows.
        outcomes: of the steps that were run; none after one that went wrong.
    """

    core: str
    skipped: str = ""
    python: str = "-"
    windows: str = "-"
    connection: str = "-"
    environment: Path = Path()
    collections: Path = Path()
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a step went wrong."""
        return any(outcome.problem for outcome in self.outcomes)


def main() -> int:
    """Run the matrix; return the exit code: 1 where a step went wrong, 2 where nothing could be tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cores", nargs="*", help="such as 2.16 2.20; all that are claimed where none is named")
    shutil.rmtree(OUTPUT, ignore_errors=True)
    try:
        rows = run_matrix(parser.parse_args().cores)
    except cores.MatrixError as error:
        print(f"matrix: {error}", file=sys.stderr)
        return 2
    text = table(rows)
    (OUTPUT / "table.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nmatrix: the steps' outputs are in {OUTPUT}")
    if all(row.skipped for row in rows):
        return 2
    return 1 if any(row.failed for row in rows) else 0


def run_matrix(asked: list[str]) -> list[Row]:
    """Try the cores that were asked for; return a row for each core and ansible.windows.

    Raises:
        MatrixError: what was asked for cannot be had.
    """
    minors = cores.wanted_minors(asked, cores.lowest_claimed(), cores.look_up("ansible-core").minor)
    collections = cores.make_collections()
    rows = [row for minor in minors for row in plan(cores.look_up(f"ansible-core=={minor}.*"), collections)]
    OUTPUT.mkdir(parents=True)
    if not all(row.skipped for row in rows):
        try_all([row for row in rows if not row.skipped])
    return rows


def plan(core: cores.Core, collections: dict[str, Path]) -> list[Row]:
    """Make a core's environment and return its rows, or one that says why it is skipped."""
    try:
        environment = cores.make_environment(core)
    except cores.MatrixError as error:
        print(f"matrix: {error} It is skipped.", flush=True)
        return [Row(core.version, skipped=str(error))]
    python = cores.python_version(environment)
    return [
        Row(core.version, "", python, windows, connection, environment, collections[windows])
        for windows, connection in combinations(core.minor, list(collections))
    ]


def combinations(minor: str, versions: list[str]) -> list[tuple[str, str]]:
    """Return what a core is tried with, as (ansible.windows, connection): each version, and the last over psrp where that is tried.

    Args:
        minor: of the core.
        versions: of ansible.windows, the newest last.
    """
    over_psrp = [(versions[-1], "psrp")] if minor in cores.PSRP_MINORS else []
    return [*((version, "winrm") for version in versions), *over_psrp]


def try_all(rows: list[Row]) -> None:
    """Run the steps of every row on one lab host, which is bare after the last step, and a new one after a failure."""
    lab("up", "--hosts", "1")
    try:
        for row, former in zip(rows, [None, *rows], strict=False):
            if former and former.failed:
                lab("down")
                lab("up", "--hosts", "1")
            try_row(row)
    finally:
        lab("down")


def try_row(row: Row) -> None:
    """Run the steps until one goes wrong."""
    folder = OUTPUT / f"core-{row.core}-windows-{row.windows}-{row.connection}"
    folder.mkdir()
    for step in STEPS:
        outcome = run_step(step, row, folder)
        note_outcome(step.name, outcome, row)
        if outcome.problem:
            return
    note_outcome(HOSTILE, try_hostile_hosts(row, folder), row)


def note_outcome(name: str, outcome: Outcome, row: Row) -> None:
    """Keep and print how a step ended."""
    row.outcomes.append(outcome)
    row_name = f"core {row.core}, ansible.windows {row.windows}, {row.connection}"
    print(f"{row_name}, {name}: {outcome.cell} {outcome.problem}".rstrip(), flush=True)


def try_hostile_hosts(row: Row, folder: Path) -> Outcome:
    """Run the tests with hostile hosts, which need no lab; they are the same over every connection."""
    began = time.monotonic()
    environment = {**os.environ, "MATRIX_CORE": str(row.environment), "MATRIX_COLLECTIONS": str(row.collections)}
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).with_name("test_hostile_host.py"))]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    (folder / "hostile.log").write_text(done.stdout, encoding="utf-8")
    return Outcome(time.monotonic() - began, f"Its tests ended with code {done.returncode}." if done.returncode else "")


def run_step(step: Step, row: Row, folder: Path) -> Outcome:
    """Run one playbook; its output and report are kept in the folder."""
    name = step.name.replace(" ", "-")
    done = run_playbook(
        f"playbooks/{step.playbook}",
        inventory=STATE / "inventory.yml",
        extra_vars={
            "provisioning_agent_accept_eula": True,
            "provisioning_agent_report_dir": str(folder / name),
            "target_hosts": "agents",
            "lab_connection": row.connection,
        },
        environment={"ANSIBLE_COLLECTIONS_PATH": str(row.collections)},
        python=row.environment,
    )
    (folder / f"{name}.log").write_text(done.output, encoding="utf-8")
    report = folder / name / "report.json"
    return Outcome(done.seconds, judge(step, done, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}))


def judge(step: Step, done: Run, report: dict[str, t.Any]) -> str:
    """Return in a sentence what is wrong with an ended step, else nothing.

    Args:
        step: the step.
        done: its run.
        report: its report.json, empty where it wrote none.
    """
    if done.returncode:
        return f"It ended with code {done.returncode}: {_first_line(done, 'fatal:', '[ERROR]', 'ERROR!')}"
    if warning := _first_line(done, "[WARNING]", "[DEPRECATION WARNING]"):
        return f"It warned: {warning}"
    if bool(done.changed_hosts) is not step.changes:
        return "It changed the host." if done.changed_hosts else "It changed nothing."
    unknown = [check["name"] for row in report["hosts"] for check in row["checks"] if check["status"] == "unknown"]
    return f"It could not read: {', '.join(unknown)}." if unknown else ""


def _first_line(done: Run, *beginnings: str) -> str:
    lines = (line for line in done.output.splitlines() if line.startswith(beginnings) and not line.startswith(HARMLESS))
    return next(lines, "")


def table(rows: list[Row]) -> str:
    """Return the rows as a table in Markdown."""
    steps = [*(step.name for step in STEPS), HOSTILE]
    lines = [["core", "Python", "ansible.windows", "connection", *steps], ["---"] * (4 + len(steps))]
    for row in rows:
        cells = [row.skipped] if row.skipped else [outcome.cell for outcome in row.outcomes]
        lines.append([row.core, row.python, row.windows, row.connection, *cells, *["not run"] * (len(steps) - len(cells))])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def lab(*arguments: str) -> None:
    """Run the lab's tool; where it fails it has said why, and the matrix ends."""
    if subprocess.run([str(LAB), "--state", str(STATE), *arguments], check=False).returncode:
        sys.exit(2)


if __name__ == "__main__":
    sys.exit(main())
