# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_install: converges the installed product, its settings and its services, or removes it."""

from __future__ import annotations

import ntpath
import typing as t

from ..plugin_utils._agent.causes import likely_cause
from ..plugin_utils._agent.exit_codes import Outcome, explain_exit_code
from ..plugin_utils._agent.installation import (
    AGENT_SERVICE,
    UPDATER_SERVICE,
    is_shared_left,
    is_there,
    missing_parts,
    newest_version,
    package_switch,
    remains,
    services_run,
)
from ..plugin_utils._agent.settings import (
    settings_in_force,
    settings_predicted,
    settings_to_change,
    wanted_settings,
)
from ..plugin_utils._core.errors import ConfigurationError, InstallError, PackageError
from ..plugin_utils._core.redaction import redact
from ..plugin_utils._core.version import is_older
from ..plugin_utils._options.rules import require_eula, require_host_path, require_positive
from ..plugin_utils._package.proof import package_rules, refusal_sentence
from ..plugin_utils._run.notes import is_fetch_predicted
from ..plugin_utils._task.action import AgentAction, Options, Result

Facts = dict[str, t.Any]


class Plan(t.NamedTuple):
    """What is to be done on a host: the package's switch (None: it is not run), settings that differ, services to start."""

    switch: str | None
    settings: list[str]
    services: bool

    @property
    def is_empty(self) -> bool:
        """Whether the host is as wanted."""
        return self.switch is None and not self.settings and not self.services


class ActionModule(AgentAction):
    """Reads the host, decides, and acts only where something is to be done."""

    MODULE = "agent_install"
    RETURNS: t.ClassVar[Result] = {
        "backup_file": None,
        "cause": None,
        "exit_code": None,
        "exit_meaning": None,
        "log": {"path": None, "tail": ""},
        "reboot_required": False,
        "remains": [],
        "services": [],
        "settings": {},
        "version_after": None,
        "version_before": None,
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        if self._task.diff:
            result["diff"] = {"before": {}, "after": {}}
        rules, wanted = self._agent_validate(options)
        absent = options["state"] == "absent"
        package = {} if absent else {"PackagePath": options["path"], "Expected": self._agent_json(rules)}
        facts = self._agent_payload("facts", package)
        result["version_before"] = facts["product"]["version"]
        self._agent_describe(facts, result)
        self._agent_diff("before", facts, result)
        self._agent_diff("after", facts, result)
        if facts["installing"]:
            self._agent_refuse_second()
        if absent:
            self._agent_absent(options, facts, result)
        else:
            self._agent_present(options, facts, rules, wanted, result)

    def _agent_validate(self, options: Options) -> tuple[Options, Options]:
        """Refuse bad input before the host is asked anything; returns the package's rules and the settings."""
        require_positive(options, "timeout")
        require_host_path("path", options["path"])
        if options["state"] != "absent":
            require_eula(options)
        name = options["environment_name"]
        if name and not name.isalnum():
            raise ConfigurationError(f"'environment_name' is '{name}': give a cloud's name, such as AzureCloud.")
        return package_rules(options, options["version"]), wanted_settings(options["settings"] or {})

    def _agent_refuse_second(self) -> t.NoReturn:
        raise InstallError(
            f"Another task is installing or removing the agent on {self._agent_host} at this moment: run this one again when it has ended."
        )

    # ---- present, latest, repaired ----

    def _agent_present(self, options: Options, facts: Facts, rules: Options, wanted: Options, result: Result) -> None:
        replaced = self._task.check_mode and is_fetch_predicted(self._agent_host, options["path"])
        switch = package_switch(facts, options["state"], options["version"])
        plan = Plan(switch, settings_to_change(facts, wanted), not services_run(facts))
        if plan.is_empty:
            result["msg"] = f"The agent {facts['product']['version']} is installed and its services run."
            return
        if switch is not None and not replaced:
            self._agent_refuse(facts, rules)
        if facts["product"]["version"] and plan.settings:
            self._agent_refuse_settings(facts)
        # From here on the host is about to change; the payload's own word replaces this one.
        result["changed"] = True
        if self._task.check_mode:
            self._agent_predict(options, facts, plan, wanted, replaced, result)
        else:
            self._agent_converge(options, facts, plan, wanted, result)

    def _agent_refuse(self, facts: Facts, rules: Options) -> None:
        """Fail when the package may not be run."""
        if facts["package"]["refusal"]:
            raise PackageError(refusal_sentence(facts["package"], rules))
        installed, packed = newest_version(facts), facts["package"]["version"]
        if installed and is_older(packed, installed):
            raise PackageError(
                f"The package {facts['package']['path']} has version {packed}, older than the installed {installed}: "
                "a downgrade is not possible, take a newer package."
            )

    def _agent_refuse_settings(self, facts: Facts) -> None:
        """Fail when the agent's configuration file cannot be edited."""
        file = facts["product"]["configuration"]
        if file["present"] and not file["well_formed"]:
            raise InstallError(
                f"The file {file['path']} on {self._agent_host} is no well-formed XML ({file['error']}): mend it, then run it again."
            )

    def _agent_predict(self, options: Options, facts: Facts, plan: Plan, wanted: Options, replaced: bool, result: Result) -> None:
        """Say what a real run would do."""
        parts = []
        if plan.switch is not None:
            result["version_after"] = options["version"] if replaced else facts["package"]["version"]
            parts.append(f"the package {options['path']} would be run{', once it is fetched' if replaced else ''}")
        if plan.settings:
            parts.append(f"the settings {', '.join(plan.settings)} would be changed")
        if plan.services and plan.switch is None:
            parts.append("the agent's services would be started")
        result["settings"] = settings_predicted(facts, wanted)
        result["msg"] = f"On {self._agent_host} {'; '.join(parts)}."
        # A package installs the agent's service; whether it brings an updater is known only afterwards.
        names = {AGENT_SERVICE, *described_services(facts)} if plan.switch is not None or plan.services else ()
        services = {**described_services(facts), **dict.fromkeys(sorted(names), "running, auto")}
        self._agent_diff_set("after", result["version_after"], services, result["settings"], result)

    def _agent_converge(self, options: Options, facts: Facts, plan: Plan, wanted: Options, result: Result) -> None:
        """Run the package (or only set what differs) and judge what came of it."""
        parameters: Options = {"TimeoutSeconds": options["timeout"], "Settings": self._agent_json(wanted) if wanted else ""}
        if plan.switch is not None:
            log = ntpath.join(ntpath.dirname(options["path"]), "install.log")
            variables = [f"ENVIRONMENTNAME={options['environment_name']}"] if options["environment_name"] else []
            parameters.update(PackagePath=options["path"], Sha256=facts["package"]["sha256"], LogPath=log)
            parameters["BundleArguments"] = [plan.switch, *variables]
            result["log"]["path"] = log
        answer = self._agent_payload("install", parameters, detached_for=options["timeout"] if plan.switch else 0)
        self._agent_take(answer, result)
        result["backup_file"] = answer["backup"]
        if plan.switch is not None:
            self._agent_judge_exit(answer, facts, options["timeout"], result)
        self._agent_judge_host(answer, result)
        result["msg"] = f"The agent {result['version_after']} is installed and its services run."

    def _agent_judge_host(self, answer: dict[str, t.Any], result: Result) -> None:
        """Fail when the host is not as wanted although the installer ended well."""
        if answer["settings_error"]:
            raise InstallError(f"The settings could not be changed on {self._agent_host}: {answer['settings_error']}")
        if answer["service_error"]:
            raise InstallError(f"A service of the agent does not run on {self._agent_host}: {answer['service_error']}")
        missing = missing_parts(answer["facts"])
        if missing or not services_run(answer["facts"]):
            lacking = f"there is no {', no '.join(missing)}" if missing else "a service does not run"
            log = f"read {result['log']['path']} there" if result["log"]["path"] else "look at its services there"
            raise InstallError(f"All steps ended well, but the agent is not whole on {self._agent_host}, {lacking}: {log}.")

    # ---- absent ----

    def _agent_absent(self, options: Options, facts: Facts, result: Result) -> None:
        if not is_there(facts) and not is_shared_left(facts):
            result["msg"] = f"The agent is not on {self._agent_host}."
            return
        result["changed"] = True
        result["remains"] = remains(facts, facts)
        if self._task.check_mode:
            result.update(version_after=None, settings={})
            result["msg"] = f"The agent would be removed from {self._agent_host}."
            self._agent_diff_set("after", None, {}, {}, result)
            return
        parameters = {
            "LogDirectory": ntpath.dirname(options["path"]),
            "KeepShared": bool(facts["other_agents"]),
            "TimeoutSeconds": options["timeout"],
        }
        answer = self._agent_payload("remove", parameters, detached_for=options["timeout"])
        result["log"]["path"] = answer["log_path"]
        self._agent_take(answer, result)
        self._agent_judge_removal(answer, facts, options["timeout"], result)
        result["remains"] = remains(facts, answer["facts"])
        result["msg"] = f"The agent is removed from {self._agent_host}. What stays: {' '.join(result['remains']) or 'nothing.'}"

    def _agent_judge_removal(self, answer: dict[str, t.Any], before: Facts, timeout: int, result: Result) -> None:
        if answer["error"] == "exit code":
            self._agent_judge_exit(answer, before, timeout, result)
        result.update(exit_code=answer["exit_code"], reboot_required=answer["restart"])
        if answer["exit_code"] is not None:
            result["exit_meaning"] = explain_exit_code(answer["exit_code"]).meaning
        if answer["error"]:
            raise InstallError(f"The agent could not be removed from {self._agent_host}: {answer['error']} Mend that and run it again.")
        after = answer["facts"]
        if is_there(after) or is_shared_left(after):
            raise InstallError(
                f"All steps ended well, but parts of the agent are still on {self._agent_host}: restart it and run it again."
            )
        if before["other_agents"] and UPDATER_SERVICE in described_services(before) and UPDATER_SERVICE not in described_services(after):
            raise InstallError(
                f"The package took the updater away from {self._agent_host}, which {', '.join(before['other_agents'])} needs: "
                "repair that agent with its own installer."
            )

    # ---- what came of it ----

    def _agent_take(self, answer: dict[str, t.Any], result: Result) -> None:
        """Write what the payload tells into the result; it may have been refused its turn."""
        result["changed"] = answer["changed"]
        result["log"]["tail"] = redact(answer["log_tail"])
        self._agent_describe(answer["facts"], result)
        self._agent_diff("after", answer["facts"], result)
        if answer["busy"]:
            self._agent_refuse_second()

    def _agent_judge_exit(self, answer: dict[str, t.Any], before: Facts, timeout: int, result: Result) -> None:
        """Judge an installer's exit code; it raises where the work did not end well."""
        if answer["timed_out"]:
            raise InstallError(
                f"The installer did not end within {timeout} seconds on {self._agent_host}; its process was ended, its own helpers may "
                f"still run. Read {result['log']['path']} there, then give more in 'timeout'."
            )
        code = explain_exit_code(answer["exit_code"])
        result.update(exit_code=answer["exit_code"], exit_meaning=code.meaning)
        result["reboot_required"] = code.outcome is Outcome.RESTART_NEEDED
        if code.outcome in (Outcome.DONE, Outcome.RESTART_NEEDED):
            return
        cause = likely_cause(answer["exit_code"], result["log"]["tail"], before)
        result["cause"] = cause.what if cause else None
        advice = f"most likely {cause.what}: {cause.remedy}, then run it again" if cause else code.remedy
        raise InstallError(
            f"The installer failed on {self._agent_host} with exit code {answer['exit_code']}: {code.meaning}; {advice} "
            f"(log on the host: {result['log']['path']})."
        )

    def _agent_describe(self, facts: Facts, result: Result) -> None:
        """Write the host's state into the result."""
        result.update(version_after=facts["product"]["version"], services=facts["services"], settings=settings_in_force(facts))

    def _agent_diff(self, side: str, facts: Facts, result: Result) -> None:
        self._agent_diff_set(side, facts["product"]["version"], described_services(facts), settings_in_force(facts), result)

    def _agent_diff_set(self, side: str, version: str | None, services: Options, settings: Options, result: Result) -> None:
        if self._task.diff:
            result["diff"][side] = {"version": version, "services": services, "settings": settings}


def described_services(facts: Facts) -> dict[str, str]:
    """Return for each service that is there its state and how it starts, such as "running, auto"."""
    return {one["name"]: f"{one['state']}, {one['start_type']}" for one in facts["services"] if one["present"]}
