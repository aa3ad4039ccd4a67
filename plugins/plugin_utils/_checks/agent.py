# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the agent itself: what is installed, how it is set, and to whom it is registered.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.account import same_account
from .._agent.certificate import is_in_account_store
from .._agent.facts import AGENT_SERVICE, UPDATER_SERVICE, HostFacts, Service
from .._agent.installation import has_agent_parts, missing_parts
from .._agent.settings import settings_in_force, settings_predicted, settings_to_change
from .._core.version import is_older
from .check import Finding, Look, check, complete, in_service, registered

#: The role's phases that repair a failure.
_PACKAGE = ("download", "install")
_INSTALL = ("install",)
_REGISTER = ("register",)
_BY_HAND = "upgrade the agent by hand when a release is out"


def known_domains(facts: HostFacts, record: t.Mapping[str, t.Any] | None) -> list[str] | None:
    """Return the domains the agent serves: as the cloud lists them, else as the agent's module does, else None (unknown).

    Args:
        facts: what the payload facts.ps1 read.
        record: the agent's record in the cloud, None when it was not asked for.
    """
    for names in ((record or {}).get("domains"), facts.domains):
        if names is not None:
            return sorted({str(name).lower() for name in names})
    return None


@check(
    "installed",
    "whether files, module, registry key, service and row under Programs and Features are there",
    of="agent",
    facts=("S12", "S15", "S17", "S27"),
)
def _installed(look: Look) -> Finding:
    missing = missing_parts(look.facts)
    if not missing:
        return Finding("pass", "installed", f"in {look.facts.product.install_dir}")
    actual = f"incomplete: no {', no '.join(missing)}" if has_agent_parts(look.facts) else "not installed"
    # A half-removed product does not heal by itself, and the registration goes with the service's identity.
    return Finding("fail", "installed", actual, "install the agent", _PACKAGE)


@check("version", "the version of what is installed", of="agent", facts=("D18",), needs=complete)
def _version(look: Look) -> Finding:
    actual, wanted = str(look.facts.product.version), look.expect.version
    if wanted and is_older(actual, wanted):
        return Finding("fail", f"{wanted} or newer", actual, "upgrade with a newer package", _PACKAGE)
    return Finding("pass", f"{wanted} or newer" if wanted else "any", actual)


@check("agent_service", "whether the agent's service runs, and starts with Windows", of="agent", facts=("S17",), needs=complete)
def _agent_service(look: Look) -> Finding:
    return _running(look.agent_service)


@check("updater_service", "the same of the updater's service", of="agent", facts=("S18", "S20"), needs=complete)
def _updater_service(look: Look) -> Finding:
    service = look.facts.service(UPDATER_SERVICE)
    if not service.present:
        # Seen on 1.1.2334: that package brought no updater.
        return Finding("warn", "running, auto", "absent", _BY_HAND)
    if service.may_rest:
        actual = f"{service.state}, {service.start_type}"
        return Finding("warn", "running, auto", actual, f"{_BY_HAND}, or let the service start with Windows")
    return _running(service)


def _running(service: Service) -> Finding:
    actual = f"{service.state}, {service.start_type}"
    if service.runs:
        return Finding("pass", "running, auto", actual)
    return Finding("fail", "running, auto", actual, f"start the service {service.name}", _INSTALL)


def _settings_wanted(look: Look) -> bool:
    """The agent is installed whole and settings are asked for."""
    return look.complete and bool(look.expect.settings)


@check("settings", "the agent's settings, where some are asked for", of="agent", facts=("S23", "S38", "S39"), needs=_settings_wanted)
def _settings(look: Look) -> Finding:
    facts, asked = look.facts, look.expect.settings
    differing, wanted = settings_to_change(facts, asked), settings_predicted(facts, asked)
    expected, actual = (", ".join(f"{name}={value}" for name, value in settings.items()) for settings in (wanted, settings_in_force(facts)))
    if not differing:
        return Finding("pass", expected, actual)
    return Finding("fail", expected or "none", actual or "none", f"set {', '.join(differing)}", _INSTALL)


@check("tenant", "the tenant that the agent is registered to", of="agent", facts=("S22", "S24"))
def _tenant(look: Look) -> Finding:
    actual, wanted = look.facts.product.tenant_id, look.expect.tenant_id
    expected = wanted or "registered"
    if not actual:
        return Finding("fail", expected, "not registered", "register the agent", _REGISTER)
    if wanted and actual.lower() != wanted.lower():
        remedy = "check 'tenant_id'; to move the agent to this tenant, run the module agent_register with 'force: true'"
        return Finding("fail", expected, actual, remedy, _REGISTER)
    return Finding("pass", expected, actual)


def _is_cut_off(look: Look) -> bool:
    """A registration was begun and not ended."""
    return look.complete and look.facts.registration_pending


# The agent may run without having taken it up.
@check("registration", "a registration that was begun and not ended", of="agent", facts=("C3",), needs=_is_cut_off)
def _registration(_look: Look) -> Finding:
    return Finding("fail", "complete", "cut off", "run the registration again, which restarts the agent", _REGISTER)


# What a half-removed agent has left may look registered: its account and certificate show it.
@check("service_account", "the account that the agent's service logs on with", of="agent", facts=("S21", "C25"), needs=registered)
def _service_account(look: Look) -> Finding:
    service, wanted = look.agent_service, look.expect.service_account
    actual, expected = service.account or "none", wanted or "a group managed service account"
    # Group managed service accounts end in "$"; before one is set the service runs as NT SERVICE\AADConnectProvisioningAgent.
    if (wanted and not same_account(actual, wanted)) or not actual.endswith("$"):
        return Finding("fail", expected, actual, "register the agent again to set its account", _REGISTER)
    if not service.managed_account:
        remedy = f"run 'sc.exe managedaccount {AGENT_SERVICE} true', else the log-on fails after a restart"
        return Finding("warn", expected, f"{actual}, not marked as managed", remedy)
    return Finding("pass", expected, actual)


@check("certificate", "the certificate that the agent signs in to Microsoft with", of="agent", facts=("S33", "S34"), needs=registered)
def _certificate(look: Look) -> Finding:
    certificate = look.certificate
    expected = f"valid for {look.expect.minimum_certificate_days} days"
    if is_in_account_store(look.facts):
        # Without the certificate its agent is only known by the host's name, and an agent of that name may be another machine's.
        actual = "renewed by the agent, in its service account's own store"
        return Finding("unknown", expected, actual, "see whether Microsoft lists the agent as active")
    if certificate is None:
        return Finding("fail", expected, "none", "register the agent again", _REGISTER)
    actual = f"valid until {certificate.not_after}, {certificate.days_left} days"
    if not certificate.has_private_key:
        return Finding("fail", expected, "without private key", "register the agent again", _REGISTER)
    if certificate.days_left < max(0, look.expect.certificate_renewal_days):
        return Finding("fail", expected, actual, "register the agent again", _REGISTER)
    if certificate.days_left < look.expect.minimum_certificate_days:
        remedy = "the agent should have renewed it: upgrade the agent, and check the access of its account to its folder"
        return Finding("warn", expected, actual, remedy)
    return Finding("pass", expected, actual)


@check("domains", "the domains that the agent serves", of="agent", facts=("V14",), needs=in_service)
def _domains(look: Look) -> Finding:
    known, wanted = known_domains(look.facts, look.cloud.record), look.expect.domains
    expected = ", ".join(wanted) or "any"
    if known is None:
        reason = look.facts.domains_error or "neither the cloud nor the agent's module listed them"
        remedy = "give a sign-in that may read agents in Graph"
        return Finding("unknown" if wanted else "pass", expected, f"unknown: {reason}", remedy)
    missing = [name for name in wanted if name.lower() not in known]
    actual = ", ".join(known) or "none"
    if missing:
        return Finding("fail", expected, actual, f"add the domain {', '.join(missing)}", _REGISTER)
    return Finding("pass", expected, actual)
