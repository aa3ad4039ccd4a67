# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log on as a service, from tables of holders."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.log_on_right import (
    RightStatus,
    account_right,
    service_identifier,
    service_right,
)
from host_facts import UNREADABLE, host

ACCOUNT = r"CONTOSO\svcSync$"
OWN = service_identifier("AADConnectProvisioningAgent")
#: Network Service, another service, an application pool: none of them stands for anybody else.
OTHERS = [
    ("S-1-5-20", r"NT AUTHORITY\NETWORK SERVICE"),
    ("S-1-5-80-1-2-3-4-5", r"NT SERVICE\Other"),
    ("S-1-5-82-0", r"IIS APPPOOL\Other"),
]


def held_by(*holders: tuple[str, str], **changes: t.Any) -> HostFacts:
    """Return the facts of a host where these have the right: identifier or name, and the name that Windows knows for it."""
    right = {"readable": True, "problem": "", "holders": [one for one, _ in holders], "names": [name for _, name in holders]}
    return host(platform__log_on_right=right, **changes)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        # What Windows has for the owner of its own files, well known from their access lists.
        ("TrustedInstaller", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"),
        ("trustedinstaller", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"),
    ],
)
def test_identifier_of_a_service_is_made_of_its_name(name: str, identifier: str) -> None:
    assert service_identifier(name) == identifier


@pytest.mark.parametrize(
    ("holders", "expected"),
    [
        ([], RightStatus.LACKING),
        (OTHERS, RightStatus.LACKING),
        ([("S-1-5-80-0", "S-1-5-80-0")], RightStatus.HELD),
        ([(r"NT SERVICE\ALL SERVICES", r"NT SERVICE\ALL SERVICES")], RightStatus.HELD),
        ([*OTHERS, (OWN, r"NT SERVICE\AADConnectProvisioningAgent")], RightStatus.HELD),
        ([(OWN, OWN)], RightStatus.HELD),
        ([("nt service\\aadconnectprovisioningagent",) * 2], RightStatus.HELD),
        ([("S-1-1-0", "Everyone")], RightStatus.HELD),
        ([("S-1-5-32-545", r"BUILTIN\Users")], RightStatus.POSSIBLE),
        ([("S-1-5-32-544", r"BUILTIN\Administrators")], RightStatus.LACKING),
        ([("S-1-5-21-9-9-9-1001", r"SYNC1\Services")], RightStatus.POSSIBLE),
        ([("S-1-5-21-9-9-9-1001", "S-1-5-21-9-9-9-1001")], RightStatus.POSSIBLE),
        ([("S-1-5-21-1-2-3-1601", r"CONTOSO\Services")], RightStatus.LACKING),
    ],
)
def test_service_under_its_own_name(holders: list[tuple[str, str]], expected: RightStatus) -> None:
    assert service_right(held_by(*holders)) is expected


@pytest.mark.parametrize(
    ("holders", "account", "expected"),
    [
        ([], ACCOUNT, RightStatus.LACKING),
        (OTHERS, ACCOUNT, RightStatus.LACKING),
        ([("S-1-5-80-0", r"NT SERVICE\ALL SERVICES")], ACCOUNT, RightStatus.LACKING),
        ([("S-1-5-21-1-2-3-1602", "S-1-5-21-1-2-3-1602")], ACCOUNT, RightStatus.HELD),
        ([("S-1-5-21-1-2-3-9", r"contoso\SVCSYNC$")], ACCOUNT, RightStatus.HELD),
        ([("S-1-5-21-1-2-3-9", r"FABRIKAM\svcSync$")], ACCOUNT, RightStatus.LACKING),
        ([("S-1-5-21-1-2-3-9", r"CONTOSO\otherSync$")], ACCOUNT, RightStatus.LACKING),
        ([("S-1-5-21-1-2-3-9", r"CONTOSO\Sync accounts")], ACCOUNT, RightStatus.POSSIBLE),
        ([("S-1-5-11", r"NT AUTHORITY\Authenticated Users")], ACCOUNT, RightStatus.HELD),
        ([("S-1-5-21-1-2-3-9", r"CONTOSO\Sync accounts")], None, RightStatus.POSSIBLE),
        (OTHERS, None, RightStatus.LACKING),
    ],
)
def test_account(holders: list[tuple[str, str]], account: str | None, expected: RightStatus) -> None:
    facts = held_by(*holders, platform__directory__account__name=ACCOUNT, platform__directory__account__identifier="S-1-5-21-1-2-3-1602")
    assert account_right(facts, account) is expected


@pytest.mark.parametrize("directory", [None, UNREADABLE])
def test_account_is_known_by_its_name_where_the_directory_is_silent(directory: t.Any) -> None:
    assert account_right(held_by(("S-1-5-21-1-2-3-9", ACCOUNT), platform__directory=directory), ACCOUNT) is RightStatus.HELD


def test_rights_that_could_not_be_read_tell_nothing() -> None:
    facts = host(platform__log_on_right__readable=False)
    assert (service_right(facts), account_right(facts, ACCOUNT)) == (None, None)
