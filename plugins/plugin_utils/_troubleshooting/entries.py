# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the catalogue: entries in chapters, and the only matcher, which finds an entry by what is seen of an error.

Codes and exception types come before words: Windows and the agent's module write in the host's language, numbers are the same in all.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import re
import typing as t

#: A number of Windows (also as HRESULT), or a name such as AADSTS50126.
Code = int | str

_WIN32_FACILITY = 0x80070000
#: What text holds of codes whatever its language: an HRESULT, or an error of Windows Installer as it logs them ("Error 1920. ...").
_CODE_IN_TEXT = re.compile(r"(?P<hresult>0x8[0-9a-f]{7})\b|\b(?P<installer>[12]\d{3})\. ", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Source:
    """Who says what an error means.

    Attributes:
        name: for a page, its title; else who has seen it.
        url: the page, '' where there is none.
    """

    name: str
    url: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One error. It is found by its codes, by its exception types, then by its words.

    Attributes:
        codes: numbers without their HRESULT prefix, or names; no other entry of the chapter has them.
        exceptions: full names of .NET exception types.
        words: a pattern for the English text, asked last.
        seen: texts as they are seen, for the page; each finds this entry.
        meaning: what has happened, as the half of a sentence.
        remedy: what to do, as the half of a sentence; '' for nothing.
        source: who says so.
        kind: how the collection goes on, for chapters whose errors differ in that.
    """

    codes: tuple[Code, ...] = ()
    exceptions: tuple[str, ...] = ()
    words: str = ""
    seen: tuple[str, ...] = ()
    meaning: str
    remedy: str
    source: Source
    kind: enum.Enum | None = None


@dataclasses.dataclass(frozen=True)
class Symptom:
    """What is seen of an error.

    Attributes:
        text: its words, or the end of a log.
        codes: its numbers (with or without HRESULT prefix) and names, the more telling first.
        exceptions: full names of its .NET exception types, the more telling first.
    """

    text: str = ""
    codes: tuple[Code, ...] = ()
    exceptions: tuple[str, ...] = ()

    @property
    def all_codes(self) -> list[Code]:
        """The codes in their standard form, those in the text after those that were given."""
        return [_standard(code) for code in (*self.codes, *codes_in(self.text))]


@dataclasses.dataclass(frozen=True)
class Chapter:
    """The errors of one part of the work.

    Attributes:
        title: for the page.
        about: where these errors are seen, in sentences for the page.
        entries: those with words in the order in which they are asked.
        otherwise: what to do about an error that is not here, as the half of a sentence.
    """

    title: str
    about: str
    entries: tuple[Entry, ...]
    otherwise: str

    def find(self, symptom: Symptom) -> Entry | None:
        """Return the entry of an error, None where it is not known."""
        by_code = (entry for code in symptom.all_codes for entry in self.entries if code in map(_standard, entry.codes))
        by_type = (entry for name in symptom.exceptions for entry in self.entries if name in entry.exceptions)
        by_words = (entry for entry in self.entries if entry.words and re.search(entry.words, symptom.text, re.IGNORECASE))
        return next(itertools.chain(by_code, by_type, by_words), None)

    def remedy(self, symptom: Symptom) -> str:
        """Return what to do about an error, as the half of a sentence."""
        entry = self.find(symptom)
        return entry.remedy if entry else self.otherwise

    def codes_of(self, kind: enum.Enum) -> frozenset[Code]:
        """Return the codes of all entries of one kind."""
        return frozenset(code for entry in self.entries if entry.kind is kind for code in entry.codes)


def windows_error(code: int) -> int:
    """Return a number of Windows without its HRESULT prefix: 0x80070643 and -2147023293 are 1603; other HRESULTs stay, unsigned."""
    unsigned = code & 0xFFFFFFFF
    return unsigned & 0xFFFF if unsigned & 0xFFFF0000 == _WIN32_FACILITY else unsigned


def codes_in(text: str) -> t.Iterator[Code]:
    """Yield the codes that a text holds, in its order; errors of Windows Installer as "Error 1920", whatever the language."""
    for found in _CODE_IN_TEXT.finditer(text):
        hresult = found["hresult"]
        yield int(hresult, 16) if hresult else f"Error {found['installer']}"


def _standard(code: Code) -> Code:
    return windows_error(code) if isinstance(code, int) else code.lower()
