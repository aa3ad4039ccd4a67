# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module on a host as an asynchronous job of Ansible's own, so that it goes on when the connection breaks.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import ntpath
import time
import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from .._core.errors import RemoteError
from .connection import LostConnectionError, is_connection_error, lost_reason, reconnect
from .terminal import display

Result = dict[str, t.Any]

_ASYNC_STATUS = "ansible.windows.async_status"
#: Seconds between two questions for a job, and the least time that a job has beyond its own limit.
_POLL_SECONDS = 5
_MARGIN_SECONDS = 60
#: async_status reads a job's file while the job writes it, and then calls the job finished; a job that was killed while it wrote stays so.
_HALF_WRITTEN = "Could not parse job output"
_HALF_WRITTEN_TIMES = 5
_ADVICE = "give it more time in the variable 'ansible_win_async_startup_timeout', then run it again"


class DetachedJob:
    """One module that runs apart from the connection: started, asked for until it has ended, and its file on the host removed."""

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any], seconds: int, execution_timeout: int) -> None:
        self._action, self._task_vars, self._seconds, self._execution_timeout = action, task_vars, seconds, execution_timeout
        # A host that is given long to start a job is a slow one.
        start = int(constants.config.get_config_value("WIN_ASYNC_STARTUP_TIMEOUT", variables=task_vars))
        self._limit = seconds + max(_MARGIN_SECONDS, start)
        self._host = task_vars.get("inventory_hostname", "the host")
        self._job: dict[str, t.Any] = {}

    def run(self, module: str, arguments: dict[str, t.Any]) -> Result | None:
        """Run the module and return its result; None when the host cannot run a job at all, so that nothing has started.

        Args:
            module: its full name.
            arguments: its options.

        Raises:
            RemoteError: the job may have started, and its end is not known.
            AnsibleConnectionFailure: the host went away while the job was being started, or did not come back in time.
        """
        if not self._start(module, arguments):
            return None
        # The job keeps the seconds itself and says so; the margin is for its start and for the way back.
        deadline = time.monotonic() + self._limit
        unread = 0
        time.sleep(_POLL_SECONDS)
        while not (status := self._ask("status", deadline)).get("finished") or _is_half_written(status):
            unread = unread + 1 if _is_half_written(status) else 0
            if unread > _HALF_WRITTEN_TIMES:
                break
            if time.monotonic() > deadline:
                raise RemoteError(
                    f"The job {self._job['jid']} did not end within {self._seconds} seconds on {self._host}: look at the host, "
                    "then run it again."
                )
            time.sleep(_POLL_SECONDS)
        self._ask("cleanup", deadline)
        return status

    def _start(self, module: str, arguments: dict[str, t.Any]) -> bool:
        """Start the job; False when the host cannot run one at all, so that nothing has started."""
        task = self._action._task
        # Ansible's async wrapper takes its time limit from the task, which itself is not asynchronous.
        task.async_val = self._limit
        try:
            started = self._action._execute_module(module, module_args=arguments, task_vars=self._task_vars, wrap_async=True)
        except Exception as error:
            if not is_connection_error(error):
                raise
            raise LostConnectionError(
                f"The connection to {self._host} was lost while the job was being started ({lost_reason(error)}): it may run there. "
                "Run this again, which is refused as long as the job runs, and then says how the host is."
            ) from error
        finally:
            task.async_val = 0
        if started.get("ansible_job_id"):
            self._job = {"jid": started["ansible_job_id"], "_async_dir": ntpath.dirname(started["results_file"])}
            return True
        reason = str(started.get("msg") or started.get("module_stderr") or "no reason is known").strip()
        if "timeout" in reason.lower():  # the wrapper has given up waiting, the job itself may still begin
            raise RemoteError(f"The job did not report its start in time on {self._host}: {_ADVICE}.")
        display.warning(
            f"{self._host} cannot run a job of its own ({reason}): the installation runs within the connection, and is lost if that breaks."
        )
        return False

    def _ask(self, mode: str, deadline: float) -> Result:
        """Ask for the job's status, or remove its file; a connection that breaks is made anew until the deadline."""
        while True:
            try:
                answer = self._action._execute_module(_ASYNC_STATUS, module_args={**self._job, "mode": mode}, task_vars=self._task_vars)
                return t.cast(Result, answer)
            except Exception as error:
                if not is_connection_error(error) or time.monotonic() > deadline:
                    raise
                reason = lost_reason(error)
                display.warning(f"The connection to {self._host} is lost ({reason}). The job goes on there, and is asked for again.")
                time.sleep(_POLL_SECONDS)
                reconnect(self._action._connection, self._execution_timeout)


def _is_half_written(status: Result) -> bool:
    return str(status.get("msg", "")).startswith(_HALF_WRITTEN)
