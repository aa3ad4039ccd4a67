# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's packages, as their heads describe them, as the table in docs/architecture.md: each below those that it may import."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2] / "plugins" / "plugin_utils"
_MAY_IMPORT = re.compile(r"^May import: (?P<names>[a-z_, ]+)\.$", re.MULTILINE)
_TABLE = re.compile(r"(?<=\| package \| may import \| what it is for \|\n\|---\|---\|---\|\n)(?:\| .*\n)+")


def with_packages_table(page: str) -> str:
    """Return the page with a row for each package.

    Raises:
        ValueError: the table is not there once.
    """
    changed, count = _TABLE.subn(lambda _: "".join(_rows()), page)
    if count != 1:
        raise ValueError(f"The table of packages is there {count} times, not once: look for its headings.")
    return changed


def _rows() -> list[str]:
    heads = {folder.name: _head(folder) for folder in HOUSE.iterdir() if (folder / "__init__.py").is_file()}
    floors = graphlib.TopologicalSorter({name: sorted(allowed & set(heads)) for name, (_, allowed) in sorted(heads.items())})
    return [f"| `{name}` | {_names(heads[name][1])} | {heads[name][0]} |\n" for name in floors.static_order()]


def _head(folder: Path) -> tuple[str, set[str]]:
    """Return the first line of a package's head, and what the package may import."""
    head = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    found = _MAY_IMPORT.search(head)
    if not found:
        raise ValueError(f"{folder.name}/__init__.py does not say what the package may import: write a line 'May import: _core, ansible.'")
    return head.splitlines()[0], set(found["names"].split(", ")) - {"nothing"}


def _names(allowed: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(allowed)) or "nothing"
