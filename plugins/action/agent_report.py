# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_report: writes the report of a play's hosts on the controller, once for all of them."""

from __future__ import annotations

import os
import typing as t
from functools import partial

from ..plugin_utils._host.terminal import display
from ..plugin_utils._report.files import write_report
from ..plugin_utils._report.report import RESULT, fleet_report, results_of_play
from ..plugin_utils._run.notes import write_once
from ..plugin_utils._task.action import AgentAction, Options, Result


class ActionModule(AgentAction):
    """Runs for every host, since any of them may be the first; the one that finds its result in no report yet writes it for all."""

    MODULE = "agent_report"
    RETURNS: t.ClassVar[Result] = {"dest": None, "written": False}

    def _agent_run(self, options: Options, result: Result) -> None:
        play = self._agent_play
        # A folder that was removed under the run's feet has no path either.
        try:
            result["dest"] = os.path.abspath(options["dest"])
        except OSError as error:
            self._agent_warn(options["dest"], error, result)
            return
        started = (self._task_vars.get(RESULT) or {}).get("started", "")
        write = partial(self._agent_write, play, result)
        write_once(f"report {play} {result['dest']}", self._agent_host, str(started), write)
        result["msg"] = result["msg"] or f"Another host's task has written the report to {result['dest']}, or has warned that it cannot."

    def _agent_write(self, play: str, result: Result) -> dict[str, str]:
        """Write the report, and return when the result of each host in it was begun. What cannot be written is a warning."""
        names = [str(name) for name in self._task_vars["ansible_play_hosts_all"]]
        results = results_of_play(names, self._task_vars["hostvars"], play)
        # Ansible takes a host that has failed, in an earlier play of the run too, out of ansible_play_hosts.
        failed = set(names) - set(self._task_vars["ansible_play_hosts"])
        report = fleet_report(names, results, failed=failed, check_mode=bool(self._task.check_mode))
        try:
            write_report(result["dest"], report)
        except OSError as error:
            self._agent_warn(result["dest"], error, result)
        else:
            result.update(written=True, msg=f"The report is in {result['dest']}.")
        return {name: str(found["started"]) for name, found in results.items()}

    def _agent_warn(self, dest: str, error: OSError, result: Result) -> None:
        """Say that there is no report. No host is less as wanted for it, so none fails."""
        result["msg"] = (
            f"The report cannot be written to '{dest}' on the controller ({error.strerror}): give a folder that the user who runs Ansible "
            "can write to in 'dest', as the role's 'provisioning_agent_report_dir'."
        )
        display.warning(result["msg"])
