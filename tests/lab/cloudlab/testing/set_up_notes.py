# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks for pytest: the run's summary says which hosts of which labs were set up twice, and which could not be set up.

tests/conftest.py names it as a plugin. With pytest-xdist each worker hands its notes to the process that prints the summary.
"""

from __future__ import annotations

import typing as t

import pytest

_NOTES = pytest.StashKey[list[str]]()
_KEY = "cloudlab_notes"


def note(config: pytest.Config, file: str, data: dict[str, t.Any]) -> None:
    """Keep what a lab's state says of its set-up for the summary, under the name of the file of tests that it is for."""
    _notes(config).extend(f"{file}: {sentence}" for sentence in (*data["notes"], *data["failed"].values()))


def _notes(config: pytest.Config) -> list[str]:
    return config.stash.setdefault(_NOTES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's notes over; a run without workers keeps its own."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = _notes(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    """Take a worker's notes; one that has crashed has left none."""
    _notes(node.config).extend(getattr(node, "workeroutput", {}).get(_KEY, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the notes of the whole run."""
    if notes := _notes(config):
        terminalreporter.section("hosts that the lab had trouble to set up")
        for sentence in sorted(notes):
            terminalreporter.line(sentence)
