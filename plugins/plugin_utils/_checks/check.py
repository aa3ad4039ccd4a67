# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a check declares itself, and what it is given to judge by.

A check is a function with @check above it: its name, what it is about, when there is anything to judge, what a failure means, and the facts
of docs/product-facts.md that it rests on. Nothing else of the collection names it: `make docs` writes docs/checks.md and the list in
agent_verify's documentation from the declarations, with each condition in the words of its docstring.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t

from .._agent.account import current_account
from .._agent.certificate import RENEWAL_DAYS, CurrentCertificate, current_certificate
from .._agent.facts import AGENT_SERVICE, Directory, HostFacts, Platform, Service
from .._agent.installation import is_complete
from .._agent.settings import Settings
from .._cloud.records import Record

Subject = t.Literal["agent", "host", "cloud"]


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What must hold. None or an empty tuple: anything goes.

    Attributes:
        version: the oldest version that will do.
        tenant_id: the tenant the agent must be registered to.
        domains: Active Directory domains (DNS names) that the agent must serve.
        service_account: the account the agent's service must log on with (DOMAIN\\name$).
        certificate_renewal_days: fail when the certificate ends sooner; the registration brings a new one.
        minimum_certificate_days: warn when the certificate ends sooner; the agent should have renewed it by then.
        settings: what wanted_settings made of the settings that the agent must have; empty for any.
        issuers: texts, one of which the issuer of an endpoint's certificate must contain; none to leave it unjudged.
        government: whether the tenant lives in a cloud of the US Government.
        cloud_required: whether an unknown record in the cloud is a failure.
        sync_required: whether an unknown synchronisation is a failure.
    """

    version: str | None = None
    tenant_id: str | None = None
    domains: tuple[str, ...] = ()
    service_account: str | None = None
    minimum_certificate_days: int = 30
    settings: Settings = dataclasses.field(default_factory=dict)
    certificate_renewal_days: int = RENEWAL_DAYS
    issuers: tuple[str, ...] = ()
    government: bool = False
    cloud_required: bool = False
    sync_required: bool = False


@dataclasses.dataclass(frozen=True)
class RegistrationSignIn:
    """Whether a sign-in may register: the user that it is of, or the problem with it."""

    user: str = ""
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class CloudAnswers:
    """What the tenant has answered; None for what it was not asked.

    Attributes:
        record: the agent's record as find_record returns it.
        states: its domains' synchronisation as synchronization() returns it.
        sign_in: whether the sign-in may register.
    """

    record: Record | None = None
    states: t.Sequence[Record] | None = None
    sign_in: RegistrationSignIn | None = None


@dataclasses.dataclass(frozen=True)
class Look:
    """All that a check may judge by."""

    facts: HostFacts
    expect: Expectation
    cloud: CloudAnswers

    @property
    def platform(self) -> Platform:
        """The host itself; checks of the host are asked only where it was read."""
        return self.facts.known_platform

    @property
    def directory(self) -> Directory:
        """The directory; for checks that need it readable."""
        return t.cast(Directory, self.platform.directory)

    @property
    def agent_service(self) -> Service:
        """The agent's service."""
        return self.facts.service(AGENT_SERVICE)

    @functools.cached_property
    def certificate(self) -> CurrentCertificate | None:
        """The agent's certificate."""
        return current_certificate(self.facts)

    @functools.cached_property
    def complete(self) -> bool:
        """Whether the agent is installed whole."""
        return is_complete(self.facts)

    @property
    def registered(self) -> bool:
        """Whether the host has a tenant."""
        return bool(self.facts.product.tenant_id)

    @property
    def account(self) -> str | None:
        """The managed account that the agent's service logs on with, None while it has none."""
        return current_account(self.facts)

    @functools.cached_property
    def working(self) -> bool:
        """Whether the agent is seen to work: registered, running under its account, and connected or listed as active by its own id."""
        if self.facts.platform is None or not self.complete or not self.registered or not self.account:
            return False
        record = self.cloud.record
        own = record is not None and record["matched_by"] == "agent_id" and not record["other_machine"]
        listed = record is not None and own and record["status"] == "confirmed"
        return self.agent_service.state == "running" and (bool(self.facts.connections) or listed)


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check has found.

    Attributes:
        status: pass, warn, fail or unknown.
        expected: what must be.
        actual: what is.
        remedy: what to do, '' for nothing.
        repaired_by: the role's phases that repair a failure.
        about: which of several things it is about, such as a domain; '' where there is one.
    """

    status: str
    expected: str
    actual: str
    remedy: str = ""
    repaired_by: tuple[str, ...] = ()
    about: str = ""


@dataclasses.dataclass(frozen=True)
class Check:
    """One verdict: a finding under its check's name."""

    name: str
    status: str
    expected: str
    actual: str
    remedy: str = ""
    repaired_by: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """Return the check as the module returns it."""
        return {**dataclasses.asdict(self), "repaired_by": list(self.repaired_by)}


class Proof(enum.Enum):
    """What it says against a failure that the agent is seen to work."""

    #: Nothing: it breaks at the next change of its account's password, or as soon as it synchronises.
    NONE = "none"
    #: The failure counts at the next installation or registration only.
    DOES_WITHOUT = "does without"
    #: The failure is not true of this agent: it has its account, logs on, and gets through to Microsoft.
    DISPROVES = "disproves"


Found = Finding | t.Sequence[Finding]
Predicate = t.Callable[[Look], bool]


def always(_look: Look) -> bool:
    """Always."""
    return True


def never(_look: Look) -> bool:
    """Never."""
    return False


def complete(look: Look) -> bool:
    """The agent is installed whole."""
    return look.complete


def registered(look: Look) -> bool:
    """The agent is registered."""
    return look.registered


def in_service(look: Look) -> bool:
    """The agent is installed whole and registered."""
    return look.complete and look.registered


@dataclasses.dataclass(frozen=True)
class Declaration:
    """A check that is declared; its attributes are the arguments of @check."""

    name: str
    title: str
    of: Subject
    facts: tuple[str, ...]
    judge: t.Callable[[Look], Found]
    needs: Predicate
    blocks: Predicate
    proof: t.Callable[[Look], Proof]
    each: str

    @property
    def label(self) -> str:
        """The name for the documentation, such as "synchronization DOMAIN"."""
        return f"{self.name} {self.each}" if self.each else self.name

    def findings(self, look: Look) -> list[Finding]:
        """Return what the check finds; nothing where there is nothing to judge."""
        if (self.of == "host" and look.facts.platform is None) or not self.needs(look):
            return []
        found = self.judge(look)
        return [found] if isinstance(found, Finding) else list(found)

    def is_blocking(self, look: Look) -> bool:
        """Whether a failure makes an installation or a registration pointless."""
        return self.blocks(look) and not (look.working and self.proof(look) is Proof.DISPROVES)

    def counted(self, finding: Finding, look: Look) -> Check:
        """Return a finding as it counts: what a working agent does without is a warning."""
        name = f"{self.name} {finding.about}" if finding.about else self.name
        if finding.status == "fail" and look.working and self.proof(look) is not Proof.NONE:
            finding = dataclasses.replace(finding, status="warn", actual=f"{finding.actual} (the agent works)")
        return Check(name, finding.status, finding.expected, finding.actual, finding.remedy, finding.repaired_by)


#: The checks by name, as their files declare them.
CHECKS: dict[str, Declaration] = {}

Judge = t.TypeVar("Judge", bound=t.Callable[[Look], Found])


def check(
    name: str,
    title: str,
    *,
    of: Subject,
    facts: tuple[str, ...],
    needs: Predicate = always,
    blocks: Predicate | bool = False,
    proof: t.Callable[[Look], Proof] | Proof = Proof.NONE,
    each: str = "",
) -> t.Callable[[Judge], Judge]:
    """Declare the function below as a check.

    Args:
        name: its name in results.
        title: what it looks at, for the documentation.
        of: what it is about; checks of the host are asked only where the host itself was read.
        facts: the numbers of what it rests on in docs/product-facts.md; none where it is the collection's own.
        needs: whether there is anything to judge.
        blocks: whether its failure makes an installation or a registration pointless.
        proof: what it says against its failure that the agent is seen to work.
        each: what it is made for each of, such as DOMAIN; that stands behind its name.
    """
    blocking = (always if blocks else never) if isinstance(blocks, bool) else blocks
    proven = (lambda _: proof) if isinstance(proof, Proof) else proof

    def declare(judge: Judge) -> Judge:
        CHECKS[name] = Declaration(name, title, of, facts, judge, needs, blocking, proven, each)
        return judge

    return declare
