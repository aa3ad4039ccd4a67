# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_verify: reads the host once, asks the cloud once a run, and judges both."""

from __future__ import annotations

import time
import typing as t

from ansible import constants as C  # noqa: N812 - the name that all of Ansible gives it

from ..plugin_utils._agent.certificate import current_certificate
from ..plugin_utils._agent.settings import wanted_settings
from ..plugin_utils._checks.agent import (
    Check,
    Expectation,
    drift,
    judge,
    known_domains,
)
from ..plugin_utils._checks.cloud import judge_cloud
from ..plugin_utils._checks.prerequisites import (
    blockers,
    prerequisite_checks,
    tolerated,
    works,
)
from ..plugin_utils._checks.synchronization import synchronization
from ..plugin_utils._cloud.directory import CloudDirectory
from ..plugin_utils._cloud.records import Listing, find_record
from ..plugin_utils._core.clouds import resolve_cloud
from ..plugin_utils._core.errors import AgentError, ConfigurationError
from ..plugin_utils._core.version import parse_version
from ..plugin_utils._host.payload import load_payload
from ..plugin_utils._host.probe import chosen_endpoints, host_probe
from ..plugin_utils._options.rules import require_guid, require_positive
from ..plugin_utils._run.notes import last_registration
from ..plugin_utils._sign_in.access import Access
from ..plugin_utils._sign_in.acquire import acquire
from ..plugin_utils._sign_in.options import tenant_access
from ..plugin_utils._task.action import AgentAction, Options, Result

Facts = dict[str, t.Any]

#: Seconds between two looks at the cloud while waiting; hosts that wait at the same time share the answers.
_POLL_SECONDS = 5


class ActionModule(AgentAction):
    """Changes nothing, in any mode."""

    MODULE = "agent_verify"
    RETURNS: t.ClassVar[Result] = {
        "agent": {
            "agent_id": None,
            "certificate": None,
            "cloud": None,
            "domains": None,
            "fqdn": None,
            "host": None,
            "services": [],
            "synchronization": None,
            "tenant_id": None,
            "version": None,
        },
        "blockers": [],
        "checks": [],
        "compliant": None,
        "drift": [],
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        expect = expectation(options)
        probe = platform_probe(options, expect)
        access = verify_access(options)
        directory = cloud_directory(options, access)
        # An agent that was registered a minute ago is not in a listing from the run's beginning; hosts that wait share a new one.
        newest = time.time() - _POLL_SECONDS if options["wait"] else 0.0
        registered = last_registration()
        listing = directory.listing(max(newest, registered), registered) if directory else None
        # The module's own list of domains costs a process on the host: it is asked only where the cloud cannot tell.
        ask_host = bool(expect.domains) and (listing is None or bool(listing.problem))
        session = load_payload("domains_session") if ask_host else ""
        facts = self._agent_payload("facts", {"DomainSession": session, "Platform": probe})
        record = agent_record(facts, expect, directory, listing, options["wait"])
        self._agent_describe(facts, record, result)
        domains = expect.domains or known_domains(facts, record)
        states = synchronization(listing, domains) if directory and listing and directory.with_configurations else None
        result["agent"]["synchronization"] = states
        required = {name: options[name] == "required" for name in ("cloud_check", "sync_check")}
        checks = judge(facts, expect, record)
        government = resolve_cloud(options["cloud"]).is_government
        found, working = prerequisite_checks(facts, options["endpoint_issuers"], government=government), works(facts, record)
        checks += tolerated(found, facts) if working else found
        checks += judge_cloud(
            facts, checks, record, states, cloud_required=required["cloud_check"], sync_required=required["sync_check"]
        )
        sign_in = self._agent_sign_in(access if options["registration_check"] else None, checks)
        checks += sign_in
        result.update(
            blockers=blockers([*found, *sign_in], facts, expect.service_account, working=working),
            checks=[check.as_dict() for check in checks],
            compliant=not any(check.status == "fail" for check in checks),
            drift=drift(checks),
        )
        self._agent_show(checks)
        conclude(checks, options["fail_on"], result)

    def _agent_sign_in(self, access: Access | None, checks: list[Check]) -> list[Check]:
        """Judge whether this sign-in may register, where that is wanted and the host needs it: one that may not is no reason to install."""
        if access is None or "register" not in drift(checks):
            return []
        expected = "a token for the registration"
        try:
            token = acquire(access, "registration")
        except AgentError as error:
            return [Check("sign_in", "fail", expected, str(error).rstrip("."), "mend the sign-in, then run it again")]
        self._agent_hide(token.value)
        return [Check("sign_in", "pass", expected, f"of {token.upn}")]

    def _agent_show(self, checks: list[Check]) -> None:
        """Show each check that is not passed, one line each."""
        colors = {"fail": C.COLOR_ERROR, "warn": C.COLOR_WARN, "unknown": C.COLOR_SKIP}
        for check in checks:
            if check.status != "pass":
                line = f"{self._agent_host}: {check.status:<7} {check.name}: {check.actual}; {check.remedy}"
                self._agent_say(line.replace("\n", " "), colors[check.status])

    def _agent_describe(self, facts: Facts, record: dict[str, t.Any] | None, result: Result) -> None:
        """Write what was found into the result."""
        certificate = current_certificate(facts)
        result["agent"].update(
            agent_id=certificate["agent_id"] if certificate else None,
            certificate=certificate,
            cloud=record,
            domains=known_domains(facts, record),
            fqdn=facts["host"]["fqdn"],
            host=facts["host"]["name"],
            services=facts["services"],
            tenant_id=facts["product"]["tenant_id"],
            version=facts["product"]["version"],
        )


def expectation(options: Options) -> Expectation:
    """Return what must hold; bad input is refused."""
    wanted = options["expect"]
    tenant_id = wanted["tenant_id"] or options["tenant_id"]
    for name, value in (("tenant_id", options["tenant_id"]), ("expect.tenant_id", wanted["tenant_id"])):
        if value:
            require_guid(name, value)
    if wanted["version"]:
        parse_version(wanted["version"])
    require_positive(options, "request_timeout", "probe_timeout")
    if options["registration_check"] and not (options["sign_in"] and options["tenant_id"]):
        raise ConfigurationError("'registration_check' is set: give 'tenant_id' and 'sign_in', or set it to false.")
    if options["wait"] < 0:
        raise ConfigurationError(f"'wait' is {options['wait']}: give a number of seconds, 0 for no waiting.")
    days, renewal = wanted["minimum_certificate_days"], wanted["certificate_renewal_days"]
    settings = wanted_settings(options["settings"] or {})
    return Expectation(wanted["version"], tenant_id, tuple(wanted["domains"]), wanted["service_account"], days, settings, renewal)


def platform_probe(options: Options, expect: Expectation) -> str:
    """Return what the payload is to read about the host itself, empty for nothing; bad input is refused."""
    if options["events_since"] < 0:
        raise ConfigurationError(f"'events_since' is {options['events_since']}: give a number of hours, 0 for no events.")
    endpoints = chosen_endpoints(options["endpoints"], resolve_cloud(options["cloud"]), options["tenant_id"])
    if not options["prerequisites"]:
        return ""
    return host_probe(
        expect.service_account, endpoints, options["events_since"], expect.settings.get("proxy"), options["probe_timeout"]
    )


def asked_of_cloud(options: Options) -> tuple[bool, bool]:
    """Return whether agents, and whether sync configurations are looked up in the cloud."""
    agents = options["cloud_check"] != "off"
    # Who switches the cloud off means all of it; an application, which may not list agents, asks for configurations alone.
    return agents, options["sync_check"] == "required" or (agents and options["sync_check"] == "best_effort")


def verify_access(options: Options) -> Access | None:
    """Return the access to the tenant, None when nothing is asked of it."""
    return tenant_access(options) if any(asked_of_cloud(options)) or options["registration_check"] else None


def cloud_directory(options: Options, access: Access | None) -> CloudDirectory | None:
    """Return whom to ask for agents and sync configurations in the cloud, or None when nobody is to be asked."""
    agents, configurations = asked_of_cloud(options)
    if not (agents or configurations):
        return None
    if access is None:
        for name in ("cloud_check", "sync_check"):
            if options[name] == "required":
                raise ConfigurationError(f"'{name}' is required: give 'tenant_id' and 'sign_in', or set it to best_effort or off.")
        return None
    return CloudDirectory(access, with_agents=agents, with_configurations=configurations)


def agent_record(
    facts: Facts, expect: Expectation, directory: CloudDirectory | None, listing: Listing | None, wait: int
) -> dict[str, t.Any] | None:
    """Return the host's record in the cloud, looking again until it is active with its domains or the time is over."""
    if directory is None or listing is None or not directory.with_agents:
        return None
    certificate = current_certificate(facts)
    agent_id = certificate["agent_id"] if certificate else None
    deadline = time.monotonic() + wait
    while True:
        record = find_record(listing, agent_id, facts["host"]["fqdn"])
        hopeless = (listing.problem and not listing.passing) or not facts["product"]["tenant_id"]
        if is_awaited(record, agent_id, expect) or hopeless or time.monotonic() >= deadline:
            return record
        time.sleep(_POLL_SECONDS)
        listing = directory.listing(not_older_than=time.time() - _POLL_SECONDS)


def is_awaited(record: dict[str, t.Any], agent_id: str | None, expect: Expectation) -> bool:
    """Whether a record is what a fresh agent waits for: its own and not an older one of the machine, active, with the domains."""
    own = record["matched_by"] == "agent_id" or agent_id is None
    served = record["domains"] is None or {name.lower() for name in expect.domains} <= set(record["domains"])
    return bool(record["status"] == "confirmed" and own and served)


def conclude(checks: list[Check], fail_on: str, result: Result) -> None:
    """Word the verdict, and fail the task if it was told to."""
    limits = {"fail": {"fail"}, "warn": {"fail", "warn"}, "never": set()}
    remarks = [check for check in checks if check.status != "pass"]
    sentences = [f"{one.name} {one.status}: {one.actual} instead of {one.expected}; {one.remedy}." for one in remarks]
    agent = result["agent"]
    result["msg"] = "\n".join(sentences) or f"The agent {agent['version']} on {agent['fqdn']} is as it should be."
    if limits[fail_on] & {check.status for check in checks}:
        raise AgentError(result["msg"])
