# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of Ansible ends when its process does; only one that goes silent for the whole limit is ended."""

from __future__ import annotations

import sys

import pytest
from cloudlab.testing.ansible_runs import run

SILENT = "import time\nprint('said last', flush=True)\nwhile True: time.sleep(60)"


def test_run_that_goes_silent_is_ended_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDLAB_PATIENCE", "0.0001")
    done = run([sys.executable, "-c", SILENT])
    assert done.returncode != 0
    assert done.output.endswith("The lab has ended this run, which printed nothing for 1 s; above stands what it printed last.\n")


def test_run_that_ends_is_left_alone() -> None:
    assert run([sys.executable, "-c", "print('well')"]).output == "well\n"
