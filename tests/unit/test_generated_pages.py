# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that are made from the code are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from generate import ROOT, main, pages

PAGES = pages()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_page_is_up_to_date(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file], "run 'make docs' and commit what it writes"


def test_cells_of_a_table_are_as_many_as_its_head() -> None:
    rows = [line for line in PAGES[ROOT / "docs" / "troubleshooting.md"].splitlines() if line.startswith("|")]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_files_are_written_where_they_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("as it must be", encoding="utf-8")
    monkeypatch.setattr("generate.ROOT", tmp_path)
    monkeypatch.setattr("generate.pages", lambda: {old: "as it must be", new: "more"})
    main()
    assert new.read_text(encoding="utf-8") == "more"
    assert capsys.readouterr().out == "written: new.md\n"
