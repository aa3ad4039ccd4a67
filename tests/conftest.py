# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the collection (as .build/collections has it, under its full name) and the lab on the path of the tests, and the lab's hooks.

Makes the run of tests the owner of all that they start, labs included: after a run that was killed, the next one ends it.
"""

from __future__ import annotations

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
