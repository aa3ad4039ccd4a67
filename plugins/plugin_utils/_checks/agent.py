# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what a host says about an agent: one check for each thing that must hold. What the cloud says: cloud.py.

Pure: facts in (from the payload facts.ps1), checks out, so every verdict can be tested from a table.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.account import same_account
from .._agent.certificate import current_certificate, is_in_account_store
from .._agent.installation import (
    AGENT_SERVICE,
    UPDATER_SERVICE,
    is_complete,
    is_there,
    missing_parts,
)
from .._agent.settings import (
    Settings,
    settings_in_force,
    settings_predicted,
    settings_to_change,
)
from .._core.version import is_older

Facts = t.Mapping[str, t.Any]

#: The role's phases in the order they run.
PHASES = ("download", "install", "register")
_PACKAGE = ("download", "install")
_INSTALL = ("install",)
_REGISTER = ("register",)


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What must hold. None or an empty tuple: anything goes.

    Attributes:
        version: the oldest version that will do.
        tenant_id: the tenant the agent must be registered to.
        domains: Active Directory domains (DNS names) that the agent must serve.
        service_account: the account the agent's service must log on with (DOMAIN\\name$).
        certificate_renewal_days: fail when the certificate ends sooner; the registration brings a new one.
        settings: what wanted_settings made of the settings that the agent must have; empty for any.
        minimum_certificate_days: warn when the certificate ends sooner; the agent should have renewed it by then.
    """

    version: str | None = None
    tenant_id: str | None = None
    domains: tuple[str, ...] = ()
    service_account: str | None = None
    minimum_certificate_days: int = 30
    settings: Settings = dataclasses.field(default_factory=dict)
    certificate_renewal_days: int = 14


@dataclasses.dataclass(frozen=True)
class Check:
    """One verdict: status is pass, warn, fail or unknown; repaired_by names the role's phases that mend a failure."""

    name: str
    status: str
    expected: str
    actual: str
    remedy: str = ""
    repaired_by: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """Return the check as the module returns it."""
        return {**dataclasses.asdict(self), "repaired_by": list(self.repaired_by)}


def judge(facts: Facts, expect: Expectation, cloud: Facts | None) -> list[Check]:
    """Return the checks in the order a person would look at them.

    Args:
        facts: what the payload facts.ps1 read.
        expect: what must hold.
        cloud: the agent's record in the cloud, which knows its domains best; None when it was not asked for.
    """
    if not is_complete(facts):
        checks = [_installed(facts), _tenant(facts, expect)]
        # What a half-removed agent has left may look registered: its account and certificate tell.
        return checks + ([_service_account(facts, expect), _certificate(facts, expect, cloud)] if facts["product"]["tenant_id"] else [])
    checks = [_installed(facts), _version(facts, expect), _agent_service(facts), _updater_service(facts)]
    checks += [*_settings(facts, expect), _tenant(facts, expect), *_cut_off(facts)]
    if facts["product"]["tenant_id"]:
        checks += [_service_account(facts, expect), _certificate(facts, expect, cloud), _domains(facts, expect, cloud)]
    return checks


def drift(checks: t.Sequence[Check]) -> list[str]:
    """Return the phases that repair the failed checks, in the order they run."""
    wanted = {phase for check in checks if check.status == "fail" for phase in check.repaired_by}
    return [phase for phase in PHASES if phase in wanted]


def known_domains(facts: Facts, cloud: Facts | None) -> list[str] | None:
    """Return the domains the agent serves: as the cloud lists them, else as the agent's module does, else None (unknown)."""
    for source in (cloud or {}, facts):
        names = source.get("domains")
        if names is not None:
            return sorted({str(name).lower() for name in names})
    return None


def _service(facts: Facts, name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = next(one for one in facts["services"] if one["name"] == name)
    return found


def _installed(facts: Facts) -> Check:
    missing = missing_parts(facts)
    if not missing:
        return Check("installed", "pass", "installed", f"in {facts['product']['install_dir']}")
    actual = f"incomplete: no {', no '.join(missing)}" if is_there(facts) else "not installed"
    # A half-removed product does not heal by itself, and the registration goes with the service's identity.
    return Check("installed", "fail", "installed", actual, "install the agent", _PACKAGE)


def _version(facts: Facts, expect: Expectation) -> Check:
    actual = facts["product"]["version"]
    if expect.version and is_older(actual, expect.version):
        return Check("version", "fail", f"{expect.version} or newer", actual, "upgrade with a newer package", _PACKAGE)
    return Check("version", "pass", f"{expect.version} or newer" if expect.version else "any", actual)


def _settings(facts: Facts, expect: Expectation) -> list[Check]:
    """Judge the settings, where some are wanted."""
    if not expect.settings:
        return []
    differing, wanted = settings_to_change(facts, expect.settings), settings_predicted(facts, expect.settings)
    expected, actual = (", ".join(f"{name}={value}" for name, value in one.items()) for one in (wanted, settings_in_force(facts)))
    if not differing:
        return [Check("settings", "pass", expected, actual)]
    return [Check("settings", "fail", expected or "none", actual or "none", f"set {', '.join(differing)}", _INSTALL)]


def _agent_service(facts: Facts) -> Check:
    return _running(_service(facts, AGENT_SERVICE), "agent_service")


def _updater_service(facts: Facts) -> Check:
    service = _service(facts, UPDATER_SERVICE)
    if not service["present"]:
        # Seen on 1.1.2334: that package brought no updater.
        return Check("updater_service", "warn", "running, auto", "absent", "upgrade the agent by hand when a release is out")
    return _running(service, "updater_service")


def _running(service: Facts, name: str) -> Check:
    actual = f"{service['state']}, {service['start_type']}"
    good = service["state"] == "running" and service["start_type"] == "auto"
    if good:
        return Check(name, "pass", "running, auto", actual)
    return Check(name, "fail", "running, auto", actual, f"start the service {service['name']}", _INSTALL)


def _tenant(facts: Facts, expect: Expectation) -> Check:
    actual = facts["product"]["tenant_id"]
    expected = expect.tenant_id or "registered"
    if not actual:
        return Check("tenant", "fail", expected, "not registered", "register the agent", _REGISTER)
    if expect.tenant_id and actual.lower() != expect.tenant_id.lower():
        remedy = "check 'tenant_id'; to move the agent to this tenant, run the module agent_register with 'force: true'"
        return Check("tenant", "fail", expected, actual, remedy, _REGISTER)
    return Check("tenant", "pass", expected, actual)


def _cut_off(facts: Facts) -> list[Check]:
    """Judge a registration that was begun and not ended, where there is one: the agent may run without having taken it up."""
    if not facts["registration_pending"]:
        return []
    return [Check("registration", "fail", "complete", "cut off", "run the registration again, which restarts the agent", _REGISTER)]


def _service_account(facts: Facts, expect: Expectation) -> Check:
    service = _service(facts, AGENT_SERVICE)
    actual = service["account"] or "none"
    expected = expect.service_account or "a group managed service account"
    wanted = expect.service_account
    # Group managed service accounts end in "$"; before one is set the service runs as NT SERVICE\AADConnectProvisioningAgent.
    if (wanted and not same_account(actual, wanted)) or not actual.endswith("$"):
        return Check("service_account", "fail", expected, actual, "register the agent again to set its account", _REGISTER)
    if not service["managed_account"]:
        remedy = f"run 'sc.exe managedaccount {AGENT_SERVICE} true', else the log-on fails after a restart"
        return Check("service_account", "warn", expected, f"{actual}, not marked as managed", remedy)
    return Check("service_account", "pass", expected, actual)


def _certificate(facts: Facts, expect: Expectation, cloud: Facts | None) -> Check:
    certificate = current_certificate(facts)
    expected = f"valid for {expect.minimum_certificate_days} days"
    if is_in_account_store(facts):
        # Microsoft lists an agent as active only as long as it signs in with its certificate.
        works = cloud is not None and cloud["status"] == "confirmed"
        actual = "renewed by the agent, in its service account's own store"
        return Check("certificate", "pass" if works else "unknown", expected, actual, "see whether Microsoft lists the agent as active")
    if certificate is None:
        return Check("certificate", "fail", expected, "none", "register the agent again", _REGISTER)
    actual = f"valid until {certificate['not_after']}, {certificate['days_left']} days"
    if not certificate["has_private_key"]:
        return Check("certificate", "fail", expected, "without private key", "register the agent again", _REGISTER)
    if certificate["days_left"] < max(0, expect.certificate_renewal_days):
        return Check("certificate", "fail", expected, actual, "register the agent again", _REGISTER)
    if certificate["days_left"] < expect.minimum_certificate_days:
        remedy = "the agent should have renewed it: upgrade the agent, and check the access of its account to its folder"
        return Check("certificate", "warn", expected, actual, remedy)
    return Check("certificate", "pass", expected, actual)


def _domains(facts: Facts, expect: Expectation, cloud: Facts | None) -> Check:
    known = known_domains(facts, cloud)
    expected = ", ".join(expect.domains) or "any"
    if known is None:
        reason = facts.get("domains_error") or "neither the cloud nor the agent's module told them"
        remedy = "give a sign-in that may read agents in Graph"
        return Check("domains", "unknown" if expect.domains else "pass", expected, f"unknown: {reason}", remedy)
    missing = [name for name in expect.domains if name.lower() not in known]
    actual = ", ".join(known) or "none"
    if missing:
        return Check("domains", "fail", expected, actual, f"add the domain {', '.join(missing)}", _REGISTER)
    return Check("domains", "pass", expected, actual)
