# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process has put out is taken to its last byte, however long others hold its pipe."""

from __future__ import annotations

import os
import threading
import typing as t
from collections.abc import Iterator

import pytest
from cloudlab.limits import wait_for
from cloudlab.windows.pipes import Lines, PipeReader


@pytest.fixture
def pipe() -> Iterator[tuple[t.IO[bytes], t.IO[bytes]]]:
    """The two ends of a pipe: what a PipeReader reads, and what is written to."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", 0) as source, os.fdopen(writer, "wb", 0) as target:
        yield source, target


def test_all_is_taken_while_the_pipe_is_held_open(pipe: tuple[t.IO[bytes], t.IO[bytes]]) -> None:
    source, target = pipe
    pieces: list[bytes] = []
    reader = PipeReader(source, pieces.append)
    target.write(bytes(60_000))
    reader.drain()
    assert b"".join(pieces) == bytes(60_000)
    target.write(b"late")
    wait_for("what is written late", lambda: pieces[-1] == b"late")
    target.close()
    wait_for("the end of the pipe", lambda: source.closed)


def test_nothing_is_waited_for_at_the_end_of_a_pipe(pipe: tuple[t.IO[bytes], t.IO[bytes]]) -> None:
    source, target = pipe
    reader = PipeReader(source, lambda _: None)
    target.close()
    reader.drain()
    wait_for("the end of the pipe", lambda: source.closed)


def test_taker_that_fails_holds_nobody_up(pipe: tuple[t.IO[bytes], t.IO[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = pipe
    failures: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    reader = PipeReader(source, lambda data: int(data))
    target.write(b"no number")
    reader.drain()
    wait_for("the reader's failure", lambda: failures)
    assert failures[0].exc_type is ValueError
    assert source.closed


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\n"], [b"one"]),
        ([b"o", b"n", b"e\ntwo", b"\n"], [b"one", b"two"]),
        ([b"one\n\ntwo\nthr"], [b"one", b"", b"two"]),
        ([], []),
    ],
)
def test_lines_are_whole(pieces: list[bytes], lines: list[bytes]) -> None:
    taken: list[bytes] = []
    whole = Lines(taken.append)
    for piece in pieces:
        whole.put(piece)
    assert taken == lines
