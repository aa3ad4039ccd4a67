# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failing test of a lab prints, and which logs outlive the lab."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from cloudlab.testing import ansible_runs, failures
from cloudlab.testing.ansible_runs import Run


class LabFolder:
    """A lab's folder with one host, without the lab."""

    hosts: t.ClassVar[list[str]] = ["win1"]

    def __init__(self, state: Path) -> None:
        self.state = state
        (state / "logs").mkdir(parents=True)
        (state / "logs" / "windows.log").write_text("\n".join(f"request {n}" for n in range(100)))
        trace = state / "hosts" / "win1" / "drive_c" / "ProgramData" / "Microsoft" / "Azure AD Connect Provisioning Agent" / "Trace"
        trace.mkdir(parents=True)
        (trace / "setup.log").write_text("setup failed")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    monkeypatch.setattr(failures, "KEPT_LOGS", tmp_path / "kept")
    monkeypatch.setattr(ansible_runs, "LAST", [Run(2, "\n".join(f"line {n}" for n in range(100)), 1.0)])
    return LabFolder(tmp_path / "state")


def test_logs_are_kept(lab: t.Any, tmp_path: Path) -> None:
    kept = failures.keep_logs(lab, "tests/test_site.py::test_a[b c/d]")
    assert kept.parent == tmp_path / "kept"
    assert {str(file.relative_to(kept)) for file in kept.rglob("*.log")} == {"windows.log", "win1/setup.log", "ansible-1.log"}


def test_last_lines_are_printed_and_where_the_rest_is(lab: t.Any, tmp_path: Path) -> None:
    printed = dict(failures.sections(lab, tmp_path / "kept"))
    assert printed["last run of Ansible"].splitlines()[-1] == "line 99"
    assert "line 1\n" not in printed["last run of Ansible"]
    assert printed["last lines of windows.log"].splitlines()[-1] == "request 99"
    assert len(printed["last lines of windows.log"].splitlines()) == 25
    assert str(tmp_path / "kept") in printed["logs"]
