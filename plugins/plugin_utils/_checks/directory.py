# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the agent's service account needs: log-on right, key distribution service, schema, the account and its encryption.

Pure: facts in (the part "platform" of the payload facts.ps1), checks out; what a host cannot tell is unknown, or has no check.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import datetime
import typing as t

from .._agent.certificate import parse_time
from .._agent.installation import AGENT_SERVICE
from .agent import Check
from .log_on_right import Standing, account_standing, service_standing

Facts = t.Mapping[str, t.Any]

#: What the agent's service logs on through until it has an account of its own.
_OWN_NAME = "NT SERVICE\\ALL SERVICES"
#: Domain controllers let ten hours pass after a key's start, so that all of them have it.
_KEY_DELAY = datetime.timedelta(hours=10)
#: Bits of msDS-SupportedEncryptionTypes and of the host's policy.
_RC4, _AES = 0x4, 0x18
#: Windows Server 2012; older schemas know no group managed service accounts.
_SCHEMA_2012 = 52


def directory_checks(facts: Facts) -> list[Check]:
    """Return the checks of rights, directory and account, in the order a person would look at them."""
    checks = [_log_on_right(facts), *_directory(facts)]
    return [check for check in checks if check is not None]


def current_account(facts: Facts) -> str | None:
    """Return the managed account that the agent's service logs on with, None while it has none."""
    name = next((one["account"] for one in facts["services"] if one["name"] == AGENT_SERVICE), None)
    return name if name and name.endswith("$") else None


def key_problem(facts: Facts) -> str | None:
    """Return why no group managed service account can be made, None where it can or the host cannot tell."""
    directory = facts["platform"]["directory"]
    if not directory or not directory["readable"]:
        return None
    times = [parse_time(one) for one in directory["kds"]["use_start_times"]]
    if not times:
        return "the forest has no key distribution service root key" if directory["kds"]["conclusive"] else None
    effective = min(times) + _KEY_DELAY
    if effective > parse_time(facts["host"]["time"]):
        return f"the key distribution service root key comes into use at {effective:%Y-%m-%dT%H:%M:%SZ}"
    return None


def rights_problem(facts: Facts, account: str | None) -> str | None:
    """Return why the agent's service will not be able to log on with an account, None where it may be or the host cannot tell.

    Args:
        facts: what the payload facts.ps1 read.
        account: the account that is to be set; None for the default one, which the service may have already.
    """
    if service_standing(facts) is not Standing.LACKING:
        return None
    if account_standing(facts, account or current_account(facts)) is not Standing.LACKING:
        return None
    return "neither NT SERVICE\\ALL SERVICES nor the service account has the right 'Log on as a service'"


def encryption_problem(facts: Facts) -> str | None:
    """Return why the account's Kerberos tickets do not work on this host, None where they do or nobody can tell."""
    directory, policy = facts["platform"]["directory"], facts["platform"]["kerberos_policy"]
    account = directory["account"] if directory and directory["readable"] else None
    if account is None or not account["exists"] or policy is None:
        return None
    # An account without the attribute is served with RC4.
    types = account["encryption_types"] or _RC4
    if policy & types & (_RC4 | _AES):
        return None
    return f"the host allows the encryption types 0x{policy:x}, and {account['name']} has 0x{types:x}"


def _log_on_right(facts: Facts) -> Check | None:
    right, expected = facts["platform"]["log_on_right"], "the agent's service may log on as a service"
    if not right["readable"]:
        return Check("log_on_right", "unknown", expected, f"unknown: {right['problem']}", "use an account that may run secedit.exe")
    if right["problem"]:
        return Check("log_on_right", "warn", expected, right["problem"], "remove that file from the host, and look again")
    account = current_account(facts)
    standing = account_standing(facts, account) if account else service_standing(facts)
    subject, expected = (account, f"{account} may log on as a service") if account else (_OWN_NAME, expected)
    runs = any(one["name"] == AGENT_SERVICE and one["state"] == "running" for one in facts["services"])
    if standing is Standing.HELD:
        return Check("log_on_right", "pass", expected, f"{subject} has the right")
    if standing is Standing.POSSIBLE and runs:
        return Check("log_on_right", "pass", expected, f"{subject} has the right through a group: the service runs")
    if standing is Standing.POSSIBLE:
        remedy = f"if the service does not start, add {subject} to 'Log on as a service' in the group policy that defines the right"
        return Check("log_on_right", "warn", expected, f"{subject} has the right through a group at most", remedy)
    remedy = f"add {subject} to 'Log on as a service' in the group policy that defines the right, else the service will not start again"
    # Whoever runs has had the right, and may have it still from where nobody looks.
    return Check("log_on_right", "warn" if account or runs else "fail", expected, f"{subject} lacks the right", remedy)


def _directory(facts: Facts) -> list[Check | None]:
    directory = facts["platform"]["directory"]
    if directory is None:  # no member of a domain, which is a check of its own
        return []
    if not directory["readable"]:
        remedy = "let the session ask the directory: become SYSTEM, or use CredSSP or Kerberos with delegation"
        return [Check("directory", "unknown", "readable", f"unknown: {directory['problem']}", remedy)]
    readable = Check("directory", "pass", "readable", "readable")
    return [readable, _root_key(facts), _schema(directory), _container(directory), _retrieval(directory), _encryption(facts)]


def _root_key(facts: Facts) -> Check:
    expected, problem = "a root key in use for ten hours", key_problem(facts)
    kds = facts["platform"]["directory"]["kds"]
    if problem:
        remedy = "run Add-KdsRootKey on a domain controller if there is no key, and wait until it is in use"
        return Check("kds_root_key", "fail", expected, problem, remedy)
    if not kds["use_start_times"]:
        remedy = "look with Get-KdsRootKey on a domain controller, or use an account that may see the keys"
        return Check("kds_root_key", "unknown", expected, "unknown: this account may not see the keys", remedy)
    return Check("kds_root_key", "pass", expected, f"in use since {min(kds['use_start_times'])}")


def _schema(directory: Facts) -> Check:
    version, expected = directory["schema_version"], "a schema of Windows Server 2016 with msDS-ExternalDirectoryObjectId"
    missing = "" if directory["external_object_id"] else ", without msDS-ExternalDirectoryObjectId"
    if missing or version < _SCHEMA_2012:
        remedy = "extend the forest's schema with adprep of Windows Server 2016 or newer"
        return Check("schema", "fail", expected, f"version {version}{missing}", remedy)
    return Check("schema", "pass", expected, f"version {version}")


def _container(directory: Facts) -> Check:
    expected = "the container Managed Service Accounts under its well-known identifier"
    if not directory["account_container"]:
        remedy = "restore the container and its entry in otherWellKnownObjects of the domain, or run adprep /domainprep"
        return Check("account_container", "fail", expected, "absent", remedy)
    return Check("account_container", "pass", expected, "present")


def _retrieval(directory: Facts) -> Check | None:
    account = directory["account"]
    if account is None:
        return None
    name, expected = account["name"], f"{account['name']} exists, and this host may retrieve its password"
    if account["exists"] is None:
        remedy = f"check the account's domain, and run Test-ADServiceAccount for {name} on the host"
        return Check("service_account_retrieval", "unknown", expected, f"unknown: {account['problem']}", remedy)
    if not account["exists"]:
        remedy = "check the account's name and domain, or have it made"
        return Check("service_account_retrieval", "fail", expected, "no such account in its domain", remedy)
    if account["retrievable"] is None:
        remedy = f"run Test-ADServiceAccount for {name} on the host"
        return Check("service_account_retrieval", "unknown", expected, "unknown: this session cannot tell from the account's list", remedy)
    if not account["retrievable"]:
        remedy = "add the host to the account's PrincipalsAllowedToRetrieveManagedPassword, by a group only with a restart of the host"
        return Check("service_account_retrieval", "fail", expected, "this host is not in the account's list", remedy)
    return Check("service_account_retrieval", "pass", expected, "it may")


def _encryption(facts: Facts) -> Check | None:
    account = facts["platform"]["directory"]["account"]
    if account is None or not account["exists"]:
        return None
    expected, problem = "an encryption type that host and account share", encryption_problem(facts)
    if problem:
        remedy = "run Set-ADServiceAccount with -KerberosEncryptionType AES128,AES256 for the account, and restart the host"
        return Check("kerberos_encryption", "fail", expected, problem, remedy)
    return Check("kerberos_encryption", "pass", expected, "shared")
