# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock that lets one host register at a time: between processes, freed by their death, one for each tenant."""

from __future__ import annotations

import multiprocessing
import os
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.registration_lock import registration_lock

FORKS = 6


def register(folder: str, log: t.Any, barrier: t.Any) -> None:
    """What a fork does: note when it holds the lock and when no longer."""
    barrier.wait()
    with registration_lock("Tenant", lambda: None, folder):
        log.put(("begin", os.getpid()))
        log.put(("end", os.getpid()))


def hold(folder: str, ready: t.Any) -> None:
    """What a fork does that hangs."""
    with registration_lock("tenant", lambda: None, folder):
        ready.set()
        signal.pause()


def test_forks_hold_the_lock_one_after_another(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    log, barrier = context.SimpleQueue(), context.Barrier(FORKS)
    forks = [context.Process(target=register, args=(str(tmp_path), log, barrier)) for _ in range(FORKS)]
    for fork in forks:
        fork.start()
    notes = [log.get() for _ in range(2 * FORKS)]
    for fork in forks:
        fork.join()
    assert [what for what, _ in notes] == ["begin", "end"] * FORKS
    assert all(begin[1] == end[1] for begin, end in zip(notes[::2], notes[1::2], strict=True))


def test_holder_that_is_killed_frees_the_lock_and_waiting_is_announced(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(str(tmp_path), ready))
    holder.start()
    ready.wait()
    with registration_lock("another", lambda: pytest.fail("the lock is one for each tenant"), str(tmp_path)):
        pass
    announced = []

    def kill() -> None:
        announced.append(holder.pid)
        holder.kill()

    with registration_lock("TENANT", kill, str(tmp_path)) as waited:
        assert (announced, waited) == ([holder.pid], True)
    holder.join()


def test_lock_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    with registration_lock("tenant", lambda: None, str(folder)) as waited:
        assert not waited
        (file,) = folder.iterdir()
        assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "locks")
    with pytest.raises(ConfigurationError, match=f"cannot be made in {folder}"), registration_lock("t", lambda: None, folder):
        pass


def test_unknown_home_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no full path"), registration_lock("t", lambda: None, "~/locks"):
        pass
