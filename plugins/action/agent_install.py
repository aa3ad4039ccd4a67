# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_install: converges the installed product and its services."""

from __future__ import annotations

import ntpath
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import ConfigurationError, InstallError, PackageError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._exit_codes import Outcome, explain_exit_code
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._package import package_rules, refusal_sentence
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._verdicts import UPDATER_SERVICE, is_complete
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._version import is_older
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._action import (
    AgentAction,
    Options,
    Result,
    require_eula,
    require_host_path,
    require_positive,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run_notes import is_fetch_predicted

Facts = dict[str, t.Any]


class ActionModule(AgentAction):
    """Reads the host, decides, and acts only where something is to be done."""

    MODULE = "agent_install"
    RETURNS: t.ClassVar[Result] = {
        "exit_code": None,
        "exit_meaning": None,
        "log": {"path": None, "tail": ""},
        "reboot_required": False,
        "services": [],
        "version_after": None,
        "version_before": None,
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        require_eula(options)
        require_positive(options, "timeout")
        require_host_path("path", options["path"])
        rules = package_rules(options, options["version"])
        if options["environment_name"] and not options["environment_name"].isalnum():
            raise ConfigurationError(f"'environment_name' is '{options['environment_name']}': give a cloud's name, such as AzureCloud.")
        facts = self._agent_payload("facts", {"PackagePath": options["path"], "Expected": self._agent_json(rules)})
        result.update(version_before=facts["product"]["version"], version_after=facts["product"]["version"], services=facts["services"])
        switch = decide(facts, options["version"])
        if switch is None and services_run(facts):
            result["msg"] = f"The agent {facts['product']['version']} is installed and its services run."
            return
        if switch is not None and not self._agent_replaces(options["path"]):
            self._agent_refuse(facts, rules)
        # From here on the host is about to change; the payload's own word replaces this one.
        result["changed"] = True
        if self._task.check_mode:
            self._agent_predict(options, facts, switch, result)
        else:
            self._agent_converge(options, facts, switch, result)

    def _agent_refuse(self, facts: Facts, rules: Options) -> None:
        """Fail when the package may not be run."""
        if facts["package"]["refusal"]:
            raise PackageError(refusal_sentence(facts["package"], rules))
        installed, packed = facts["product"]["version"], facts["package"]["version"]
        if installed and is_older(packed, installed):
            raise PackageError(
                f"The package {facts['package']['path']} has version {packed}, older than the installed {installed}: "
                "a downgrade is not possible, take a newer package."
            )

    def _agent_replaces(self, path: str) -> bool:
        """Whether the file there is only what a download, predicted earlier in this run, would have replaced."""
        return self._task.check_mode and is_fetch_predicted(self._agent_host, path)

    def _agent_predict(self, options: Options, facts: Facts, switch: str | None, result: Result) -> None:
        """Say what a real run would do."""
        if switch is None:
            result["msg"] = "The agent's services would be started."
            return
        replaced = self._agent_replaces(options["path"])
        result["version_after"] = options["version"] if replaced else facts["package"]["version"]
        result["msg"] = f"The package {options['path']} would be run{', once it is fetched' if replaced else ''}."

    def _agent_converge(self, options: Options, facts: Facts, switch: str | None, result: Result) -> None:
        """Run the package (or only the services) and judge what came of it."""
        parameters: Options = {"TimeoutSeconds": options["timeout"]}
        if switch is not None:
            log = ntpath.join(ntpath.dirname(options["path"]), "install.log")
            variables = [f"ENVIRONMENTNAME={options['environment_name']}"] if options["environment_name"] else []
            parameters.update(PackagePath=options["path"], Sha256=facts["package"]["sha256"], LogPath=log)
            parameters["BundleArguments"] = [switch, *variables]
            result["log"]["path"] = log
        answer = self._agent_payload("install", parameters)
        result["changed"] = answer["changed"]
        result["log"]["tail"] = answer["log_tail"]
        after = answer["facts"]
        result.update(version_after=after["product"]["version"], services=after["services"])
        if switch is not None:
            self._agent_judge_exit(answer, options["timeout"], result)
        if answer["service_error"]:
            raise InstallError(f"A service of the agent does not run on {self._agent_host}: {answer['service_error']}")
        if not is_complete(after) or not services_run(after):
            log = f"read {result['log']['path']} there" if result["log"]["path"] else "look at its services there"
            raise InstallError(f"All steps ended well, but the agent is not whole on {self._agent_host}: {log}.")
        result["msg"] = f"The agent {result['version_after']} is installed and its services run."

    def _agent_judge_exit(self, answer: dict[str, t.Any], timeout: int, result: Result) -> None:
        """Judge the bundle's exit code; it raises where the installation did not end well."""
        if answer["timed_out"]:
            raise InstallError(
                f"The installation did not end within {timeout} seconds on {self._agent_host}; its process was ended, the installer's own "
                f"helpers may still run. Read {result['log']['path']} there, then give more in 'timeout'."
            )
        code = explain_exit_code(answer["exit_code"])
        result.update(exit_code=answer["exit_code"], exit_meaning=code.meaning)
        result["reboot_required"] = code.outcome is Outcome.RESTART_NEEDED
        if code.outcome in (Outcome.FAILED, Outcome.BUSY):
            raise InstallError(
                f"The installation failed on {self._agent_host} with exit code {answer['exit_code']}: {code.meaning}; {code.remedy} "
                f"(log on the host: {result['log']['path']})."
            )


def decide(facts: Facts, wanted: str | None) -> str | None:
    """Return the switch to run the package with, or None when what is installed will do.

    A product whose rows stand under Programs and Features but whose parts are missing is repaired: its bundle would find
    itself present and do nothing.
    """
    product = facts["product"]
    if is_complete(facts):
        return "/install" if wanted and is_older(product["version"], wanted) else None
    version = facts["package"]["version"]
    rows = [row for row in product["uninstall"] if row["bundle"] and row["version"] == version]
    return "/repair" if rows else "/install"


def services_run(facts: Facts) -> bool:
    """Whether every service of the agent that is there starts with Windows and runs (the updater may be absent)."""
    return all(
        one["state"] == "running" and one["start_type"] == "auto"
        for one in facts["services"]
        if one["present"] or one["name"] != UPDATER_SERVICE
    )
