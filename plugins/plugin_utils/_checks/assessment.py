# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only judge of a host: facts, what must hold and the cloud's answers in, checks, blockers and drift out. Pure.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.facts import HostFacts
from . import agent, cloud, directory, network, platform, sign_in, synchronization
from .check import CHECKS, Check, CloudAnswers, Declaration, Expectation, Look

#: The files of checks, in the order in which a person would look at them; importing one declares its checks.
_FILES = [module.__name__ for module in (agent, platform, directory, network, cloud, synchronization, sign_in)]

#: The role's phases in the order they run.
PHASES = ("download", "install", "register")

#: Which verdicts fail a host, by the option fail_on.
_FAILING: dict[str, frozenset[str]] = {"fail": frozenset(("fail",)), "warn": frozenset(("fail", "warn")), "never": frozenset()}


@dataclasses.dataclass(frozen=True)
class Assessment:
    """The verdict on a host.

    Attributes:
        checks: in the order in which a person would look at them.
        blockers: the names of the failed checks that make an installation or a registration pointless.
        drift: the phases that repair what fails, in the order they run.
        compliant: whether no check fails.
    """

    checks: tuple[Check, ...]
    blockers: tuple[str, ...]
    drift: tuple[str, ...]
    compliant: bool


def declared_checks() -> list[Declaration]:
    """Return all checks, in the order in which a person would look at them."""
    return sorted(CHECKS.values(), key=lambda declared: _FILES.index(declared.judge.__module__))


def assess(facts: HostFacts, expect: Expectation, answers: CloudAnswers) -> Assessment:
    """Judge a host.

    Args:
        facts: what the payload facts.ps1 read.
        expect: what must hold.
        answers: what the tenant has answered.
    """
    look = Look(facts, expect, answers)
    found = [(declared, finding) for declared in declared_checks() for finding in declared.findings(look)]
    checks = tuple(declared.counted(finding, look) for declared, finding in found)
    return Assessment(
        checks,
        blockers=tuple(declared.name for declared, finding in found if finding.status == "fail" and declared.is_blocking(look)),
        drift=_drift(checks),
        compliant=not any(check.status == "fail" for check in checks),
    )


def _drift(checks: t.Iterable[Check]) -> tuple[str, ...]:
    wanted = {phase for check in checks if check.status == "fail" for phase in check.repaired_by}
    return tuple(phase for phase in PHASES if phase in wanted)


def fails(statuses: t.Iterable[str], fail_on: str) -> bool:
    """Whether a host with checks of these statuses is failed, by the option fail_on (fail, warn, never)."""
    return bool(_FAILING[fail_on] & set(statuses))


def sentence(check: Check) -> str:
    """Say what a check has found and what to do."""
    return f"{check.name} {check.status}: {_finding(check)}"


def obstacle(check: Check) -> str:
    """Say why the agent cannot work on a host, of a check that is one of the blockers."""
    return f"{check.name}: {_finding(check)}"


def _finding(check: Check) -> str:
    return f"{check.actual} instead of {check.expected}; {check.remedy}."
