# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prose is plain: sentences that are read once, and the field's terms in place of words that make a reader guess."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
PAGES = [name for name in LISTED if name.endswith(".md") and not name.startswith("CHANGELOG")]
TEXTS = [
    name
    for name in LISTED
    if re.match(r"(plugins|roles|playbooks|docs|tests|molecule|changelogs)/.*\.(py|ps1|psm1|psd1|cs|c|h|yml|md)$|[A-Z]+\.md$", name)
    and name != "tests/unit/test_plain_words.py"  # which has the words themselves
]
#: What to say instead.
RIDDLES = {
    r"\bmend(s|ed|ing)?\b": "repair, correct",
    r"\b(came|comes|become|becomes|became) of (it|them|each|a|the|one)\b": "outcome",
    r"\b(told|tells?)\b(?!\()": "say, show, list, know",
    r"\btakes? turns\b|\b(a|its|their|the) turn\b|\bturns?( =|:)": "lock, one after another",
    r"\bfor (\w+, )?one in\b|\blambda one\b|\bas one:|\bdef one\b|\bone =>|\$one\b": "a name for what it holds",
}
LONGEST_SENTENCE = 200
LONGEST_LINE = 140


def sentences(page: str) -> t.Iterator[str]:
    """Yield the sentences of a page in Markdown, without its code, tables, headings, links' addresses and comments."""
    prose = re.sub(r"^```.*?^```|<!--.*?-->|^\[[^]]+\]: [^\n]*$", "", page, flags=re.DOTALL | re.MULTILINE)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\. ))", prose):
        if not block.lstrip().startswith(("|", "#")):
            text = re.sub(r"\]\([^)]*\)", "]", " ".join(block.split()))
            yield from re.split(r"(?<=[.:!?]) (?=[A-Z`\[])", text)


@pytest.mark.parametrize("name", PAGES)
def test_sentences_are_short(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert [sentence for sentence in sentences(page) if len(sentence) > LONGEST_SENTENCE] == []


@pytest.mark.parametrize("name", PAGES)
def test_lines_are_short(name: str) -> None:
    """A row of a table is one line however long; those that a page has are the page's business."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > LONGEST_LINE and not line.startswith(("|", "["))] == []


@pytest.mark.parametrize("riddle", RIDDLES)
def test_words_are_plain(riddle: str) -> None:
    found = []
    for name in TEXTS:
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            if re.search(riddle, line, re.IGNORECASE):
                found.append(f"{name}:{number}: {line.strip()}")
    assert found == [], f"say {RIDDLES[riddle]} instead"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("One sentence. Another\none: `code` too.", ["One sentence.", "Another one:", "`code` too."]),
        ("# Heading\n\n| a | table. |\n\n- An item.\n- Another.", ["- An item.", "- Another."]),
        ("```console\n$ code. More\n```\nProse.", ["Prose."]),
        ("A [link](https://example.com/a.b) here.\n\n[A source]: https://example.com\n\nAfter it.", ["A [link] here.", "After it."]),
    ],
)
def test_prose_is_taken_apart(page: str, found: list[str]) -> None:
    assert [sentence for sentence in sentences(page) if sentence] == found
