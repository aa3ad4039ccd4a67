# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that are made from the code are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import declared_checks
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CHECKS
from check_lists import checks_page, with_return_list
from generate import ROOT, main, pages
from packages_table import with_packages_table

PAGES = pages()
FACT = re.compile(r"^\| ([CDGSTV]\d{1,2}) \|", re.MULTILINE)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_page_is_up_to_date(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file], "run 'make docs' and commit what it writes"


@pytest.mark.parametrize(("name", "columns"), [("troubleshooting.md", 4), ("checks.md", 5), ("role-variables.md", 5)])
def test_rows_of_a_page_have_a_cell_for_each_column(name: str, columns: int) -> None:
    rows = [line for line in PAGES[ROOT / "docs" / name].splitlines() if line.startswith("|")]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} == {columns + 1}


def test_every_fact_that_a_check_rests_on_is_documented() -> None:
    known = set(FACT.findall((ROOT / "docs" / "product-facts.md").read_text(encoding="utf-8")))
    assert {declared.name: set(declared.facts) - known for declared in declared_checks() if set(declared.facts) - known} == {}


def test_every_check_has_its_row_and_its_line() -> None:
    page = PAGES[ROOT / "docs" / "checks.md"]
    assert [declared.label for declared in declared_checks() if f"`{declared.label}`" not in page] == []
    module = PAGES[ROOT / "plugins" / "modules" / "agent_verify.py"]
    assert [declared.label for declared in declared_checks() if f"- C({declared.label}) - {declared.title}." not in module] == []


@pytest.mark.parametrize("text", ["no list", "        - C(a) - b.\n      type: str\n      sample: agent_service\n" * 2])
def test_list_that_is_not_there_once_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="times, not once"):
        with_return_list(text)


def test_table_of_packages_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 times, not once"):
        with_packages_table("no table")


def test_packages_stand_below_those_that_they_may_import() -> None:
    page = PAGES[ROOT / "docs" / "architecture.md"]
    rows = re.findall(r"^\| `(_\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert len(rows) > 10
    for at, (name, allowed) in enumerate(rows):
        above = {one for one, _ in rows[:at]} | {"ansible"}
        assert set(re.findall(r"`(\w+)`", allowed)) <= above, name


def test_condition_without_words_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS["disk"].needs, "__doc__", None)
    with pytest.raises(ValueError, match="has no docstring"):
        checks_page()


def test_files_are_written_where_they_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("as it must be", encoding="utf-8")
    monkeypatch.setattr("generate.ROOT", tmp_path)
    monkeypatch.setattr("generate.pages", lambda: {old: "as it must be", new: "more"})
    main()
    assert new.read_text(encoding="utf-8") == "more"
    assert capsys.readouterr().out == "written: new.md\n"
