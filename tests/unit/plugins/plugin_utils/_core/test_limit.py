# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call has an end whatever it does about that, and the limits around it go on."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core import limit
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.limit import run_within

#: A wait that outlives every limit here, and ends all the same where no limit holds.
LONG = 20.0


class OverError(Exception):
    """The error for a call that has taken too long."""


class TaskOverError(BaseException):
    """What Ansible raises for a task's own limit is no Exception either."""


def over() -> Exception:
    return OverError("over")


@pytest.fixture(autouse=True)
def timer_is_given_back() -> Iterator[None]:
    yield
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_call_in_time_returns_its_answer() -> None:
    assert run_within(LONG, lambda: 1, over) == 1


def test_error_of_the_call_stays_as_it_is() -> None:
    with pytest.raises(KeyError):
        run_within(LONG, lambda: {}["x"], over)


@pytest.mark.parametrize("seconds", [0.1, 0.0, -5.0])
def test_wait_for_bytes_that_do_not_come_ends(seconds: float) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(LONG)
    with ours, theirs, pytest.raises(OverError):
        run_within(seconds, lambda: ours.recv(1), over)


def test_call_that_catches_every_exception_ends() -> None:
    def stubborn() -> None:
        for _ in range(20):
            with contextlib.suppress(Exception):
                time.sleep(LONG / 20)

    with pytest.raises(OverError):
        run_within(0.1, stubborn, over)


def test_call_that_waits_again_while_it_tidies_up_is_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, "_REPEAT", 0.1)
    tidied: list[str] = []

    def tidy() -> None:
        try:
            time.sleep(LONG)
        finally:
            time.sleep(LONG)
            tidied.append("to the end")

    with pytest.raises(OverError):
        run_within(0.1, tidy, over)
    assert not tidied


def test_what_a_library_makes_of_the_interruption_is_its_cause() -> None:
    def tidy() -> None:
        try:
            time.sleep(LONG)
        finally:
            raise ConnectionError("tidied up")

    with pytest.raises(OverError) as raised:
        run_within(0.1, tidy, over)
    assert isinstance(raised.value.__cause__, ConnectionError)


@pytest.mark.parametrize(("outer", "inner"), [(0.1, LONG), (LONG, 0.1)])
def test_nearest_limit_counts_and_the_outer_one_goes_on(outer: float, inner: float) -> None:
    found: list[str] = []

    def whole() -> None:
        try:
            run_within(inner, lambda: time.sleep(LONG), lambda: KeyError("inner"))
        except KeyError:
            found.append("inner")
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0

    try:
        run_within(outer, whole, over)
    except OverError:
        found.append("outer")
    assert found == ["outer" if outer < inner else "inner"]


def test_outer_limit_strikes_after_an_inner_call_has_ended() -> None:
    def whole() -> None:
        run_within(LONG, lambda: 1, over)
        time.sleep(LONG)

    with pytest.raises(OverError):
        run_within(0.2, whole, over)


def test_limit_of_ansibles_task_counts_within_ours() -> None:
    """Ansible sets its alarm around the action; the error is its own."""

    def on_alarm(number: int, frame: t.Any) -> t.NoReturn:
        raise TaskOverError

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(TaskOverError):
            run_within(LONG, lambda: time.sleep(LONG), over)
        assert signal.getsignal(signal.SIGALRM) is on_alarm
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_end_of_the_process_is_not_hidden() -> None:
    def ended() -> None:
        try:
            time.sleep(LONG)
        finally:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_within(0.1, ended, over)
