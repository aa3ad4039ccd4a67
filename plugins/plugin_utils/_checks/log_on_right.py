# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log on as a service: the agent's service under its own name, and its managed account.

The right is given to identifiers, and a group among them may hold it for others, which only the log-on itself would show. So there are
three answers. Pure: facts in (the part "platform" of the payload facts.ps1).

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
import struct
import typing as t

from .._agent.account import same_account
from .._agent.facts import AGENT_SERVICE, HostFacts

Holder = tuple[str, str]

#: Everyone and Authenticated Users, whom every log-on of a service counts among.
_EVERYBODY = {"s-1-1-0", "s-1-5-11"}
_ALL_SERVICES = {"s-1-5-80-0", r"nt service\all services"}
#: LocalSystem and its likes, other services, application pools, virtual machines: none of them stands for an account of a domain.
_BUILT_IN_ACCOUNT = ("s-1-5-18", "s-1-5-19", "s-1-5-20", "s-1-5-80-", "s-1-5-82-", "s-1-5-83-", "nt service\\")
#: BUILTIN\Administrators, which services under their own names are not in.
_ADMINISTRATORS = "s-1-5-32-544"


class RightStatus(enum.Enum):
    """Whether somebody has the right."""

    HELD = "held"
    POSSIBLE = "possible"
    LACKING = "lacking"


def service_identifier(name: str) -> str:
    """Return the security identifier of NT SERVICE\\name, which Windows makes of the name alone (what `sc.exe showsid` shows)."""
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "S-1-5-80-" + "-".join(str(word) for word in struct.unpack("<5I", digest))


def service_right(facts: HostFacts) -> RightStatus | None:
    """Return whether the agent's service may log on under its own name, None where the host does not know.

    Domain groups do not count: what has no account in a domain is in none of its groups.
    """
    own = _EVERYBODY | _ALL_SERVICES | {service_identifier(AGENT_SERVICE).lower(), rf"nt service\{AGENT_SERVICE}".lower()}
    local = f"{facts.host.name.lower()}\\"

    def may_hold(holder: Holder) -> bool:
        identifier, name = holder
        if identifier == _ADMINISTRATORS or _is_built_in(holder):
            return False
        # Windows knows no name for a holder, or secedit no identifier: nobody knows whose group that is.
        return identifier == name or name.startswith((local, "builtin\\")) or identifier.startswith(("s-1-5-32-", "s-1-5-6"))

    return _right_status(facts, lambda holder: bool(own & set(holder)), may_hold)


def account_right(facts: HostFacts, account: str | None) -> RightStatus | None:
    """Return whether a managed account may log on as a service, None where the host does not know.

    Args:
        facts: what the payload read, with its part "directory" for this account where the session may ask the directory.
        account: DOMAIN\\name$, None for one that is still to be made.
    """
    directory = facts.known_platform.directory
    found = directory.account if directory else None
    known = {found.identifier.lower()} if found and found.identifier and found.name == account else set()

    def holds(holder: Holder) -> bool:
        return bool((_EVERYBODY | known) & set(holder)) or bool(account and same_account(holder[1], account))

    # An account whose name ends so is a single one, never a group.
    return _right_status(facts, holds, lambda holder: not (_is_built_in(holder) or holder[1].endswith("$")))


def _is_built_in(holder: Holder) -> bool:
    return any(part.startswith(_BUILT_IN_ACCOUNT) for part in holder)


def _right_status(facts: HostFacts, holds: t.Callable[[Holder], bool], may_hold: t.Callable[[Holder], bool]) -> RightStatus | None:
    right = facts.known_platform.log_on_right
    if not right.readable:
        return None
    holders = [(identifier.lower(), name.lower()) for identifier, name in itertools.zip_longest(right.holders, right.names, fillvalue="")]
    if any(holds(holder) for holder in holders):
        return RightStatus.HELD
    return RightStatus.POSSIBLE if any(may_hold(holder) for holder in holders) else RightStatus.LACKING
