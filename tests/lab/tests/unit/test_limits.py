# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits end when the thing has happened or its process has died, and at the limit with a sentence; on a clock of their own."""

from __future__ import annotations

import types

import pytest
from cloudlab import limits
from cloudlab.errors import LabError
from cloudlab.limits import WaitError, limit, wait_for


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A clock that sleeping moves on, a minute at a time."""
    now = types.SimpleNamespace(at=0.0)

    def sleep(_: float) -> None:
        now.at += 60

    monkeypatch.setattr(limits, "time", types.SimpleNamespace(monotonic=lambda: now.at, sleep=sleep))
    monkeypatch.delenv("CLOUDLAB_PATIENCE", raising=False)
    return now


def test_wait_ends_when_it_has_happened(clock: types.SimpleNamespace) -> None:
    assert wait_for("the fifth minute", lambda: clock.at if clock.at >= 300 else None) == 300


def test_wait_ends_when_the_process_has_died(clock: types.SimpleNamespace) -> None:
    with pytest.raises(WaitError, match=r"^Waited for an answer in vain: the process .* has ended\. Seen last: its last words$"):
        wait_for("an answer", lambda: None, alive=lambda: clock.at < 120, seen=lambda: "its last words")
    assert clock.at == 120


def test_last_deed_of_a_process_counts() -> None:
    deeds: list[str] = []

    def alive() -> bool:
        deeds.append("done")
        return False

    assert wait_for("a deed", lambda: deeds, alive=alive) == ["done"]


@pytest.mark.parametrize(("patience", "seconds"), [(None, 900), ("4", 3600), ("0.5", 450)])
def test_limit_says_what_was_waited_for_and_seen_last(
    clock: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch, patience: str | None, seconds: int
) -> None:
    if patience:
        monkeypatch.setenv("CLOUDLAB_PATIENCE", patience)
    sentence = rf"^Waited {seconds} s for a service in vain \(CLOUDLAB_PATIENCE gives more\)\. Seen last: state 2$"
    with pytest.raises(WaitError, match=sentence):
        wait_for("a service", lambda: False, seen=lambda: "state 2")
    assert seconds < clock.at <= seconds + 60


@pytest.mark.parametrize("patience", ["", "much", "0", "-1", "nan", "inf"])
def test_patience_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, patience: str) -> None:
    monkeypatch.setenv("CLOUDLAB_PATIENCE", patience)
    with pytest.raises(LabError, match=r"CLOUDLAB_PATIENCE is '.*': give a number above 0"):
        limit()
