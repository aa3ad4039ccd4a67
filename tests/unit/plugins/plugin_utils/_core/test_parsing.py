# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a host become types: what does not fit is refused with the field's name, and nothing is longer than its bound."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core import parsing
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import RemoteError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.parsing import UtcTime, Version, parse_answer


@dataclasses.dataclass(frozen=True)
class Inner:
    name: str


@dataclasses.dataclass(frozen=True)
class Answer:
    text: str
    number: int | None
    flag: bool
    inner: Inner | None
    many: tuple[Inner, ...]
    time: UtcTime | None = None
    version: Version | None = None


GOOD: dict[str, t.Any] = {"text": "x", "number": 1, "flag": True, "inner": {"name": "a"}, "many": [{"name": "b"}]}


def parsed(**changes: t.Any) -> Answer:
    return parse_answer(Answer, json.dumps({**GOOD, **changes}), "The step 'x' on win1")


def test_answer_becomes_the_type() -> None:
    assert parsed(unknown=1) == Answer("x", 1, True, Inner("a"), (Inner("b"),))
    assert parsed(number=None, inner=None, time="2026-11-25T20:00:00Z", version="1.1.2334.0").time == "2026-11-25T20:00:00Z"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": None}, "answered with null for text, where text was expected"),
        ({"text": {}}, "answered with {} for text, where text was expected"),
        ({"number": True}, "answered with true or false for number, where a number was expected"),
        ({"number": 1.5}, "answered with a fraction for number, where a number was expected"),
        ({"flag": 1}, "answered with a number for flag, where true or false was expected"),
        ({"inner": {}}, "answered with nothing for inner.name, where text was expected"),
        ({"inner": []}, "answered with a list for inner, where an object was expected"),
        ({"many": None}, "answered with null for many, where a list was expected"),
        ({"many": {"name": "b"}}, "answered with an object for many, where a list was expected"),
        ({"many": [{"name": "b"}, {"name": 7}]}, "answered with a number for many[1].name, where text was expected"),
        ({"time": "yesterday"}, "answered with another text for time, where a time such as 2026-11-25T20:00:00Z was expected"),
        ({"time": "2026-11-25T20:00:00"}, "answered with another text for time"),
        ({"version": "newest"}, "answered with another text for version, where a version such as 1.1.2334.0 was expected"),
        ({"text": "x" * (parsing.LONGEST_TEXT + 1)}, "where text of 65536 characters at most was expected"),
        ({"many": [{"name": "b"}] * (parsing.LONGEST_LIST + 1)}, "a list of 4097 for many, where a list of 4096 at most was expected"),
    ],
)
def test_what_does_not_fit_is_reported_with_its_field(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RemoteError) as error:
        parsed(**changes)
    assert words in str(error.value)
    assert str(error.value).startswith("The step 'x' on win1 ")


@pytest.mark.parametrize("value", ["canary", ["canary"], {"canary": "canary"}])
def test_value_is_not_repeated(value: t.Any) -> None:
    with pytest.raises(RemoteError) as error:
        parsed(number=value)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[" * 100000, "no JSON"),
        ("1" * 5000, "no JSON"),
        ("7", "answered with a number for its answer, where an object was expected"),
        ("[]", "answered with a list for its answer"),
        ("x" * (parsing.LONGEST_ANSWER + 1), "more than 8388608"),
        (7, "answered with a number and no text"),
        (None, "answered with null and no text"),
    ],
)
def test_answer_that_is_none_is_reported(text: t.Any, words: str) -> None:
    with pytest.raises(RemoteError) as error:
        parse_answer(Answer, text, "The step 'x' on win1")
    assert words in str(error.value)
