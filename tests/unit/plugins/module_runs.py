# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's action plugin in this process, without a connection: who calls it answers for the host.

Options are validated, payloads are loaded, and the result is the task's, as in a playbook. Left out are the connection, the job that
outlives it, and ansible.windows.win_powershell.
"""

from __future__ import annotations

import importlib
import types
import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar


class Remote(t.Protocol):
    """The host's side of a task."""

    def win_powershell(self, arguments: dict[str, t.Any], *, check: bool) -> dict[str, t.Any]:
        """Answer as ansible.windows.win_powershell would to these arguments."""

    def put_file(self, local: str, remote: str) -> None:
        """Copy a file of the controller's to a path of the host."""


def run_module(
    module: str,
    options: dict[str, t.Any],
    remote: Remote | None,
    *,
    check: bool = False,
    host: str = "win1",
    variables: dict[str, t.Any] | None = None,
    pipelining: bool = True,
    tasks: list[t.Any] | None = None,
) -> dict[str, t.Any]:
    """Run a module of the collection and return its result, with the diff.

    Args:
        module: its short name, such as agent_install.
        options: as a task gives them.
        remote: answers for the host; None for a module that touches none.
        check: whether it is check mode.
        host: the name that the host has in the inventory.
        variables: the host's variables, with templates.
        pipelining: whether the connection hands modules over without a file, as winrm and psrp do.
        tasks: gets the task as callbacks see it after its end; the task is run twice then, as for retries.
    """
    plugin = importlib.import_module(f"ansible_collections.entra_ops.cloud_sync.plugins.action.{module}")

    class Unconnected(plugin.ActionModule):  # type: ignore[misc,name-defined]  # which plugin is known when it runs
        def _agent_detach(self, arguments: dict[str, t.Any], seconds: int) -> None:
            return None

        def _execute_module(self, name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> t.Any:
            assert remote and name == "ansible.windows.win_powershell"
            return remote.win_powershell(module_args, check=check)

        def _transfer_file(self, local_path: str, remote_path: str) -> str:
            assert remote
            remote.put_file(local_path, remote_path)
            return remote_path

    play = types.SimpleNamespace(_uuid="play")
    given = {"args": options, "check_mode": check, "diff": True, "no_log": False, "async_val": 0}
    task = types.SimpleNamespace(**given, get_search_path=list, get_play=lambda: play)
    shell = types.SimpleNamespace(tmpdir=None)
    connection = types.SimpleNamespace(_shell=shell, transport="aws_ssm", is_pipelining_enabled=lambda wrap_async: pipelining)
    task_vars = {"inventory_hostname": host, **(variables or {})}
    loader = DataLoader()
    action = Unconnected(task, connection, None, loader, Templar(loader, task_vars), None)
    if tasks is not None:
        tasks.append(task)
        action.run(task_vars=task_vars)
    result = action.run(task_vars=task_vars)
    return t.cast(dict[str, t.Any], result)
