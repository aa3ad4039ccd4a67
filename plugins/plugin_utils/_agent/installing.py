# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides what is to be done to install, upgrade, repair or remove an agent, predicts it for check mode, and judges how it has ended.

Pure: facts, options and answers in, plans and verdicts out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InstallError, PackageError
from .._core.redaction import redact
from .._core.results import as_result
from .._core.verdict import Verdict
from .._core.version import is_older
from .._package.proof import refusal_sentence
from .._troubleshooting.exit_codes import Outcome
from .answers import InstallAnswer, RemoveAnswer
from .causes import likely_cause
from .exit_codes import explain_exit_code
from .facts import AGENT_SERVICE, UPDATER_SERVICE, AgentFacts, HostFacts
from .installation import has_agent_parts, has_unused_shared_parts, missing_parts, newest_version, package_switch, services_run
from .plan import Plan
from .settings import Settings, settings_in_force, settings_predicted, settings_to_change

Options = t.Mapping[str, t.Any]
State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class InstallPlan(Plan):
    """What one installation does.

    Attributes:
        switch: the switch that the package is run with; None: it is not run.
        settings: the names of the settings that differ.
    """

    switch: str | None
    settings: tuple[str, ...]


def plan_installation(facts: HostFacts, options: Options, wanted: Settings) -> InstallPlan:
    """Compare the host with what is wanted.

    Args:
        facts: what the payload facts.ps1 read, with the package.
        options: state, version and path of agent_install.
        wanted: the settings that wanted_settings returned.
    """
    switch = package_switch(facts, options["state"], options["version"])
    settings = settings_to_change(facts, wanted)
    reasons = {
        f"the package {options['path']} would be run": switch is not None,
        f"the settings {', '.join(settings)} would be changed": bool(settings),
        "the agent's services would be started": switch is None and not services_run(facts),
    }
    return InstallPlan(tuple(reason for reason, holds in reasons.items() if holds), switch, tuple(settings))


def require_possible(facts: HostFacts, plan: InstallPlan, rules: Options, host: str, *, unfetched: bool) -> None:
    """Refuse a plan that cannot end well.

    Args:
        facts: what the payload facts.ps1 read, with the package.
        plan: what is to be done.
        rules: what the package must be, from package_rules.
        host: the host's name, for the sentences.
        unfetched: whether the package is only predicted to be there (check mode), so that it cannot be judged.

    Raises:
        PackageError: the package may not be run.
        InstallError: the settings cannot be changed.
    """
    if plan.switch is not None and not unfetched:
        _require_package(facts, rules)
    file = facts.product.configuration
    if facts.product.version and plan.settings and file.present and not file.well_formed:
        raise InstallError(f"The file {file.path} on {host} is no well-formed XML ({file.error}): correct it, then run it again.")


def _require_package(facts: HostFacts, rules: Options) -> None:
    package, installed = facts.package, newest_version(facts)
    if package is None:
        raise PackageError("The host has not looked at the package: run it again.")
    if package.refusal:
        raise PackageError(refusal_sentence(package, rules))
    if installed and is_older(str(package.version), installed):
        raise PackageError(
            f"The package {package.path} has version {package.version}, older than the installed {installed}: "
            "a downgrade is not possible, take a newer package."
        )


def described_state(facts: AgentFacts) -> State:
    """Return the state of the product for --diff."""
    return {"version": facts.product.version, "services": described_services(facts), "settings": settings_in_force(facts)}


def described_services(facts: AgentFacts) -> dict[str, str]:
    """Return for each service that is there its state and how it starts, such as "running, auto"."""
    return {service.name: f"{service.state}, {service.start_type}" for service in facts.services if service.present}


def described_host(facts: AgentFacts) -> State:
    """Return the host's state as agent_install returns it."""
    return {
        "version_after": facts.product.version,
        "services": [as_result(service) for service in facts.services],
        "settings": settings_in_force(facts),
    }


def predicted_state(facts: HostFacts, plan: InstallPlan, wanted: Settings, version: str | None) -> State:
    """Return the state of the product that a real run would leave.

    Args:
        facts: what the payload facts.ps1 read.
        plan: what would be done.
        wanted: the settings that wanted_settings returned.
        version: the version that would be installed afterwards.
    """
    starts = plan.switch is not None or not services_run(facts)
    # A package installs the agent's service; whether it brings an updater is known only afterwards.
    names = {AGENT_SERVICE, *(service.name for service in facts.services if not service.may_rest)} if starts else set()
    services = {**described_services(facts), **dict.fromkeys(sorted(names), "running, auto")}
    return {"version": version, "services": services, "settings": settings_predicted(facts, wanted)}


def predicted_version(facts: HostFacts, plan: InstallPlan, asked: str | None, *, unfetched: bool) -> str | None:
    """Return the version that a real run would leave; unfetched: whether only the version asked for is known of the package."""
    if plan.switch is None:
        return facts.product.version
    return asked if unfetched else facts.package.version if facts.package else None


def prediction(plan: InstallPlan, host: str, *, unfetched: bool) -> str:
    """Say what a real run would do."""
    first, *rest = plan.reasons
    once = ", once it is fetched" if unfetched and plan.switch is not None else ""
    return f"On {host} {'; '.join([first + once, *rest])}."


def judge_installation(answer: InstallAnswer, before: AgentFacts, log: str | None, timeout: int, host: str) -> Verdict:
    """Return how an installation has ended.

    Args:
        answer: what the payload install.ps1 has answered.
        before: the host from before it.
        log: the path of the installer's log, None when no installer was to run.
        timeout: the seconds that it had.
        host: the host's name, for the sentences.
    """
    found = {**described_host(answer.facts), "backup_file": answer.backup, "log": _log(log, answer.log_tail)}
    if answer.busy:
        return Verdict(found, second_task(host))
    ended = _judge_exit(answer, before, log, timeout, host) if log else Verdict({})
    return Verdict({**found, **ended.found}, ended.problem or _not_as_wanted(answer, log, host))


def _not_as_wanted(answer: InstallAnswer, log: str | None, host: str) -> str:
    """Say why the host is not as wanted although the installer ended well."""
    if answer.settings_error:
        return f"The settings could not be changed on {host}: {answer.settings_error}"
    if answer.service_error:
        return f"A service of the agent does not run on {host}: {answer.service_error}"
    missing = missing_parts(answer.facts)
    if not missing and services_run(answer.facts):
        return ""
    lacking = f"there is no {', no '.join(missing)}" if missing else "a service does not run"
    advice = f"read {log} there" if log else "look at its services there"
    return f"All steps ended well, but the agent is not whole on {host}, {lacking}: {advice}."


def judge_removal(answer: RemoveAnswer, before: AgentFacts, timeout: int, host: str) -> Verdict:
    """Return how a removal has ended; the arguments are those of judge_installation."""
    found = {**described_host(answer.facts), "log": _log(answer.log_path, answer.log_tail)}
    if answer.busy:
        return Verdict(found, second_task(host))
    # What cannot be deleted is in use: the restart frees it.
    found.update(exit_code=answer.exit_code, reboot_required=answer.restart or bool(answer.left or answer.problems))
    if answer.exit_code is not None:
        found["exit_meaning"] = explain_exit_code(answer.exit_code).meaning
    if answer.error == "exit code":
        ended = _judge_exit(answer, before, answer.log_path, timeout, host)
        if ended.problem:
            return Verdict({**found, **ended.found}, ended.problem)
    return Verdict(found, _not_removed(answer, before, host))


def _not_removed(answer: RemoveAnswer, before: AgentFacts, host: str) -> str:
    after = answer.facts
    if answer.error:
        return f"The agent could not be removed from {host}: {answer.error} Correct that and run it again."
    if answer.problems:
        return f"Parts of the agent could not be removed from {host}: {' '.join(answer.problems)} Restart the host and run it again."
    if has_agent_parts(after) or has_unused_shared_parts(after):
        return f"All steps ended well, but parts of the agent are still on {host}: restart it and run it again."
    if before.other_agents and before.service(UPDATER_SERVICE).present and not after.service(UPDATER_SERVICE).present:
        return (
            f"The package took the updater away from {host}, which {', '.join(before.other_agents)} needs: "
            "repair that agent with its own installer."
        )
    return ""


def files_left(answer: RemoveAnswer) -> list[str]:
    """Return in a sentence which files of the agent could not be deleted; none where all were."""
    if not answer.left:
        return []
    more = f" and {len(answer.left) - 3} more" if len(answer.left) > 3 else ""
    return [f"Files that something has open: {', '.join(answer.left[:3])}{more}; restart the host and delete them."]


def second_task(host: str) -> str:
    """Say that another task works on the host."""
    return f"Another task is installing or removing the agent on {host} at this moment: run this task again when it has ended."


def _log(path: str | None, tail: str) -> State:
    return {"path": path, "tail": redact(tail)}


def _judge_exit(answer: InstallAnswer | RemoveAnswer, before: AgentFacts, log: str | None, timeout: int, host: str) -> Verdict:
    """Judge an installer's exit code."""
    if answer.timed_out or answer.exit_code is None:
        return Verdict({}, (
            f"The installer did not end within {timeout} seconds on {host} and was stopped, with all that it had started. "
            f"Read {log} there, then give more in 'timeout'."
        ))
    code = explain_exit_code(answer.exit_code)
    found: State = {"exit_code": answer.exit_code, "exit_meaning": code.meaning}
    found["reboot_required"] = code.outcome is Outcome.RESTART_NEEDED
    if code.outcome in (Outcome.DONE, Outcome.RESTART_NEEDED):
        return Verdict(found)
    cause = likely_cause(answer.exit_code, redact(answer.log_tail), before)
    advice = f"most likely {cause.meaning}: {cause.remedy}, then run it again" if cause else code.remedy
    return Verdict(
        {**found, "cause": cause.meaning if cause else None},
        f"The installer failed on {host} with exit code {answer.exit_code}: {code.meaning}; {advice} (log on the host: {log}).",
    )
