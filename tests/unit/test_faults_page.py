# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that docs/faults.md names is there, and every fault names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [line for line in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
FAULTS = [row for row in ROWS if not row.startswith("| fault |")]
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def defined_in(name: str) -> set[str]:
    """Return the tests in the files of a name."""
    files = [file for file in (ROOT / "tests").rglob(name) if ".build" not in file.parts]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_faults() -> None:
    assert len(FAULTS) > 40


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_fault_is_held_by_tests_that_exist(row: str) -> None:
    _, fault, outcome, held, _ = row.split("|")
    assert fault.strip() and outcome.strip()
    assert NAMED.findall(held)
    assert NAMED.sub("", held).strip(" ,") == ""
    assert [f"{file}::{test}" for file, test in NAMED.findall(held) if test not in defined_in(file)] == []
