# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides what is to be done to register an agent (domains, service account, or a restart alone), and judges how it has ended.

Pure: facts and wishes in, plans and verdicts out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import RegistrationError
from .._core.results import as_result
from .._core.verdict import Verdict
from .._troubleshooting.entries import Symptom
from .._troubleshooting.registration import REGISTRATION
from .account import same_account
from .answers import RegisterAnswer
from .certificate import CurrentCertificate, current_certificate, is_in_account_store
from .facts import AGENT_SERVICE, AgentFacts, HostFacts
from .plan import Plan
from .registration_errors import failed_steps

Options = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class RegistrationPlan(Plan):
    """What one registration does.

    Attributes:
        domains: the domain options to hand to the module.
        set_account: whether the service account is set.
        skip_known: whether the module's own list is asked first and its domains are left alone.
        restart: whether the service is restarted even if nothing is registered.
    """

    domains: tuple[Options, ...]
    set_account: bool
    skip_known: bool
    restart: bool

    @property
    def signs_in(self) -> bool:
        """Whether the agent's module is needed, and with it a token."""
        return bool(self.domains) or self.set_account


def plan_registration(facts: HostFacts, options: Options) -> RegistrationPlan:
    """Compare the host with what is wanted.

    Args:
        facts: what the payload facts.ps1 read, with the domains of the agent's module when it can list them.
        options: tenant_id, domains, gmsa, force and certificate_renewal_days of agent_register.

    Raises:
        RegistrationError: the agent belongs to another tenant and 'force' is not set.
    """
    afresh = _reasons_to_register(facts, options)
    known = facts.domains
    missing = [domain for domain in options["domains"] if known is None or domain["name"].lower() not in _lower(known)]
    account = _reason_for_account(facts, options["gmsa"])
    restart = _reasons_to_restart(facts)
    reasons = [*afresh, *account, *restart]
    if missing and not afresh:
        names = ", ".join(domain["name"] for domain in missing)
        reasons.append(f"not known to be served: {names}" if known is None else f"domain not served: {names}")
    domains = options["domains"] if afresh else missing
    return RegistrationPlan(tuple(reasons), tuple(domains), bool(account), skip_known=known is None and not afresh, restart=bool(restart))


def _reasons_to_register(facts: AgentFacts, options: Options) -> list[str]:
    tenant_id = facts.product.tenant_id
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
        "the certificate has no private key": certificate is not None and not certificate.has_private_key,
    }
    return [reason for reason, holds in checks.items() if holds]


def _certificate_is_over(certificate: CurrentCertificate | None, renewal_days: int) -> dict[str, bool]:
    """An agent renews its certificate by itself long before the end; one that is near it has failed to."""
    days = certificate.days_left if certificate else renewal_days
    return {"the certificate has ended": days < 0, f"the certificate ends in {days} days": 0 <= days < renewal_days}


def _reasons_to_restart(facts: AgentFacts) -> list[str]:
    state = facts.service(AGENT_SERVICE).state
    checks = {
        "an earlier registration was cut off": facts.registration_pending,
        f"the service is {state}": state != "running",
    }
    return [reason for reason, holds in checks.items() if holds]


def _reason_for_account(facts: AgentFacts, gmsa: Options | None) -> list[str]:
    account = facts.service(AGENT_SERVICE).account or "none"
    wanted = (gmsa or {}).get("name")
    # A group managed service account ends in "$"; the virtual account of a fresh installation does not.
    if not account.endswith("$"):
        return [f"the service logs on as {account}"]
    if wanted and not same_account(account, wanted):
        return [f"the service logs on as {account}, not as {wanted}"]
    return []


def _lower(names: t.Iterable[str]) -> set[str]:
    return {str(name).lower() for name in names}


def described_registration(facts: AgentFacts, domains: t.Sequence[str] | None) -> dict[str, t.Any]:
    """Return what a host says about its registration, as agent_register returns it.

    Args:
        facts: the host.
        domains: the domains that the agent's module lists, None when it cannot list them.
    """
    certificate = current_certificate(facts)
    return {
        "agent_id": certificate.agent_id if certificate else None,
        "certificate": as_result(certificate) if certificate else None,
        "domains": None if domains is None else list(domains),
        "gmsa": facts.service(AGENT_SERVICE).account,
        "tenant_id": facts.product.tenant_id,
    }


def registration_mark(facts: AgentFacts) -> tuple[t.Any, ...]:
    """Return what a registration changes on the host: tenant, certificates, service account."""
    thumbprints = sorted(certificate.thumbprint for certificate in facts.certificates)
    return facts.product.tenant_id, thumbprints, [service.account for service in facts.services]


def session_request(options: Options, plan: RegistrationPlan, token: str, upn: str) -> dict[str, t.Any]:
    """Return what sessions/register.ps1 takes."""
    return {
        "tenant_id": options["tenant_id"],
        "upn": upn,
        "access_token": token,
        "gmsa": account_request(options) if plan.set_account else None,
        "domains": list(plan.domains),
        "skip_known": plan.skip_known,
    }


def account_request(options: Options) -> dict[str, t.Any]:
    """Return what sessions/register.ps1 takes as gmsa: a custom account's name, or the credential that makes the default one."""
    gmsa = options["gmsa"] or {}
    if gmsa.get("name"):
        return {"name": gmsa["name"]}
    creator = gmsa if gmsa.get("username") else options["domains"][0]
    return {"name": "", "username": creator["username"], "password": creator["password"]}


def judge_registration(answer: RegisterAnswer, renewal_days: int, host: str) -> Verdict:
    """Return how a registration has ended.

    Args:
        answer: what the payload register.ps1 has answered.
        renewal_days: a certificate that ends sooner should have been renewed.
        host: the host's name, for the sentences.
    """
    found = described_registration(answer.facts, answer.domains)
    found["steps"] = [as_result(step) for step in answer.steps]
    found["proxy"] = as_result(answer.proxy) if answer.proxy else None
    return Verdict(found, _unanswered(answer, host) or _failed(answer, host) or _unregistered(answer.facts, renewal_days, host))


def _unanswered(answer: RegisterAnswer, host: str) -> str:
    if answer.busy:
        return f"Another task is installing, registering or removing the agent on {host}: run it again after that."
    if not answer.error:
        return ""
    # Where nothing is known of the error, no remedy stands behind it.
    known = REGISTRATION.find(Symptom(answer.error))
    reason = f"{answer.error.strip().rstrip('.')}; {known.remedy}." if known else answer.error
    return f"The agent's PowerShell module could not be used on {host}: {reason}"


def _failed(answer: RegisterAnswer, host: str) -> str:
    problems = failed_steps(answer.steps)
    if answer.service_error:
        problems = f"{problems} The agent's service does not start: {answer.service_error}".strip()
    return f"The registration failed on {host}. {problems} What is done already is left alone by the next run." if problems else ""


def _unregistered(facts: AgentFacts, renewal_days: int, host: str) -> str:
    certificate = current_certificate(facts)
    if not facts.product.tenant_id or not (certificate or is_in_account_store(facts)):
        return f"The module's commands ended well, but {host} has no registration: read the agent's trace log below ProgramData."
    if certificate and certificate.days_left < renewal_days:
        return (
            f"The module's commands ended well, but the agent's certificate on {host} still ends on {certificate.not_after}: "
            "upgrade the agent, or remove and install it, then register it again."
        )
    return ""
