# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock that lets one host register at a time: between processes, freed by their death, one for each tenant."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import re
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError, RegistrationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.registration_lock import registration_lock

FORKS = 6


def lock(folder: t.Any, tenant: str = "tenant", on_wait: t.Callable[[str], None] = lambda holder: None, timeout: float = 60) -> t.Any:
    """The lock as a host takes it."""
    return registration_lock(tenant, "win1", str(folder), on_wait=on_wait, timeout=timeout)


def register(folder: str, log: t.Any, barrier: t.Any) -> None:
    """What a fork does: note when it holds the lock and when no longer."""
    barrier.wait()
    with lock(folder, "Tenant"):
        log.put(("begin", os.getpid()))
        log.put(("end", os.getpid()))


def hold(folder: str, ready: t.Any) -> None:
    """What a fork does that hangs."""
    with lock(folder):
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
    with lock(tmp_path, "another", lambda _: pytest.fail("the lock is one for each tenant")):
        pass
    announced = []

    def kill(who: str) -> None:
        announced.append(who)
        holder.kill()

    with lock(tmp_path, "TENANT", kill) as waited:
        assert waited
        assert len(announced) == 1
        assert re.fullmatch(rf"win1 \(process {holder.pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)", announced[0])
    holder.join()


def test_lock_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    with lock(folder) as waited:
        assert not waited
        (file,) = folder.iterdir()
        assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "locks")
    with pytest.raises(ConfigurationError, match=f"cannot be made in {folder}"), lock(folder):
        pass


def test_unknown_home_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no full path"), lock("~/locks"):
        pass


def test_wait_for_a_holder_that_neither_works_nor_dies_ends_with_its_name(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(str(tmp_path), ready))
    holder.start()
    ready.wait()
    named = rf"held by win1 \(process {holder.pid}, since .* UTC\), and was not freed within 1 seconds: .*'lock_timeout'"
    try:
        os.kill(t.cast(int, holder.pid), signal.SIGSTOP)
        with pytest.raises(RegistrationError, match=named), lock(tmp_path, timeout=1):
            pass
    finally:
        holder.kill()
        holder.join()


def test_file_that_somebody_else_has_written_names_no_holder_with_control_characters(tmp_path: Path) -> None:
    (tmp_path / "registration-tenant.lock").write_bytes(b"\x1b[31mwin\xff\n" * 1000)
    other = os.open(tmp_path / "registration-tenant.lock", os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    announced: list[str] = []

    def free(who: str) -> None:
        announced.append(who)
        os.close(other)

    with lock(tmp_path, on_wait=free):
        pass
    assert announced[0].isprintable()
    assert len(announced[0]) <= 512
