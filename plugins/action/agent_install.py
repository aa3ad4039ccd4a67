# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_install: converges the installed product, its settings and its services, or removes it."""

from __future__ import annotations

import ntpath
import typing as t

from ..plugin_utils._agent.answers import InstallAnswer, RemoveAnswer
from ..plugin_utils._agent.facts import HostFacts
from ..plugin_utils._agent.installation import has_agent_parts, has_unused_shared_parts, remains
from ..plugin_utils._agent.installing import (
    InstallPlan,
    State,
    described_host,
    described_state,
    files_left,
    judge_installation,
    judge_removal,
    plan_installation,
    predicted_state,
    predicted_version,
    prediction,
    require_possible,
    second_task,
)
from ..plugin_utils._agent.settings import Settings, wanted_settings
from ..plugin_utils._core.errors import InstallError
from ..plugin_utils._core.verdict import Verdict
from ..plugin_utils._package.proof import package_rules
from ..plugin_utils._run.notes import is_fetch_predicted
from ..plugin_utils._task.action import AgentAction, Options, Result


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
        rules, wanted = package_rules(options, options["version"]), wanted_settings(options["settings"] or {})
        absent = options["state"] == "absent"
        package = {} if absent else {"PackagePath": options["path"], "Expected": self._agent_json(rules)}
        facts = self._agent_payload("facts", HostFacts, package).content
        result.update(version_before=facts.product.version, **described_host(facts))
        self._agent_diff(result, before=described_state(facts), after=described_state(facts))
        if facts.installing:
            raise InstallError(second_task(self._agent_host))
        if absent:
            self._agent_absent(options, facts, result)
        else:
            self._agent_present(options, facts, rules, wanted, result)

    def _agent_present(self, options: Options, facts: HostFacts, rules: Options, wanted: Settings, result: Result) -> None:
        """Bring the host to present, latest or repaired."""
        unfetched = bool(self._task.check_mode) and is_fetch_predicted(self._agent_host, options["path"])
        plan = plan_installation(facts, options, wanted)
        if plan.is_empty:
            result["msg"] = f"The agent {facts.product.version} is installed and its services run."
            return
        require_possible(facts, plan, rules, self._agent_host, unfetched=unfetched)
        # From here on the host is about to change; the payload's own word replaces this one.
        result["changed"] = True
        if self._task.check_mode:
            after = predicted_state(facts, plan, wanted, predicted_version(facts, plan, options["version"], unfetched=unfetched))
            self._agent_diff(result, after=after)
            result.update(version_after=after["version"], settings=after["settings"])
            result["msg"] = prediction(plan, self._agent_host, unfetched=unfetched)
            return
        self._agent_converge(options, facts, plan, wanted, result)
        result["msg"] = f"The agent {result['version_after']} is installed and its services run."

    def _agent_converge(self, options: Options, facts: HostFacts, plan: InstallPlan, wanted: Settings, result: Result) -> None:
        """Run the package, or only set what differs."""
        log = ntpath.join(ntpath.dirname(options["path"]), "install.log") if plan.switch is not None else None
        result["log"]["path"] = log
        parameters: Options = {"TimeoutSeconds": options["timeout"], "Settings": self._agent_json(wanted) if wanted else ""}
        if plan.switch is not None:
            sha256 = facts.package.sha256 if facts.package else None
            parameters.update(PackagePath=options["path"], Sha256=sha256, LogPath=log)
            parameters["BundleArguments"] = bundle_arguments(plan.switch, options["environment_name"])
        reply = self._agent_payload("install", InstallAnswer, parameters, seconds=options["timeout"], detached=bool(plan.switch))
        verdict = judge_installation(reply.content, facts, log, options["timeout"], self._agent_host)
        self._agent_conclude(verdict, described_state(reply.content.facts), reply.changed, result)

    def _agent_absent(self, options: Options, facts: HostFacts, result: Result) -> None:
        """Remove the agent."""
        if not has_agent_parts(facts) and not has_unused_shared_parts(facts):
            result["msg"] = f"The agent is not on {self._agent_host}."
            return
        result.update(changed=True, remains=remains(facts, facts))
        if self._task.check_mode:
            result.update(version_after=None, settings={}, msg=f"The agent would be removed from {self._agent_host}.")
            self._agent_diff(result, after={"version": None, "services": {}, "settings": {}})
            return
        parameters = {
            "LogDirectory": ntpath.dirname(options["path"]),
            "KeepShared": bool(facts.other_agents),
            "TimeoutSeconds": options["timeout"],
        }
        reply = self._agent_payload("remove", RemoveAnswer, parameters, seconds=options["timeout"], detached=True)
        verdict = judge_removal(reply.content, facts, options["timeout"], self._agent_host)
        self._agent_conclude(verdict, described_state(reply.content.facts), reply.changed, result)
        result["remains"] = [*remains(facts, reply.content.facts), *files_left(reply.content)]
        result["msg"] = f"The agent is removed from {self._agent_host}. What stays: {' '.join(result['remains']) or 'nothing.'}"

    def _agent_conclude(self, verdict: Verdict, after: State, changed: bool, result: Result) -> None:
        """Write how it has ended; it raises where it did not end well."""
        result.update(changed=changed, **verdict.found)
        self._agent_diff(result, after=after)
        if verdict.problem:
            raise InstallError(verdict.problem)

    def _agent_diff(self, result: Result, **sides: State) -> None:
        if self._task.diff:
            result["diff"].update(sides)


def bundle_arguments(switch: str, environment: str | None) -> list[str]:
    """Return what the package is run with, besides the switches that keep it quiet."""
    return [switch, *([f"ENVIRONMENTNAME={environment}"] if environment else [])]
