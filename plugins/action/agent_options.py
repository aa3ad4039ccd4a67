# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_options: reads and checks the role's variables on the controller, and gives the options of its modules."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleError

from ..plugin_utils._core.errors import ConfigurationError
from ..plugin_utils._options.role import (
    PREFIX,
    input_errors,
    needed_variables,
    open_options,
    read_variables,
    role_options,
    role_values,
)
from ..plugin_utils._task.action import AgentAction, Options, Result


class ActionModule(AgentAction):
    """Touches no host."""

    MODULE = "agent_options"
    RETURNS: t.ClassVar[Result] = {"options": {}, "play": None, "role": {}, "started": None}
    HANDED_ON = ("options",)

    def _agent_run(self, options: Options, result: Result) -> None:
        result.update(play=self._agent_play, started=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
        entry_point = options["entry_point"]
        variables = read_variables(self._agent_variables(needed_variables(entry_point)))
        errors = input_errors(variables, entry_point)
        if errors:
            raise ConfigurationError(" ".join(errors))
        whole = role_options(variables, entry_point)
        result["options"] = {module: open_options(module, given) for module, given in whole.items()}
        result["role"] = role_values(variables, entry_point)
        result["msg"] = "The role's variables are right."

    def _agent_variables(self, names: list[str]) -> Options:
        """Return the role's variables that are set, their templates evaluated."""
        found = {}
        for name in names:
            if f"{PREFIX}{name}" in self._task_vars:
                try:
                    found[name] = self._templar.template(self._task_vars[f"{PREFIX}{name}"])
                except AnsibleError as error:
                    raise ConfigurationError(f"The variable '{PREFIX}{name}' cannot be evaluated: {error}") from error
        if found.get("source") == "file" and found.get("src"):
            found["src"] = self._agent_find(str(found["src"]))
        return found
