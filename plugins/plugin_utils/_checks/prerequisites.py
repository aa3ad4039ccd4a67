# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must have before an agent is worth installing or registering, from Microsoft's prerequisites article and support cases.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.installation import AGENT_SERVICE, is_complete
from .agent import Check
from .directory import (
    current_account,
    directory_checks,
    encryption_problem,
    key_problem,
    rights_problem,
)
from .network import network_checks
from .platform import lacks_server_2025_update, platform_checks

Facts = t.Mapping[str, t.Any]

#: Checks without which every installation or registration is in vain.
_BLOCKING = frozenset(
    ("clock", "credential_manager", "disk", "domain_member", "dotnet", "endpoints", "execution_policy", "sign_in", "tls", "windows"),
)
#: Failures that a working agent disproves: it has its account, logs on, and gets through to Microsoft.
_DISPROVED = frozenset(("account_container", "clock", "endpoints", "kds_root_key", "log_on_right", "schema", "tls"))
#: What setup and registration ask for. A working agent does without, until one of them is to run again.
_FOR_CHANGES = frozenset(("credential_manager", "disk", "dotnet", "execution_policy", "windows"))


def prerequisite_checks(facts: Facts, issuers: t.Sequence[str], *, government: bool = False) -> list[Check]:
    """Return a check for each prerequisite; none where the host itself was not read.

    Args:
        facts: what the payload facts.ps1 read.
        issuers: texts, one of which the issuer of an endpoint's certificate must contain.
        government: whether the tenant lives in a cloud of the US Government.
    """
    if facts["platform"] is None:
        return []
    return [*platform_checks(facts, government), *directory_checks(facts), *network_checks(facts, issuers)]


def works(facts: Facts, record: Facts | None) -> bool:
    """Whether the agent is seen to work: registered, running under its account, and connected or listed as active.

    Args:
        facts: what the payload facts.ps1 read.
        record: the agent's record in the cloud, None when it was not asked for.
    """
    if facts["platform"] is None or not is_complete(facts) or not facts["product"]["tenant_id"] or not current_account(facts):
        return False
    runs = any(one["name"] == AGENT_SERVICE and one["state"] == "running" for one in facts["services"])
    return runs and bool(facts["connections"] or (record and record["status"] == "confirmed"))


def tolerated(checks: t.Sequence[Check], facts: Facts) -> list[Check]:
    """Return the prerequisites' checks as they count for an agent that works: what it does without is a warning.

    What breaks it at the next change of its account's password, or as soon as it synchronises, stays a failure.
    """
    names = _DISPROVED | _FOR_CHANGES
    if lacks_server_2025_update(facts):
        names -= {"windows"}
    lenient = [check.status == "fail" and check.name in names for check in checks]
    return [
        dataclasses.replace(check, status="warn", actual=f"{check.actual} (the agent works)") if is_lenient else check
        for check, is_lenient in zip(checks, lenient, strict=True)
    ]


def blockers(checks: t.Sequence[Check], facts: Facts, account: str | None, *, working: bool = False) -> list[str]:
    """Return the names of the failed checks that make an installation or a registration pointless.

    Args:
        checks: what prerequisite_checks returned, and the check of the sign-in.
        facts: what they were made of.
        account: the service account that the agent must have, None for its default one.
        working: whether the agent is seen to work, which disproves some of them.
    """
    blocking = set(_BLOCKING)
    if not is_complete(facts):
        blocking.add("log_on_right")  # setup rolls back when its service does not start
    if account:
        blocking |= {"kerberos_encryption", "service_account_retrieval"}
    elif not current_account(facts):
        blocking |= {"account_container", "kds_root_key", "schema"}  # the default account is still to be made
    if working:
        blocking -= _DISPROVED
    return [check.name for check in checks if check.status == "fail" and check.name in blocking]


def account_problems(facts: Facts, account: str | None) -> list[str]:
    """Return in sentences why setting the service account will fail; none where it should work, or the host cannot tell.

    Args:
        facts: what the payload facts.ps1 read, with its part "platform" for this account.
        account: the account that is to be set, None for the default one, which is made on the way.
    """
    if facts["platform"] is None:
        return []
    right = rights_problem(facts, account)
    problems = _custom_account(facts, account) if account else _default_account(facts)
    if right:
        # The account would be given the right and lose it again: a group policy that leaves these services out defines all holders.
        problems.append(f"{right}: add both in the group policy that defines the right.")
    return [f"{one[0].upper()}{one[1:]}" for one in problems]


def _default_account(facts: Facts) -> list[str]:
    directory, problem = facts["platform"]["directory"], key_problem(facts)
    problems = [f"{problem}: run Add-KdsRootKey if there is no key, and wait until it is in use."] if problem else []
    if directory and directory["readable"] and not directory["account_container"]:
        problems.append("the domain has lost its container Managed Service Accounts: restore it, or run adprep /domainprep.")
    return problems


def _custom_account(facts: Facts, account: str) -> list[str]:
    directory = facts["platform"]["directory"]
    found = directory["account"] if directory and directory["readable"] else None
    if found is None or found["exists"] is None:
        return []
    if not found["exists"]:
        return [f"the service account {account} does not exist in its domain: check its name, or have it made."]
    problem = encryption_problem(facts)
    problems = [f"{problem}: run Set-ADServiceAccount with -KerberosEncryptionType AES128,AES256."] if problem else []
    if found["retrievable"] is False:
        problems.append(f"the host may not retrieve the password of {account}: add it to PrincipalsAllowedToRetrieveManagedPassword.")
    return problems
