# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin for pytest: what a failing test of a lab prints, and the logs that outlive the lab. A test that passes prints nothing.

Printed are the last lines of the last run of Ansible, the last lines of the hosts' endpoints and of Microsoft's side, and where the
whole logs are.
"""

from __future__ import annotations

import shutil
import typing as t
from collections.abc import Generator
from pathlib import Path

import pytest
from cloudlab.paths import BUILD
from cloudlab.testing import ansible_runs
from cloudlab.testing.running_lab import Lab

#: Logs of labs in which a test has failed; emptied by `make clean`.
KEPT_LOGS = BUILD / "failed-tests"
_LINES = 25
#: What the agent, its setup and Windows write on a host, below its drive C:.
_HOST_LOGS = ("ProgramData/Microsoft/Azure AD Connect Provisioning Agent/Trace/*", "windows/Temp/*.log", "ProgramData/entra_ops/**/*.log")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what its lab and its last run of Ansible said."""
    report = yield
    lab = item.funcargs.get("lab") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(lab, Lab):
        report.sections += sections(lab, keep_logs(lab, item.nodeid))
    return report


def sections(lab: Lab, kept: Path) -> list[tuple[str, str]]:
    """Return what is printed, as (title, text)."""
    logs = [(f"last lines of {name}", tail(lab.state / "logs" / name)) for name in ("windows.log", "windows.out", "microsoft.log")]
    last = [("last run of Ansible", ansible_runs.LAST[-1].tail)] if ansible_runs.LAST else []
    return [*last, *((title, text) for title, text in logs if text), ("logs", f"The whole logs are in {kept}")]


def tail(file: Path, lines: int = _LINES) -> str:
    """Return the last lines of a file, nothing if it is not there."""
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if file.exists() else ""


def keep_logs(lab: Lab, test: str) -> Path:
    """Copy the logs of a lab, which goes away with its last test, and return the folder of the copies."""
    target = KEPT_LOGS / "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in test)[-120:]
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(lab.state / "logs", target)
    for number, done in enumerate(ansible_runs.LAST, 1):
        (target / f"ansible-{number}.log").write_text(done.output, encoding="utf-8")
    for host in lab.hosts:
        _copy_host_logs(lab.state / "hosts" / host / "drive_c", target / host)
    return target


def _copy_host_logs(drive: Path, target: Path) -> None:
    files: t.Iterator[Path] = (file for pattern in _HOST_LOGS for file in drive.glob(pattern) if file.is_file())
    for file in files:
        target.mkdir(exist_ok=True)
        shutil.copy(file, target)
