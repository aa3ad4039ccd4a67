# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the collection (as .build/collections has it, under its full name) and the lab on the path of the tests, and the lab's hooks.

Makes the run of tests the owner of all that they start, labs included: after a run that was killed, the next one ends it.
"""

from __future__ import annotations

import enum
import itertools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
PATHS = (ROOT / ".build" / "collections", TESTS, TESTS / "lab", TESTS / "unit" / "plugins", TESTS / "integration", TESTS / "documentation")

sys.path[:0] = [str(path) for path in PATHS]

pytest_plugins = ["cloudlab.testing.costs", "cloudlab.testing.failures", "cloudlab.testing.set_up_notes"]


@pytest.hookimpl(tryfirst=True)  # before another plugin makes temporary files
def pytest_configure() -> None:
    from cloudlab.processes import keep_temporary_files, own_what_follows

    own_what_follows()
    keep_temporary_files()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files in the order in which two workers are busy to the end; the tests of a file stay as they are."""
    kinds = {file: _kind(list(tests)) for file, tests in itertools.groupby(items, key=lambda item: item.path)}
    first = next((file for file, kind in kinds.items() if kind is _Kind.FROM_SNAPSHOT), None)
    items.sort(key=lambda item: _Kind.TAKES_SNAPSHOT if item.path == first else kinds[item.path])


class _Kind(enum.IntEnum):
    """What a file of tests needs, in the order of the run.

    A snapshot is taken for the first file that starts from it, and all the others wait for it: that file comes first, while the other
    worker has files that wait for nothing. Files without a lab are over in seconds: they fill the end.
    """

    TAKES_SNAPSHOT = 0
    NEW_LAB = 1
    FROM_SNAPSHOT = 2
    NO_LAB = 3


def _kind(tests: list[pytest.Item]) -> _Kind:
    """Return what the file of these tests needs."""
    if not any("lab" in getattr(test, "fixturenames", ()) for test in tests):
        return _Kind.NO_LAB
    return _Kind.FROM_SNAPSHOT if hasattr(getattr(tests[0], "module", None), "LAB_STATE") else _Kind.NEW_LAB
