# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of agent_verify as the role hands them on, made by the collection's own verdicts from a table of facts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CloudAnswers, Expectation
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.results import as_result
from host_facts import AGENT_ID, CONFIRMED, TENANT, empty_host, host

EXPECT = Expectation(version="1.1.2334.0", tenant_id=TENANT, domains=("contoso.lab",))


def verified(facts: HostFacts, cloud: dict[str, t.Any] | None = None, **extra: t.Any) -> dict[str, t.Any]:
    """Return the result of agent_verify for these facts."""
    # The reports of the tests are about the agent, not its host.
    assessment = assess(dataclasses.replace(facts, platform=None), EXPECT, CloudAnswers(cloud))
    failed = [check for check in assessment.checks if check.status == "fail"]
    return {
        "changed": False,
        "failed": False,
        "compliant": assessment.compliant,
        "checks": [check.as_dict() for check in assessment.checks],
        "drift": list(assessment.drift),
        "blockers": [],
        "agent": agent(facts, cloud),
        "msg": " ".join(f"{check.name}: {check.actual} instead of {check.expected}." for check in failed) or "The agent is as wanted.",
        **extra,
    }


def agent(facts: HostFacts, cloud: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """Return the part "agent" of a result."""
    registered = facts.product.tenant_id is not None
    active = {"domain": "contoso.lab", "status": "active", "reason": "", "next_attempt": None, "jobs": []}
    return {
        "host": facts.host.name,
        "fqdn": facts.host.fqdn,
        "version": facts.product.version,
        "services": [as_result(service) for service in facts.services],
        "tenant_id": facts.product.tenant_id,
        "agent_id": AGENT_ID if registered else None,
        "domains": ["contoso.lab"] if registered else None,
        "certificate": {"thumbprint": "0C1F3A3C5B", "not_after": "2027-01-17T08:00:00Z", "days_left": 52} if registered else None,
        "cloud": cloud,
        "synchronization": [active] if cloud else None,
    }


def work(before: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    """Return what the role hands to the filter host_result."""
    phases: dict[str, t.Any] = {"download": {}, "install": {}, "register": {}}
    rest = {"after": {}, "failure": {}, "fail_on": "fail", "check_mode": False, "repairs": True}
    return {**WIN1, "before": before, "phases": phases, **rest, **changes}


WIN1 = {"host": "win1", "play": "play", "started": "2026-11-25T19:55:00.000000Z"}
HEALTHY = verified(host(), CONFIRMED)
EMPTY = verified(empty_host())
UNREACHABLE = {"unreachable": True, "changed": False, "msg": "connection refused"}
SKIPPED = {"skipped": True, "changed": False}
