# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of errors: its matcher, and that each entry is found by what it says is seen."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting import sources
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.catalogue import CATALOGUE
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.entries import (
    Chapter,
    Code,
    Entry,
    Source,
    Symptom,
    codes_in,
    windows_error,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.exit_codes import EXIT_CODES, Outcome

ENTRIES = [pytest.param(chapter, entry, id=f"{chapter.title}: {entry.meaning}") for chapter in CATALOGUE for entry in chapter.entries]
SOURCE = Source("a test")
BY_CODE = Entry(codes=(1603, "NamedCode"), meaning="by code", remedy="", source=SOURCE)
BY_TYPE = Entry(exceptions=("System.TimeoutException",), meaning="by type", remedy="", source=SOURCE)
BY_WORDS = Entry(words="no such", meaning="by words", remedy="", source=SOURCE)
CHAPTER = Chapter("test", "test", (BY_WORDS, BY_TYPE, BY_CODE), "ask")


@pytest.mark.parametrize(
    ("symptom", "entry"),
    [
        (Symptom(codes=(1603,)), BY_CODE),
        (Symptom(codes=(-2147023293,)), BY_CODE),
        (Symptom(codes=(0x80070643,)), BY_CODE),
        (Symptom("Fehler 0x80070643: nichts"), BY_CODE),
        (Symptom(codes=("namedcode",)), BY_CODE),
        (Symptom(exceptions=("System.TimeoutException",)), BY_TYPE),
        (Symptom("No SUCH thing"), BY_WORDS),
        # Codes before types before words, whatever the order of the entries.
        (Symptom("no such", (1603,), ("System.TimeoutException",)), BY_CODE),
        (Symptom("no such", (), ("System.TimeoutException",)), BY_TYPE),
        (Symptom("no such", (5,), ("System.Exception",)), BY_WORDS),
        # The first that is known counts.
        (Symptom(codes=(5, 1603)), BY_CODE),
        (Symptom("", (), ("System.Net.WebException", "System.TimeoutException")), BY_TYPE),
        (Symptom("1603", (5,), ("TimeoutException",)), None),
        (Symptom(), None),
    ],
)
def test_entry_is_found(symptom: Symptom, entry: Entry | None) -> None:
    assert CHAPTER.find(symptom) is entry
    assert CHAPTER.remedy(symptom) == ("ask" if entry is None else entry.remedy)


@pytest.mark.parametrize(
    ("code", "number"),
    [(0, 0), (1603, 1603), (0x80070643, 1603), (-2147023293, 1603), (0x81F40001, 0x81F40001), (-2114715647, 0x81F40001)],
)
def test_hresult_of_windows_is_its_number(code: int, number: int) -> None:
    assert windows_error(code) == number


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        ("Error 0x80070643, then 0X8007052E.", [0x80070643, 0x8007052E]),
        ("Fehler 1920. Der Dienst konnte nicht gestartet werden.", ["Error 1920"]),
        ("Exit code: 0x80070642 at 2026-11-29, 1603 times, build 19200. x", [0x80070642]),
        ("0x80070643ff", []),
    ],
)
def test_codes_are_read_from_text(text: str, codes: list[Code]) -> None:
    assert list(codes_in(text)) == codes


@pytest.mark.parametrize(("chapter", "entry"), ENTRIES)
def test_entry_is_found_by_all_that_it_names(chapter: Chapter, entry: Entry) -> None:
    symptoms = [
        *(Symptom(codes=(code,)) for code in entry.codes),
        *(Symptom(exceptions=(name,)) for name in entry.exceptions),
        *(Symptom(text) for text in entry.seen),
    ]
    assert symptoms
    assert all(chapter.find(symptom) is entry for symptom in symptoms)


@pytest.mark.parametrize(("chapter", "entry"), ENTRIES)
def test_entry_is_whole(chapter: Chapter, entry: Entry) -> None:
    assert bool(entry.words) == bool(entry.seen), "the page shows texts in place of a pattern"
    assert entry.meaning and (entry.remedy or entry.kind is Outcome.DONE)
    # Halves of sentences: messages put them between their own words and a full stop.
    assert not entry.meaning.endswith(".") and not entry.remedy.endswith(".")
    assert entry.source in vars(sources).values()


@pytest.mark.parametrize(("chapter", "entry"), ENTRIES)
def test_each_alternative_of_a_pattern_has_a_text(chapter: Chapter, entry: Entry) -> None:
    """An alternative that no text shows could be mistyped, and the page would not have it."""
    for alternative in _alternatives(entry.words):
        assert any(re.search(alternative, text, re.IGNORECASE) for text in entry.seen), f"{chapter.title}: {alternative}"


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at each | that stands outside of brackets."""
    return re.findall(r"(?:[^|()]|\([^()]*\))+", pattern)


def test_every_exit_code_has_an_outcome() -> None:
    assert all(isinstance(entry.kind, Outcome) for entry in EXIT_CODES.entries)


def test_every_fact_that_a_source_names_is_documented() -> None:
    facts = (Path(__file__).resolve().parents[5] / "docs" / "product-facts.md").read_text(encoding="utf-8")
    named = {number for source in _sources() for number in re.findall(r"\((\w\d+)\)", source.name)}
    assert named
    assert [number for number in sorted(named) if f"| {number} |" not in facts] == []


def _sources() -> t.Iterator[Source]:
    return (value for value in vars(sources).values() if isinstance(value, Source))


def test_every_source_is_used() -> None:
    used = {entry.source for chapter in CATALOGUE for entry in chapter.entries}
    assert set(_sources()) == used
