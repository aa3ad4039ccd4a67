# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that forks share: made once, freed when a worker dies, and never wrong where it does not fit."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run import store as run_store
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore


def always(value: dict[str, t.Any]) -> bool:
    return True


def in_forks(count: int, work: t.Callable[[], object]) -> list[int]:
    """Run the same work in forks that begin together; return their exit codes (0: the work returned something true)."""
    gate, opener = os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(opener)
            os.read(gate, 1)
            code = 1
            try:
                code = 0 if work() else 1
            finally:
                os._exit(code)
        children.append(child)
    os.close(opener)
    os.close(gate)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_forks_share_what_one_of_them_made() -> None:
    store, (reader, writer) = RunStore(), os.pipe()

    def create() -> dict[str, t.Any]:
        os.write(writer, b"x")
        return {"token": "made once"}

    assert in_forks(8, lambda: store.get_or_create("key", create, always)["token"] == "made once") == [0] * 8
    os.close(writer)
    assert os.read(reader, 100) == b"x"
    os.close(reader)


def test_no_core_dump_holds_the_memory() -> None:
    store = RunStore()
    start = ctypes.addressof(ctypes.c_char.from_buffer(store._memory))
    maps = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(encoding="ascii"))
    own = next(text for text in maps[1:] if int(text.partition("-")[0], 16) <= start < int(re.split("[- ]", text)[1], 16))
    flags = re.search(r"VmFlags: (.*)", own)
    assert flags and "dd" in flags[1].split()


def test_fork_waits_while_another_makes_the_value() -> None:
    """The other one does not wait here, but is refused the lock, so that no time needs to pass."""
    store, (gate, opener) = RunStore(), os.pipe()

    def not_admitted() -> bool:
        os.read(gate, 1)
        lock = fcntl.lockf
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fcntl, "lockf", lambda file, flags, *byte: lock(file, flags | fcntl.LOCK_NB, *byte))
            with pytest.raises(BlockingIOError):
                store.get_or_create("key", lambda: {"code": -1}, always)
        return True

    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if not_admitted() else 1
        finally:
            os._exit(code)

    def create() -> dict[str, t.Any]:
        os.write(opener, b"x")
        return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}

    assert store.get_or_create("key", create, always) == {"code": 0}
    os.close(gate)
    os.close(opener)


def test_what_takes_long_under_one_key_holds_up_no_other() -> None:
    """One tenant's sign-in that hangs is no other tenant's trouble."""
    store, (gate, opener) = RunStore(), os.pipe()

    def another() -> bool:
        os.read(gate, 1)
        return store.get_or_create("tenant 2", lambda: {"made": 2}, always) == {"made": 2}

    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if another() else 1
        finally:
            os._exit(code)

    def create() -> dict[str, t.Any]:
        os.write(opener, b"x")
        for _ in range(200):  # a child that waits for this key would wait for ever
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return {"code": os.waitstatus_to_exitcode(status)}
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return {"code": "waited"}

    assert store.get_or_create("tenant 1", create, always) == {"code": 0}
    assert store.get_or_create("tenant 2", lambda: {"made": 3}, always) == {"made": 2}
    os.close(gate)
    os.close(opener)


def test_wait_for_a_fork_that_is_stopped_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    store, (ready, writer) = RunStore(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store.get_or_create("key", lambda: {"code": os.write(writer, b"x") and signal.pause()}, always)
        finally:
            os._exit(1)
    try:
        os.read(ready, 1)
        monkeypatch.setattr(run_store, "_WAIT_SECONDS", 0.2)
        with pytest.raises(AgentError, match="Another process of this run has held"):
            store.get_or_create("key", lambda: {"made": 1}, always)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert store.get_or_create("key", lambda: {"made": 1}, always) == {"made": 1}


def test_forks_that_keep_different_values_lose_none() -> None:
    store = RunStore()
    numbers = iter(range(100))
    in_forks(8, lambda: [store.get_or_create(f"{os.getpid()} {next(numbers)}", lambda: {"a": 1}, always) for _ in range(10)])
    assert len(store._read()) == 80


def test_failure_goes_to_each_caller_and_keeps_nothing() -> None:
    store = RunStore()

    def fail() -> dict[str, t.Any]:
        raise ValueError("no")

    def refused() -> bool:
        with pytest.raises(ValueError, match="no"):
            store.get_or_create("key", fail, always)
        return True

    assert in_forks(3, refused) == [0, 0, 0]
    assert store.get_or_create("key", lambda: {"made": 1}, always) == {"made": 1}


def test_worker_that_is_killed_frees_the_lock() -> None:
    store = RunStore()

    def die() -> dict[str, t.Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    assert in_forks(1, lambda: store.get_or_create("key", die, always)) == [-signal.SIGKILL]
    assert in_forks(1, lambda: store.get_or_create("key", lambda: {"made": 1}, always)) == [0]


def test_stale_value_is_made_again() -> None:
    store = RunStore()
    for number in range(3):
        value = store.get_or_create("key", lambda number=number: {"number": number}, lambda kept: kept["number"] == 1)  # type: ignore[misc]
        assert value == {"number": min(number, 1)}


def test_creating_may_use_the_store_itself() -> None:
    store = RunStore()

    def listing() -> dict[str, t.Any]:
        return {"by": store.get_or_create("token", lambda: {"value": "t"}, always)["value"]}

    assert store.get_or_create("listing", listing, always) == {"by": "t"}
    assert store.get_or_create("token", lambda: {"value": "another"}, always) == {"value": "t"}


def test_what_does_not_fit_is_returned_and_not_kept() -> None:
    store = RunStore(size=100)
    store.get_or_create("small", lambda: {"a": 1}, always)
    assert store.get_or_create("large", lambda: {"a": "x" * 100}, always) == {"a": "x" * 100}
    assert store.get_or_create("large", lambda: {"a": 2}, always) == {"a": 2}
    assert store.get_or_create("small", lambda: {"a": 3}, always) == {"a": 1}


def test_threads_of_one_process_wait_for_each_other() -> None:
    store, made = RunStore(), []

    def create() -> dict[str, t.Any]:
        made.append(1)
        return {"a": 1}

    threads = [threading.Thread(target=store.get_or_create, args=("key", create, always)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
