# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration lock in a folder that users share: it keeps them apart, or is refused with advice that does."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run import registration_lock as module
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.registration_lock import registration_lock

FIRST, SECOND, GROUP = 54321, 54322, 54320
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
NAME = "registration-tenant.lock"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder of the first user's that its group can write to, where other users can get to."""
    # Not below the repository, as other temporary files are: that may lie where no other user gets to, such as below /root.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name) / "locks"
        folder.mkdir()
        folder.chmod(0o2770)
        Path(name).chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, FIRST, GROUP)
        yield folder


def lock(folder: Path, on_wait: t.Callable[[str], None] = lambda holder: None) -> t.Any:
    """The lock as a host takes it."""
    return registration_lock("tenant", "win1", str(folder), on_wait=on_wait, timeout=60)


def _as_user(user: int, groups: list[int], folder: Path, answers: t.Any, gate: t.Any) -> None:
    os.setgroups(groups)
    os.setgid(user)
    os.setuid(user)
    os.umask(0o077)
    try:
        with lock(folder, lambda holder: answers.put("waits")):
            answers.put("holds")
            gate.wait()
    except ConfigurationError as error:
        answers.put(str(error))


class User:
    """A user who takes the lock in a process of his own, and frees it at a word."""

    def __init__(self, user: int, folder: Path, groups: tuple[int, ...] = (GROUP,)) -> None:
        context = multiprocessing.get_context("fork")
        self._answers, self._gate = context.SimpleQueue(), context.Event()
        self._process = context.Process(target=_as_user, args=(user, list(groups), folder, self._answers, self._gate), daemon=True)
        self._process.start()

    def answer(self) -> str:
        """Return what the user says next: holds, waits, or why he cannot."""
        return str(self._answers.get())

    def free(self) -> None:
        """Let the user free the lock."""
        self._gate.set()
        self._process.join()


@ROOT_ONLY
@pytest.mark.parametrize("mode", [0o2770, 0o770, 0o3770, 0o1777])
def test_users_who_share_a_folder_hold_the_lock_one_after_another(shared: Path, mode: int) -> None:
    shared.chmod(mode)
    first = User(FIRST, shared)
    assert first.answer() == "holds"
    second = User(SECOND, shared)
    assert second.answer() == "waits"
    first.free()
    assert second.answer() == "holds"
    second.free()


@ROOT_ONLY
def test_user_who_may_not_write_is_reported_what_keeps_hosts_apart(shared: Path) -> None:
    stranger = User(SECOND, shared, groups=())
    said = stranger.answer()
    stranger.free()
    assert f"cannot be made in {shared} on the controller: Permission denied" in said
    assert "Let everybody who registers agents of this tenant read and write there" in said
    assert "two folders keep nobody apart" in said


@ROOT_ONLY
def test_file_of_another_user_alone_is_named(shared: Path) -> None:
    file = shared / NAME
    file.touch(mode=0o600)
    os.chown(file, FIRST, FIRST)
    second = User(SECOND, shared)
    said = second.answer()
    second.free()
    assert f"Permission denied ({file})" in said and "660 for its files" in said


def test_file_that_is_there_is_opened_without_making_it(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with fs.protected_regular, where the kernel refuses O_CREAT for the file of another user in a folder with the sticky bit."""
    with lock(shared):
        pass
    real = os.open

    def guarded(path: t.Any, flags: int, *arguments: t.Any, **options: t.Any) -> int:
        if str(path).endswith(NAME) and flags & os.O_CREAT and not flags & os.O_EXCL:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", guarded)
    with lock(shared) as waited:
        assert not waited


def test_lock_that_was_removed_while_it_was_waited_for_is_taken_anew(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, real = [], module.open_lock_file

    def open_and_remove(folder: str, name: str) -> int:
        opened.append(name)
        file = real(folder, name)
        if len(opened) == 1:
            (shared / name).unlink()
        return file

    monkeypatch.setattr(module, "open_lock_file", open_and_remove)
    with lock(shared):
        assert len(opened) == 2
        assert "win1" in (shared / NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["symbolic link", "link", "pipe"])
def test_trap_in_a_shared_folder_is_not_opened(shared: Path, kind: str) -> None:
    victim, file = shared / "victim", shared / NAME
    victim.write_text("kept", encoding="utf-8")
    {"symbolic link": file.symlink_to, "link": file.hardlink_to, "pipe": lambda _: os.mkfifo(file)}[kind](victim)
    with pytest.raises(ConfigurationError, match=r"cannot be made|no plain file of its own"), lock(shared):
        pass
    assert victim.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o755, 0o600), (0o770, 0o660), (0o1777, 0o666)])
def test_file_may_be_written_by_whoever_may_write_into_the_folder(shared: Path, folder: int, file: int) -> None:
    os.chown(shared, -1, os.getegid())
    shared.chmod(folder)
    with lock(shared):
        assert stat.S_IMODE((shared / NAME).stat().st_mode) == file
