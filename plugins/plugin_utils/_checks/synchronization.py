# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of each domain's synchronisation, and what to do about a quarantine.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.records import Record
from .._cloud.synchronization import is_given_up, quarantined_job
from .check import Finding, Look, check, in_service

_PORTAL = "in the Entra admin center (Entra Connect > Cloud sync)"
_RESTART = f"then clear the quarantine {_PORTAL}, or wait for the next attempt"
_NOTHING = "until then nothing of the domain is synchronised"

#: What to do about the errors of Microsoft's list ("Microsoft Entra Cloud Sync error codes and descriptions"); the first that fits counts.
_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (
            "client side timeout limit",
            "the domain controllers answer too slowly: index the attributes that the configuration filters by, or raise the setting "
            "'ldap_connection_timeout'",
        ),
        (
            "HybridIdentityServiceNoActiveAgents",
            "start the service AADConnectProvisioningAgent on a host of the domain, and open the host's way to *.servicebus.windows.net",
        ),
        ("HybridIdentityServiceNoAgentsAssigned", "register an agent with this domain"),
        (
            "HybridIdentityService(Agent)?Timeout|ConnectorTimeout|GatewayTimeout|ServiceBusClientWebSocket",
            "check the host's way to *.servicebus.windows.net (proxy, TLS inspection, firewall); where it is open, move the agent to a new "
            "host",
        ),
        # The role's registration would find the domain served and do nothing: that takes 'force'.
        ("HybridIdentityServiceInvalidResource", "register the agent again with this domain (agent_register with 'force: true')"),
        (
            "HybridIdentityServiceAgentSignalingError",
            "restart the service AADConnectProvisioningAgent, and check the host's way to *.servicebus.windows.net",
        ),
        (
            "HybridSynchronizationActiveDirectoryInternalServerError",
            "check the rights of the agent's service account in the domain and the errors in its trace log",
        ),
        (
            # Two agents that are registered at the same time leave this behind as well.
            "AzureActiveDirectory(InvalidCredential|ExpiredCredentials)",
            "repair the tenant's account ADToAADSyncServiceAccount and exclude the role Directory Synchronization Accounts from "
            "Conditional Access; if two agents were registered at the same time, remove one and register it again by itself",
        ),
        (
            "AzureDirectoryServiceAuthorizationFailed",
            "make the tenant's service principal 'Microsoft Entra AD Synchronization Service' again, and wait for up to 24 hours",
        ),
        ("AzureDirectoryServiceServerBusy", "wait: Microsoft's service is busy; call its support after 24 hours"),
        (r"\bTimeOut\b", "wait for the next attempt; if it fails too, check that domain controllers and agent answer within ten minutes"),
        ("UnexpectedDuplicateEntriesFound", "remove the duplicate objects from Active Directory"),
    )
)
_ESCROW = "too many objects failed: mend the failures that the provisioning logs name"
#: What to do where the error does not tell, by the reason of the quarantine.
_REASONS = {
    "encounteredbaseescrowthreshold": _ESCROW,
    "encounteredtotalescrowthreshold": _ESCROW,
    "encounteredescrowproportionthreshold": _ESCROW,
    "encounteredquarantineexception": "mend the error that the configuration's status shows",
    "quarantinedondemand": "ask who put the job into quarantine by hand, and why",
    "toomanydeletes": "look at the rows StagedDelete in the provisioning logs; allow the deletions, or put the scope right",
    "ingestioninterrupted": "check that the agent is active and reaches its domain controllers",
}


@check(
    "synchronization",
    "whether a domain has a sync configuration that is active, or in quarantine",
    of="cloud",
    needs=in_service,
    each="DOMAIN",
)
def _synchronization(look: Look) -> list[Finding]:
    return [_judged(state, look.expect.sync_required) for state in look.cloud.states or ()]


def _judged(state: Record, required: bool) -> Finding:
    about = state["domain"] or ""
    status, actual = state["status"], f"{state['status']}: {state['reason']}" if state["reason"] else state["status"]
    if status == "active":
        return Finding("pass", "active", actual, about=about)
    if status == "none":
        return Finding("warn", "active", actual, f"make a configuration for it {_PORTAL} and enable it; {_NOTHING}", about=about)
    if status == "disabled":
        return Finding("warn", "active", actual, f"enable its configuration {_PORTAL}; {_NOTHING}", about=about)
    if status == "unknown":
        remedy = "give a sign-in that may read synchronization jobs in Graph, or set 'sync_check: off'"
        return Finding("fail" if required else "unknown", "active", actual, remedy, about=about)
    return _quarantine(actual, state)


def _quarantine(actual: str, state: Record) -> Finding:
    job, about = t.cast(Record, quarantined_job(state["jobs"])), state["domain"] or ""
    remedy = _remedy(job["quarantine"])
    if is_given_up(job):
        ended = f"{actual}; disabled, as Microsoft does after four weeks in quarantine"
        return Finding("fail", "active", ended, f"{remedy}, then enable the configuration again {_PORTAL}", about=about)
    following = f"{actual}; next attempt {state['next_attempt'] or 'not told'}"
    return Finding("fail", "active", following, f"{remedy}, {_RESTART}", about=about)


def _remedy(quarantine: Record) -> str:
    error = quarantine["error"] or {}
    text = f"{error.get('code')}: {error.get('message')}"
    told = next((remedy for pattern, remedy in _ERRORS if pattern.search(text)), None)
    unknown = "read the provisioning logs for the error"
    return told or _REASONS.get(str(quarantine["reason"]).lower(), unknown)
