# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes all that it is handed into a file: arguments of tasks before and after they were evaluated, and results.

Callbacks that send a run to a log server do the same.
"""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core ships no type information
    """Writes into the file that EVERY_ARGUMENT_FILE names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "every_argument"

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Write a task that begins."""
        self._write("begins", task.dump_attrs())

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Write a result."""
        self._write_result(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Write a failure."""
        self._write_result(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Write what a host that cannot be reached leaves."""
        self._write_result(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Write a task that was skipped."""
        self._write_result(result)

    def _write_result(self, result: t.Any) -> None:
        self._write("ends", result._result, result._task_fields)

    def _write(self, *values: t.Any) -> None:
        with open(os.environ["EVERY_ARGUMENT_FILE"], "a", encoding="utf-8") as file:
            file.write(f"{values!r}\n")
