# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every regular expression of the collection takes time in proportion to its text, whoever has written that.

What counts is how the processor's time grows when the text becomes four times as long: four times, where a pattern that looks at a
character again for each other one takes sixteen. Times too short to be compared are none that hurt.
"""

from __future__ import annotations

import ast
import collections
import importlib
import itertools
import pkgutil
import re
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync import plugins
from ansible_collections.entra_ops.cloud_sync.plugins import plugin_utils
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.redaction import mask_addresses, redact
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.entries import Chapter

#: Texts are made of these, each alone and two in turn.
PARTS = [
    *("a", "1", "-", ".", " ", "\t", "\n", ":", "=", "@", "/", "\\", '"', "'", "&", "<", "(", "!", "%", "\u0661"),
    *("pwd", "password=", "pwd='", 'token": "', '\\"secret\\": \\"', " to value ", "eyJabcdefghi", "://", "a:b@", "&sig=", "?a="),
    *("bearer ", "basic ", "authorization: basic ", "0x80070643", "1603. ", "-credential ", "a.", "a-", "AADSTS1", "No", "Language", "'a"),
]
#: What each of them is put together with, in turn.
OTHERS = ["", " ", "=", '"', "a"]
#: Characters of the texts, the shortest first, on which cubic growth shows.
LENGTHS = (500, 8000)
#: Seconds of the processor's time that need no closer look. What is between four and sixteen times separates them.
NEGLIGIBLE, GROWTH = 0.05, 8


def modules() -> Iterator[t.Any]:
    for found in pkgutil.walk_packages(plugin_utils.__path__, f"{plugin_utils.__name__}."):
        yield importlib.import_module(found.name)


def uses(module: t.Any, name: str) -> set[str]:
    """How its module uses a pattern."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    return set(re.findall(rf"{name}\.(search|match|fullmatch|sub|split|findall|finditer)\(", source))


def patterns() -> dict[str, tuple[re.Pattern[t.Any], str]]:
    """Each pattern with each of its uses."""
    found = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                place = f"{module.__name__.rpartition('plugin_utils.')[2]}.{name}"
                found.update({f"{place}.{use}": (value, use) for use in uses(module, name)})
            if isinstance(value, Chapter):
                words = (entry.words for entry in value.entries if entry.words)
                found.update({f"{name}: {pattern}": (re.compile(pattern, re.IGNORECASE), "search") for pattern in words})
    return found


def texts(length: int) -> Iterator[str]:
    for part, other in itertools.product(PARTS, OTHERS):
        whole = part + other
        yield whole * (length // len(whole)) + "!"


def seconds(work: Callable[[str], object], text: str, times: int = 1) -> float:
    """The processor's time of this process, the least of some."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work(text)
        found.append(time.process_time() - began)
    return min(found)


def require_proportion(work: Callable[[str], object]) -> None:
    for length in LENGTHS:
        for text in texts(length):
            if seconds(work, text) > NEGLIGIBLE:
                short, long = seconds(work, text[: length // 4] + "!", 3), seconds(work, text, 3)
                assert long < GROWTH * short, f"{text[:40]!r} of {length} characters: {long:.2f} s, a quarter of it {short:.2f} s"


PATTERNS = patterns()


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_looks_at_a_text_once(name: str) -> None:
    pattern, use = PATTERNS[name]

    def work(text: str) -> None:
        subject = text.encode() if isinstance(pattern.pattern, bytes) else text
        if use in ("match", "fullmatch"):
            getattr(pattern, use)(subject)
        else:  # what searches goes on behind each find
            collections.deque(pattern.finditer(subject), maxlen=0)

    require_proportion(work)


@pytest.mark.parametrize("mask", [redact, mask_addresses])
def test_masking_looks_at_a_text_once(mask: Callable[[str], str]) -> None:
    require_proportion(mask)


def test_a_pattern_that_looks_again_and_again_is_found() -> None:
    with pytest.raises(AssertionError, match="characters: "):
        require_proportion(re.compile(r"[\w-]*(?:pwd|token)[\w-]*=").search)


def test_patterns_are_where_this_test_finds_them() -> None:
    """At the top of their module, or in the catalogue."""
    inline = []
    for path in sorted(Path(plugins.__path__[0]).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = (node for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for node in ast.walk(function))
        inline += [f"{path.name}: {ast.unparse(call)}" for call in calls if is_of_re(call)]
    assert inline == ["entries.py: re.search(entry.words, symptom.text, re.IGNORECASE)"]


def is_of_re(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re"
