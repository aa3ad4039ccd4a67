# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's house, plugins/plugin_utils: each package imports only what its head says, and nothing goes in a circle or upwards."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
HOUSE = PLUGINS / "plugin_utils"
PACKAGES = sorted(folder.name for folder in HOUSE.iterdir() if folder.name.startswith("_") and not folder.name.startswith("__"))
_MAY_IMPORT = re.compile(r"^May import: (?P<names>[a-z_, ]+)\.$", re.MULTILINE)
ANSIBLE = "ansible"


def may_import(package: str) -> set[str]:
    """Return what a package's head says that it may import."""
    head = ast.get_docstring(ast.parse((HOUSE / package / "__init__.py").read_text(encoding="utf-8"))) or ""
    found = _MAY_IMPORT.search(head)
    assert found, f"{package}/__init__.py does not say what the package may import: write a line 'May import: _core, ansible.'"
    names = set(found["names"].split(", "))
    return set() if names == {"nothing"} else names


@functools.cache
def imports(file: Path) -> frozenset[str]:
    """Return what a file of the house imports: _package.module for the house's own, the first name for all else."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= set(_sources(file, node))
    return frozenset(found)


def _sources(file: Path, node: ast.ImportFrom) -> t.Iterator[str]:
    if not node.level:
        yield str(node.module).partition(".")[0]
        return
    base = file.parent if node.level == 1 else file.parents[node.level - 1]
    where = ".".join([*base.relative_to(HOUSE).parts, *([node.module] if node.module else [])])
    if node.module:
        yield where
    else:  # from . import module, from .. import _package
        yield from (f"{where}.{alias.name}".strip(".") for alias in node.names)


def modules() -> dict[str, frozenset[str]]:
    """Return the house's modules, each with what it imports; a package's head counts as a module of the package's name."""
    files = [file for package in PACKAGES for file in (HOUSE / package).rglob("*.py")]
    return {".".join(file.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): imports(file) for file in files}


@pytest.mark.parametrize("package", PACKAGES)
def test_package_imports_what_its_head_says(package: str) -> None:
    allowed = may_import(package) | {package}
    for file in sorted((HOUSE / package).rglob("*.py")):
        for name in imports(file):
            first = name.partition(".")[0]
            if first.startswith("_") and first != "__future__":
                assert first in allowed, f"{file.relative_to(HOUSE)} imports {name}, which {package}/__init__.py does not allow"
            if first == ANSIBLE:
                assert ANSIBLE in allowed, f"{file.relative_to(HOUSE)} imports Ansible, which {package}/__init__.py does not allow"
            assert first != "ansible_collections", f"{file.relative_to(HOUSE)} imports {name} by its full name: write it relatively"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_nothing_that_it_does_not_import(package: str) -> None:
    used = {name.partition(".")[0] for file in (HOUSE / package).rglob("*.py") for name in imports(file)}
    assert may_import(package) <= used, f"{package}/__init__.py allows what nobody imports: {may_import(package) - used}"


def test_packages_stand_above_one_another() -> None:
    graphlib.TopologicalSorter({package: may_import(package) - {ANSIBLE} for package in PACKAGES}).prepare()


def test_modules_import_one_another_in_no_circle() -> None:
    known = modules()
    graphlib.TopologicalSorter({name: {module for module in used if module in known} for name, used in known.items()}).prepare()


def test_every_module_is_in_a_package() -> None:
    assert not list(HOUSE.glob("*.py"))
    assert not list(PLUGINS.glob("module_utils/**/*.py")), "no Python of the collection runs on a host"


def test_what_is_shown_goes_through_the_terminal() -> None:
    # It takes out what a host's words would do to one.
    showing = re.compile(r"import Display\b|\b_display\b")
    files = {file.relative_to(PLUGINS).as_posix() for file in PLUGINS.rglob("*.py") if showing.search(file.read_text(encoding="utf-8"))}
    assert files == {"plugin_utils/_host/terminal.py"}
