# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab stands by itself: it imports nothing of the collection that is tested in it, and nothing of the collection's tests."""

from __future__ import annotations

import ast
from pathlib import Path

LAB = Path(__file__).resolve().parents[2]
#: What the collection's tests keep beside each other, importable by name as they run.
OTHERS = {file.stem for folder in ("integration", "unit") for file in (LAB.parent / folder).rglob("*.py")} | {"ansible_collections"}


def imported(file: Path) -> set[str]:
    """Return the first parts of the names of all modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_lab_imports_nothing_of_the_collection() -> None:
    own = {file.stem for file in LAB.rglob("*.py")}
    found = {str(file.relative_to(LAB)): imported(file) & (OTHERS - own) for file in LAB.rglob("*.py")}
    assert {file: names for file, names in found.items() if names} == {}
