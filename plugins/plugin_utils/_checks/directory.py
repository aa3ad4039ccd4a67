# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of rights, directory and service account; what a host does not know is unknown, or has no check.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import datetime
import typing as t

from .._agent.account import current_account
from .._agent.facts import HostFacts, ManagedAccount
from .._core.parsing import parse_time
from .check import Finding, Look, Proof, check
from .log_on_right import RightStatus, account_right, service_right

#: How a session gets credentials that it may use further.
DELEGATE = "become SYSTEM, or use CredSSP or Kerberos with delegation"
#: What the agent's service logs on through until it has an account of its own.
_OWN_NAME = "NT SERVICE\\ALL SERVICES"
#: Domain controllers let ten hours pass after a key's start, so that all of them have it.
_KEY_DELAY = datetime.timedelta(hours=10)
#: The last time to which that can be added.
_LATEST = datetime.datetime.max.replace(tzinfo=datetime.UTC) - _KEY_DELAY
#: Bits of msDS-SupportedEncryptionTypes and of the host's policy.
_RC4, _AES = 0x4, 0x18
#: Windows Server 2012; older schemas know no group managed service accounts.
_SCHEMA_2012 = 52


def key_problem(facts: HostFacts) -> str | None:
    """Return why no group managed service account can be made, None where it can or the host does not know."""
    directory = facts.known_platform.directory
    if not directory or not directory.readable or directory.kds is None:
        return None
    times = [parse_time(start) for start in directory.kds.use_start_times]
    if not times:
        return "the forest has no key distribution service root key" if directory.kds.conclusive else None
    effective = min(*times, _LATEST) + _KEY_DELAY
    if effective > parse_time(facts.host.time):
        return f"the key distribution service root key comes into use at {effective:%Y-%m-%dT%H:%M:%SZ}"
    return None


def delegation_problem(facts: HostFacts) -> str | None:
    """Return why this session may not go on to a domain controller, None where it may or need not.

    What a session without a ticket is seen to do counts more: the directory answers also where only some services may be delegated to.
    """
    directory, logon = facts.known_platform.directory, facts.known_platform.logon
    if directory is None or directory.readable or not logon.network or logon.ticket:
        return None
    doubt = f", as far as is known ({logon.problem})" if logon.problem else ""
    return f"the connection's logon came over the network and cannot be used further, without delegation{doubt}"


def rights_problem(facts: HostFacts, account: str | None) -> str | None:
    """Return why the agent's service will not be able to log on with an account, None where it may be or the host does not know.

    Args:
        facts: what the payload facts.ps1 read.
        account: the account that is to be set; None for the default one, which the service may have already.
    """
    if service_right(facts) is not RightStatus.LACKING:
        return None
    if account_right(facts, account or current_account(facts)) is not RightStatus.LACKING:
        return None
    return "neither NT SERVICE\\ALL SERVICES nor the service account has the right 'Log on as a service'"


def encryption_problem(facts: HostFacts) -> str | None:
    """Return why the account's Kerberos tickets do not work on this host, None where they do or nobody knows."""
    directory, policy = facts.known_platform.directory, facts.known_platform.kerberos_policy
    account = directory.account if directory and directory.readable else None
    if account is None or not account.exists or policy is None:
        return None
    # An account without the attribute is served with RC4.
    types = account.encryption_types or _RC4
    if policy & types & (_RC4 | _AES):
        return None
    return f"the host allows the encryption types 0x{policy:x}, and {account.name} has 0x{types:x}"


def _not_complete(look: Look) -> bool:
    """The agent is not installed whole."""
    return not look.complete  # setup rolls back when its service does not start


@check(
    "log_on_right",
    "who may log on as a service",
    of="host",
    facts=("S21", "C26"),
    blocks=_not_complete,
    proof=Proof.DISPROVES,
)
def _log_on_right(look: Look) -> Finding:
    right, expected = look.platform.log_on_right, "the agent's service may log on as a service"
    if not right.readable:
        return Finding("unknown", expected, f"unknown: {right.problem}", "use an account that may run secedit.exe")
    if right.problem:
        return Finding("warn", expected, right.problem, "remove that file from the host, and look again")
    account = look.account
    status = account_right(look.facts, account) if account else service_right(look.facts)
    subject, expected = (account, f"{account} may log on as a service") if account else (_OWN_NAME, expected)
    runs = look.agent_service.state == "running"
    if status is RightStatus.HELD:
        return Finding("pass", expected, f"{subject} has the right")
    if status is RightStatus.POSSIBLE and runs:
        return Finding("pass", expected, f"{subject} has the right through a group: the service runs")
    if status is RightStatus.POSSIBLE:
        remedy = f"if the service does not start, add {subject} to 'Log on as a service' in the group policy that defines the right"
        return Finding("warn", expected, f"{subject} has the right through a group at most", remedy)
    remedy = f"add {subject} to 'Log on as a service' in the group policy that defines the right, else the service will not start again"
    # Whoever runs has had the right, and may have it still from where nobody looks.
    return Finding("warn" if account or runs else "fail", expected, f"{subject} lacks the right", remedy)


def _in_domain(look: Look) -> bool:
    """The host is a member of a domain."""
    return look.platform.directory is not None  # to be in no domain is a check of its own


def _readable(look: Look) -> bool:
    """The session may read the directory."""
    return _in_domain(look) and look.directory.readable


def _account_known(look: Look) -> bool:
    """The session may read the directory, and the service account is known."""
    return _readable(look) and look.directory.account is not None


def _makes_account(look: Look) -> bool:
    """The default account is still to be made."""
    return not look.expect.service_account and not look.account


def _account_given(look: Look) -> bool:
    """A service account is asked for."""
    return bool(look.expect.service_account)


@check("directory", "whether this session may ask the directory", of="host", facts=(), needs=_in_domain)
def _directory(look: Look) -> Finding:
    if not look.directory.readable:
        return Finding("unknown", "readable", f"unknown: {look.directory.problem}", f"let the session ask the directory: {DELEGATE}")
    return Finding("pass", "readable", "readable")


def _registers(look: Look) -> bool:
    """The host is in a domain, and its agent is still to be registered."""
    return _in_domain(look) and not (look.registered and look.account)


@check(
    "delegation",
    "whether this session may go on to a domain controller, where the agent is still to be registered",
    of="host",
    facts=(),
    needs=_registers,
)
def _delegation(look: Look) -> Finding:
    expected, problem = "a session that may go on to a domain controller", delegation_problem(look.facts)
    if problem:
        return Finding("warn", expected, problem, f"before the registration, {DELEGATE}: a custom service account cannot be set up without")
    return Finding("pass", expected, "it may, or need not")


@check(
    "kds_root_key",
    "whether the forest has a root key for group managed service accounts",
    of="host",
    facts=("C19",),
    needs=_readable,
    blocks=_makes_account,
    proof=Proof.DISPROVES,
)
def _root_key(look: Look) -> Finding:
    expected, problem = "a root key in use for ten hours", key_problem(look.facts)
    kds = look.directory.kds
    if problem:
        remedy = "run Add-KdsRootKey on a domain controller if there is no key, and wait until it is in use"
        return Finding("fail", expected, problem, remedy)
    if kds is None or not kds.use_start_times:
        remedy = "look with Get-KdsRootKey on a domain controller, or use an account that may see the keys"
        return Finding("unknown", expected, "unknown: this account may not see the keys", remedy)
    return Finding("pass", expected, f"in use since {min(kds.use_start_times)}")


@check(
    "schema",
    "the version of the forest's schema",
    of="host",
    facts=("D28", "C19"),
    needs=_readable,
    blocks=_makes_account,
    proof=Proof.DISPROVES,
)
def _schema(look: Look) -> Finding:
    directory = look.directory
    version, expected = directory.schema_version or 0, "a schema of Windows Server 2016 with msDS-ExternalDirectoryObjectId"
    missing = "" if directory.external_object_id else ", without msDS-ExternalDirectoryObjectId"
    if missing or version < _SCHEMA_2012:
        remedy = "extend the forest's schema with adprep of Windows Server 2016 or newer"
        return Finding("fail", expected, f"version {version}{missing}", remedy)
    return Finding("pass", expected, f"version {version}")


@check(
    "account_container",
    "whether the domain has its container for managed service accounts",
    of="host",
    facts=("T7",),
    needs=_readable,
    blocks=_makes_account,
    proof=Proof.DISPROVES,
)
def _container(look: Look) -> Finding:
    expected = "the container Managed Service Accounts under its well-known identifier"
    if not look.directory.account_container:
        remedy = "restore the container and its entry in otherWellKnownObjects of the domain, or run adprep /domainprep"
        return Finding("fail", expected, "absent", remedy)
    return Finding("pass", expected, "present")


@check(
    "service_account_retrieval",
    "whether the service account exists, and the host may have its password",
    of="host",
    facts=("C21",),
    needs=_account_known,
    blocks=_account_given,
)
def _retrieval(look: Look) -> Finding:
    account = t.cast(ManagedAccount, look.directory.account)
    name, expected = account.name, f"{account.name} exists, and this host may retrieve its password"
    if account.exists is None:
        remedy = f"check the account's domain, and run Test-ADServiceAccount for {name} on the host"
        return Finding("unknown", expected, f"unknown: {account.problem}", remedy)
    if not account.exists:
        remedy = "check the account's name and domain, or have it made"
        return Finding("fail", expected, "no such account in its domain", remedy)
    if account.retrievable is None:
        remedy = f"run Test-ADServiceAccount for {name} on the host"
        return Finding("unknown", expected, "unknown: this session cannot read it from the account's list", remedy)
    if not account.retrievable:
        remedy = "add the host to the account's PrincipalsAllowedToRetrieveManagedPassword, by a group only with a restart of the host"
        return Finding("fail", expected, "this host is not in the account's list", remedy)
    return Finding("pass", expected, "it may")


def _account_exists(look: Look) -> bool:
    """The session may read the directory, and the service account exists."""
    return _account_known(look) and bool(t.cast(ManagedAccount, look.directory.account).exists)


@check(
    "kerberos_encryption",
    "whether host and service account share an encryption type",
    of="host",
    facts=("T3",),
    needs=_account_exists,
    blocks=_account_given,
)
def _encryption(look: Look) -> Finding:
    expected, problem = "an encryption type that host and account share", encryption_problem(look.facts)
    if problem:
        remedy = "run Set-ADServiceAccount with -KerberosEncryptionType AES128,AES256 for the account, and restart the host"
        return Finding("fail", expected, problem, remedy)
    return Finding("pass", expected, "shared")


def account_problems(facts: HostFacts, account: str | None) -> list[str]:
    """Return in sentences why setting the service account will fail; none where it should work, or the host does not know.

    Args:
        facts: what the payload facts.ps1 read, with its part "platform" for this account.
        account: the account that is to be set, None for the default one, which is made on the way.
    """
    if facts.platform is None:
        return []
    right = rights_problem(facts, account)
    problems = _custom_account(facts, account) if account else _default_account(facts)
    if right:
        # The account would be given the right and lose it again: a group policy that leaves these services out defines all holders.
        problems.append(f"{right}: add both in the group policy that defines the right.")
    return [f"{problem[0].upper()}{problem[1:]}" for problem in problems]


def _default_account(facts: HostFacts) -> list[str]:
    directory, problem = facts.known_platform.directory, key_problem(facts)
    problems = [f"{problem}: run Add-KdsRootKey if there is no key, and wait until it is in use."] if problem else []
    if directory and directory.readable and not directory.account_container:
        problems.append("the domain has lost its container Managed Service Accounts: restore it, or run adprep /domainprep.")
    return problems


def _custom_account(facts: HostFacts, account: str) -> list[str]:
    directory = facts.known_platform.directory
    found = directory.account if directory and directory.readable else None
    if found is None or found.exists is None:
        return []
    if not found.exists:
        return [f"the service account {account} does not exist in its domain: check its name, or have it made."]
    problem = encryption_problem(facts)
    problems = [f"{problem}: run Set-ADServiceAccount with -KerberosEncryptionType AES128,AES256."] if problem else []
    if found.retrievable is False:
        problems.append(f"the host may not retrieve the password of {account}: add it to PrincipalsAllowedToRetrieveManagedPassword.")
    return problems
