# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fact that a comment names by its number stands in docs/product-facts.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("plugins", "roles", "playbooks", "tests")
SUFFIXES = {".py", ".ps1", ".psm1", ".yml", ".c", ".h", ".cs"}
#: Numbers in brackets as comments have them: (S33) or (G2, G7, G14).
CITATION = re.compile(r"\(([CDGSTV]\d{1,2}(?:, [CDGSTV]\d{1,2})*)\)")
FACT = re.compile(r"^\| ([CDGSTV]\d{1,2}) \|", re.MULTILINE)


def test_every_fact_that_is_cited_is_documented() -> None:
    facts = set(FACT.findall((ROOT / "docs" / "product-facts.md").read_text(encoding="utf-8")))
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if file.suffix in SUFFIXES and file != Path(__file__)]
    cited = {number for file in files for group in CITATION.findall(file.read_text(encoding="utf-8")) for number in group.split(", ")}
    assert cited
    assert sorted(cited - facts) == []


def test_no_fact_stands_twice() -> None:
    facts = FACT.findall((ROOT / "docs" / "product-facts.md").read_text(encoding="utf-8"))
    assert sorted(facts) == sorted(set(facts))
