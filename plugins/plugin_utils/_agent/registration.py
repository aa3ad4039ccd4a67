# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides what is to be done to register an agent: which domains, whether its service account is set, whether it is only restarted.

Pure: facts and wishes in, a plan out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import RegistrationError
from .account import same_account
from .certificate import current_certificate, is_in_account_store
from .installation import AGENT_SERVICE

Facts = t.Mapping[str, t.Any]
Options = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one registration does.

    Attributes:
        reasons: why anything is done, in words; empty when the agent is as wanted.
        domains: the domain options to hand to the module.
        set_account: whether the service account is set.
        skip_known: whether the module's own list is asked first and its domains are left alone.
        restart: whether the service is restarted even if nothing is registered.
    """

    reasons: tuple[str, ...]
    domains: tuple[Options, ...]
    set_account: bool
    skip_known: bool
    restart: bool

    @property
    def signs_in(self) -> bool:
        """Whether the agent's module is needed, and with it a token."""
        return bool(self.domains) or self.set_account


def plan_registration(facts: Facts, options: Options) -> Plan:
    """Compare the host with what is wanted.

    Args:
        facts: what the payload facts.ps1 read, with the domains of the agent's module when it can tell them.
        options: tenant_id, domains, gmsa, force and certificate_renewal_days of agent_register.

    Raises:
        RegistrationError: the agent belongs to another tenant and 'force' is not set.
    """
    afresh = _reasons_to_register(facts, options)
    known = facts["domains"]
    missing = [one for one in options["domains"] if known is None or one["name"].lower() not in _lower(known)]
    account = _reason_for_account(facts, options["gmsa"])
    restart = _reasons_to_restart(facts)
    reasons = [*afresh, *account, *restart]
    if missing and not afresh:
        names = ", ".join(one["name"] for one in missing)
        reasons.append(f"not known to be served: {names}" if known is None else f"domain not served: {names}")
    domains = options["domains"] if afresh else missing
    return Plan(tuple(reasons), tuple(domains), bool(account), skip_known=known is None and not afresh, restart=bool(restart))


def _reasons_to_register(facts: Facts, options: Options) -> list[str]:
    tenant_id = facts["product"]["tenant_id"]
    if not tenant_id:
        return ["not registered"]
    if tenant_id.lower() != options["tenant_id"].lower() and not options["force"]:
        raise RegistrationError(
            f"The agent is registered to tenant {tenant_id}, not to {options['tenant_id']}: "
            "correct 'tenant_id', or set 'force: true' to move the agent."
        )
    certificate = current_certificate(facts)
    checks = {
        "'force' is set": options["force"],
        "the agent has no certificate": certificate is None and not is_in_account_store(facts),
        **_certificate_is_over(certificate, options["certificate_renewal_days"]),
        "the certificate has no private key": certificate is not None and not certificate["has_private_key"],
    }
    return [reason for reason, holds in checks.items() if holds]


def _certificate_is_over(certificate: Options | None, renewal_days: int) -> dict[str, bool]:
    """An agent renews its certificate by itself long before the end; one that is near it has failed to."""
    days = certificate["days_left"] if certificate else renewal_days
    return {"the certificate has ended": days < 0, f"the certificate ends in {days} days": 0 <= days < renewal_days}


def _reasons_to_restart(facts: Facts) -> list[str]:
    state = _agent_service(facts)["state"]
    checks = {
        "an earlier registration was cut off": facts["registration_pending"],
        f"the service is {state}": state != "running",
    }
    return [reason for reason, holds in checks.items() if holds]


def _agent_service(facts: Facts) -> Facts:
    return next(one for one in facts["services"] if one["name"] == AGENT_SERVICE)


def _reason_for_account(facts: Facts, gmsa: Options | None) -> list[str]:
    account = _agent_service(facts)["account"] or "none"
    wanted = (gmsa or {}).get("name")
    # A group managed service account ends in "$"; the virtual account of a fresh installation does not.
    if not account.endswith("$"):
        return [f"the service logs on as {account}"]
    if wanted and not same_account(account, wanted):
        return [f"the service logs on as {account}, not as {wanted}"]
    return []


def _lower(names: t.Iterable[str]) -> set[str]:
    return {str(name).lower() for name in names}
