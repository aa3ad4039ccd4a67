# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of texts that a terminal would obey."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.plain_text import plain, plain_text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("CN=\x1b[31mContoso\x1b[0m CA", "CN=Contoso CA"),
        ("\x1b[2J\x1b[1;1Hall is well", "all is well"),
        ("a\x9b31mb", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]52;c;ZWNobw==\x1b\\b", "ab"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x1bP1$r\x1b\\b", "ab"),
        ("a\x1bcb\x1b(0d", "abd"),
        # A sequence without its end takes nothing of the sentence around it.
        ("service \x1b]0;x; start it", "service 0;x; start it"),
        ("good\rbad\x08\x7f\x00\x85", "goodbad"),
        ("one\r\ntwo\tthree\n", "one\ntwo\tthree\n"),
        ("exe.\u202egpj\u2066x\u2069", "exe.gpjx"),
        ("half \ud83d and \udc00", "half \ufffd and \ufffd"),
        ("whole \U0001f600, \u00e9\u0436\u05d0\u200f", "whole \U0001f600, \u00e9\u0436\u05d0\u200f"),
    ],
)
def test_text_is_plain(text: str, left: str) -> None:
    assert plain_text(text) == left


def test_nothing_is_left_that_a_terminal_obeys() -> None:
    # Every character, alone and behind those that begin a sequence.
    text = "".join(f"{chr(code)}\x1b{chr(code)}\x1b[{chr(code)}\x9b{chr(code)}\x1b]{chr(code)}" for code in range(0x3000))
    left = set(plain_text(text)) - {"\n", "\t"}
    assert {character for character in left if unicodedata.category(character) in ("Cc", "Cs")} == set()


def test_long_texts_take_no_longer_for_what_they_hold() -> None:
    for beginning in ("\x1b[", "\x9d", "\x1b]0;", "\x1b"):
        assert "\x1b" not in plain_text(beginning * 500_000)


def test_whatever_holds_texts_is_plain() -> None:
    assert plain({"a\x1b[1m": [("\x07b", 1), None, True]}) == {"a": [["b", 1], None, True]}
