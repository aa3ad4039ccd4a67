# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_verify: reads the host once, asks the cloud once a run, and judges both."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible import constants as C  # noqa: N812 - the name that all of Ansible gives it

from ..plugin_utils._agent.certificate import current_certificate
from ..plugin_utils._agent.facts import HostFacts
from ..plugin_utils._agent.settings import wanted_settings
from ..plugin_utils._checks.agent import known_domains
from ..plugin_utils._checks.assessment import Assessment, assess, fails, obstacle, sentence
from ..plugin_utils._checks.check import Check, CloudAnswers, Expectation, RegistrationSignIn
from ..plugin_utils._cloud.directory import CloudDirectory
from ..plugin_utils._cloud.records import Listing, Record, find_record
from ..plugin_utils._cloud.synchronization import synchronization
from ..plugin_utils._core.clouds import resolve_cloud
from ..plugin_utils._core.errors import AgentError
from ..plugin_utils._core.results import as_result
from ..plugin_utils._host.payload import load_session
from ..plugin_utils._host.probe import chosen_endpoints, host_probe
from ..plugin_utils._run.notes import last_registration
from ..plugin_utils._sign_in.access import Access
from ..plugin_utils._sign_in.acquire import acquire
from ..plugin_utils._sign_in.options import tenant_access
from ..plugin_utils._task.action import AgentAction, Options, Result

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
        "obstacles": [],
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        expect = expectation(options)
        probe = platform_probe(options, expect)
        access = verify_access(options)
        facts, answers = self._agent_look(options, expect, probe, cloud_directory(options, access))
        result["agent"] = described_agent(facts, answers)
        assessment = assess(facts, expect, answers)
        # Whether the sign-in may register counts where the host needs it: one that may not is no reason to install.
        if access is not None and options["registration_check"] and "register" in assessment.drift:
            answers = dataclasses.replace(answers, sign_in=self._agent_try_sign_in(access))
            assessment = assess(facts, expect, answers)
        result.update(described_assessment(assessment))
        self._agent_display_checks(assessment.checks)
        result["msg"] = verdict_message(assessment.checks, facts)
        if fails([check.status for check in assessment.checks], options["fail_on"]):
            raise AgentError(result["msg"])

    def _agent_look(
        self, options: Options, expect: Expectation, probe: str, directory: CloudDirectory | None
    ) -> tuple[HostFacts, CloudAnswers]:
        """Read the host once, and ask the cloud about its agent."""
        # An agent that was registered a minute ago is not in a listing from the run's beginning; hosts that wait share a new one.
        newest = time.time() - _POLL_SECONDS if options["wait"] else 0.0
        registered = last_registration()
        listing = directory.listing(max(newest, registered), registered) if directory else None
        # The module's own list of domains costs a process on the host: it is asked only where the cloud does not know them.
        ask_host = bool(expect.domains) and (listing is None or bool(listing.problem))
        session = load_session("domains") if ask_host else ""
        facts = self._agent_payload("facts", HostFacts, {"DomainSession": session, "Platform": probe}).content
        record = agent_record(facts, expect, directory, listing, options["wait"])
        domains = expect.domains or known_domains(facts, record)
        states = synchronization(listing, domains) if directory and listing and directory.with_configurations else None
        return facts, CloudAnswers(record, states)

    def _agent_try_sign_in(self, access: Access) -> RegistrationSignIn:
        """Find out whether this sign-in may register."""
        try:
            token = acquire(access, "registration")
        except AgentError as error:
            return RegistrationSignIn(problem=str(error))
        self._agent_mask(token.value)
        return RegistrationSignIn(user=token.upn)

    def _agent_display_checks(self, checks: t.Iterable[Check]) -> None:
        """Show each check that is not passed, one line each."""
        colors = {"fail": C.COLOR_ERROR, "warn": C.COLOR_WARN, "unknown": C.COLOR_SKIP}
        for check in checks:
            if check.status != "pass":
                line = f"{self._agent_host}: {check.status:<7} {check.name}: {check.actual}; {check.remedy}"
                self._agent_display(line.replace("\n", " "), colors[check.status])


def described_agent(facts: HostFacts, answers: CloudAnswers) -> dict[str, t.Any]:
    """Return what was found of the agent, as the module returns it."""
    certificate = current_certificate(facts)
    return {
        "agent_id": certificate.agent_id if certificate else None,
        "certificate": as_result(certificate) if certificate else None,
        "cloud": answers.record,
        "domains": known_domains(facts, answers.record),
        "fqdn": facts.host.fqdn,
        "host": facts.host.name,
        "services": [as_result(service) for service in facts.services],
        "synchronization": answers.states,
        "tenant_id": facts.product.tenant_id,
        "version": facts.product.version,
    }


def described_assessment(assessment: Assessment) -> dict[str, t.Any]:
    """Return the verdict, as the module returns it."""
    return {
        "blockers": list(assessment.blockers),
        "checks": [check.as_dict() for check in assessment.checks],
        "compliant": assessment.compliant,
        "drift": list(assessment.drift),
        "obstacles": [obstacle(check) for check in assessment.checks if check.name in assessment.blockers],
    }


def verdict_message(checks: t.Iterable[Check], facts: HostFacts) -> str:
    """Return a sentence for each check that is not passed, or that all is well."""
    remarks = [sentence(check) for check in checks if check.status != "pass"]
    return "\n".join(remarks) or f"The agent {facts.product.version} on {facts.host.fqdn} is as it should be."


def expectation(options: Options) -> Expectation:
    """Return what must hold."""
    wanted = options["expect"]
    tenant_id = wanted["tenant_id"] or options["tenant_id"]
    return Expectation(
        wanted["version"],
        tenant_id,
        tuple(wanted["domains"]),
        wanted["service_account"],
        wanted["minimum_certificate_days"],
        wanted_settings(options["settings"] or {}),
        wanted["certificate_renewal_days"],
        issuers=tuple(options["endpoint_issuers"]),
        government=resolve_cloud(options["cloud"]).is_government,
        cloud_required=options["cloud_check"] == "required",
        sync_required=options["sync_check"] == "required",
    )


def platform_probe(options: Options, expect: Expectation) -> str:
    """Return what the payload is to read about the host itself, empty for nothing."""
    endpoints = chosen_endpoints(options["endpoints"], resolve_cloud(options["cloud"]), options["tenant_id"])
    if not options["prerequisites"]:
        return ""
    return host_probe(
        expect.service_account, endpoints, options["events_since"], expect.settings.get("proxy"), options["probe_timeout"]
    )


def cloud_lookups(options: Options) -> tuple[bool, bool]:
    """Return whether agents, and whether sync configurations are looked up in the cloud."""
    agents = options["cloud_check"] != "off"
    # Who switches the cloud off means all of it; an application, which may not list agents, asks for configurations alone.
    return agents, options["sync_check"] == "required" or (agents and options["sync_check"] == "best_effort")


def verify_access(options: Options) -> Access | None:
    """Return the access to the tenant, None when nothing is asked of it."""
    return tenant_access(options) if any(cloud_lookups(options)) or options["registration_check"] else None


def cloud_directory(options: Options, access: Access | None) -> CloudDirectory | None:
    """Return whom to ask for agents and sync configurations in the cloud, or None when nobody is to be asked."""
    agents, configurations = cloud_lookups(options)
    if access is None or not (agents or configurations):
        return None
    return CloudDirectory(access, with_agents=agents, with_configurations=configurations)


def agent_record(
    facts: HostFacts, expect: Expectation, directory: CloudDirectory | None, listing: Listing | None, wait: int
) -> Record | None:
    """Return the host's record in the cloud, looking again until it is active with its domains or the time is over."""
    if directory is None or listing is None or not directory.with_agents:
        return None
    certificate = current_certificate(facts)
    agent_id = certificate.agent_id if certificate else None
    deadline = time.monotonic() + wait
    while True:
        record = find_record(listing, agent_id, facts.host.fqdn)
        hopeless = (listing.problem and not listing.passing) or not facts.product.tenant_id
        if is_awaited(record, agent_id, expect) or hopeless or time.monotonic() >= deadline:
            return record
        time.sleep(_POLL_SECONDS)
        listing = directory.listing(not_older_than=time.time() - _POLL_SECONDS)


def is_awaited(record: Record, agent_id: str | None, expect: Expectation) -> bool:
    """Whether a record is what a fresh agent waits for: its own and not an older one of the machine, active, with the domains."""
    own = record["matched_by"] == "agent_id" or agent_id is None
    served = record["domains"] is None or {name.lower() for name in expect.domains} <= set(record["domains"])
    return bool(record["status"] == "confirmed" and own and served)
