# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that runs while its connection is broken: started beside the test, cut in the middle of a request, waited for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from cloudlab.limits import wait_for
from cloudlab.windows.prefix import Prefix

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

Outcome = t.TypeVar("Outcome")

LAB_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Cloud Sync Lab"


class RunningTask(t.Generic[Outcome]):
    """A run that plays on a host, in a thread of its own; it has ended at exit."""

    def __init__(self, lab: Lab, host: str, play: Callable[[], Outcome]) -> None:
        self.lab, self.host = lab, host
        self._pool = ThreadPoolExecutor(1)
        self._outcome: Future[Outcome] = self._pool.submit(play)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _requests(self) -> str:
        return (self.lab.state / "logs" / "windows.log").read_text(encoding="utf-8")

    def until(self, happened: Callable[[], bool]) -> None:
        """Return when something has happened while the task goes on."""
        wait_for(f"the task on {self.host}", happened, alive=self.is_running, seen=lambda: self._requests()[-500:])

    def until_asked(self, times: int = 1) -> None:
        """Return when the task has started so many more commands on the host."""
        before = self._requests().count(f"{self.host} Command 200")
        self.until(lambda: self._requests().count(f"{self.host} Command 200") >= before + times)

    def cut(self) -> None:
        """Break the task's connection while it waits for the output of a command."""
        self.until(lambda: self.lab.cut_connections(receiving=True) > 0)

    def is_running(self) -> bool:
        """Whether the task goes on."""
        return not self._outcome.done()

    def finish(self) -> Outcome:
        """Return how the task has ended."""
        try:
            return self._outcome.result()
        finally:
            self._pool.shutdown()


class HeldInstaller(RunningTask[Outcome]):
    """An installation or removal whose installer waits in its middle until it is released, at the latest at exit."""

    def __init__(self, lab: Lab, host: str, log: str, play: Callable[[], Outcome]) -> None:
        self._prefix = Prefix(lab.state / "hosts" / host)
        self._log = self._prefix.unix_path(log)
        self._log.unlink(missing_ok=True)
        self._hold(1)
        super().__init__(lab, host, play)

    def _hold(self, number: int) -> None:
        self._prefix.import_registry({LAB_KEY: {"SetupHold": number}})

    def wait_for(self, words: str) -> None:
        """Return when the installer's log has these words, and the task asks for the installer's end."""
        self.until(lambda: self._log.exists() and words in self._log.read_text(encoding="utf-8"))
        self.until_asked()

    def finish(self) -> Outcome:
        """Let the installer go on and return how the task has ended."""
        self._hold(0)
        return super().finish()
