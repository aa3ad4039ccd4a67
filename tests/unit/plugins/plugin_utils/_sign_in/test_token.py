# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens: which are refused before use, and with which reason."""

from __future__ import annotations

import typing as t

import pytest
from access_tokens import NOW, REGISTRATION, token
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import TokenError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import GRAPH, expiry, is_out_of_time, read_token
from host_facts import TENANT

OTHER = "00000000-0000-0000-0000-000000000001"
UNKNOWN = "5f3a1c2e-1111-4222-8333-944455566677"
ADDRESS = "https://graph.microsoft.com"
READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"


def read(value: str, *, roles: bool = True) -> t.Any:
    return read_token(value, TENANT, REGISTRATION, roles=roles, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": f"{REGISTRATION}/"},
        {"aud": UNKNOWN},
        {"tid": TENANT.upper()},
        {"wids": ...},
        {"wids": None},
        {"idp": ""},
        {"idp": f"https://sts.windows.net/{TENANT}/"},
        {"idp": f"https://login.microsoftonline.com/{TENANT.upper()}/v2.0"},
        {"wids": ["62E90394-69F5-4237-9190-012177145E10"]},
        {"upn": ..., "unique_name": "admin@contoso.example"},
        {"exp": NOW + 300},
    ],
)
def test_good_token(changes: dict[str, t.Any]) -> None:
    found = read(token(**changes))
    assert found.upn == "admin@contoso.example" and found.tenant_id.lower() == TENANT


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scp": ..., "roles": ["Application.Read.All"]}, "application's own; sign in as a user"),
        ({"aud": "https://graph.microsoft.com"}, "issued for https://graph.microsoft.com; ask for"),
        ({"aud": f"{REGISTRATION}.example"}, "issued for"),
        ({"aud": GRAPH}, f"issued for {GRAPH}; ask for"),
        ({"aud": "797F4846-ba00-4fd7-ba43-dac1f8f63013"}, "issued for 797F4846"),
        ({"aud": "00000002-0000-0000-c000-000000000000"}, "issued for 00000002"),
        ({"tid": OTHER}, f"issued by tenant {OTHER}, not by {TENANT}"),
        ({"exp": NOW + 299}, "ends within five minutes; fetch a new one"),
        ({"exp": ...}, "has ended"),
        ({"upn": "a_b.example#EXT#@contoso.example"}, "guest; use a work account"),
        ({"upn": ..., "idp": "live.com"}, "guest"),
        ({"idp": "google.com"}, "guest"),
        ({"idp": "mail"}, "guest"),
        ({"idp": "https://idp.partner.example/saml"}, "guest"),
        ({"idp": f"https://sts.windows.net/{OTHER}/"}, "guest"),
        ({"idp": f"https://login.microsoftonline.com/{OTHER}/v2.0"}, "guest"),
        ({"idp": f"https://sts.chinacloudapi.cn/{OTHER}/"}, "guest"),
        ({"exp": "soon"}, "has ended"),
        ({"exp": None}, "has ended"),
        ({"scp": ""}, "application's own"),
        ({"wids": [READER]}, "neither Hybrid Identity Administrator nor Global Administrator; activate the role"),
        ({"wids": []}, "activate the role"),
    ],
)
def test_bad_token_is_refused_with_the_reason(changes: dict[str, t.Any], reason: str) -> None:
    value = token(**changes)
    with pytest.raises(TokenError, match=reason) as refusal:
        read(value)
    assert value not in str(refusal.value)


@pytest.mark.parametrize("aud", [GRAPH, ADDRESS, f"{ADDRESS}/"])
def test_graph_names_itself_by_address_or_id(aud: str) -> None:
    assert read_token(token(aud=aud), TENANT, ADDRESS, audience_id=GRAPH, now=NOW).upn


@pytest.mark.parametrize("aud", [UNKNOWN, "00000002-0000-0000-c000-000000000000", REGISTRATION])
def test_token_for_another_service_is_none_for_graph(aud: str) -> None:
    with pytest.raises(TokenError, match=f"for {ADDRESS} cannot be used: it was issued for {aud}"):
        read_token(token(aud=aud), TENANT, ADDRESS, audience_id=GRAPH, now=NOW)


def test_service_may_be_named_by_an_id_in_the_scope_too() -> None:
    assert read_token(token(aud=UNKNOWN), TENANT, UNKNOWN.upper(), now=NOW).upn


def test_role_counts_only_where_it_is_asked_for() -> None:
    assert read(token(wids=[READER]), roles=False).upn


def test_applications_token_counts_only_where_it_is_asked_for() -> None:
    own = token(scp=..., upn=..., wids=..., roles=["Synchronization.Read.All"])
    found = read_token(own, TENANT, REGISTRATION, application=True, now=NOW)
    assert (found.application, found.upn, found.tenant_id) == (True, "", TENANT)
    assert not read_token(token(), TENANT, REGISTRATION, application=True, now=NOW).application
    with pytest.raises(TokenError, match="issued by tenant"):
        read_token(token(scp=..., tid=OTHER), TENANT, REGISTRATION, application=True, now=NOW)


@pytest.mark.parametrize(("changes", "end"), [({}, NOW + 3600), ({"exp": ...}, 0), ({"exp": "soon"}, 0)])
def test_end_of_a_token(changes: dict[str, t.Any], end: float) -> None:
    assert expiry(token(**changes)) == end


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"exp": NOW + 300}, False),
        ({"exp": NOW + 299}, True),
        ({"exp": ...}, False),
        ({"nbf": NOW + 300}, False),
        ({"nbf": NOW + 301}, True),
        ({"nbf": "soon"}, False),
    ],
)
def test_token_that_is_out_of_time(changes: dict[str, t.Any], expected: bool) -> None:
    assert is_out_of_time(token(**changes), NOW) is expected


@pytest.mark.parametrize("value", ["", "secret", "secret.b", "secret.!.c", "secret.bnVsbA.c", '"secret'])
def test_what_is_no_token_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(TokenError, match="is not readable: give the token itself") as refusal:
        read(value)
    assert "secret" not in str(refusal.value)


def test_token_hides_its_value() -> None:
    value = token()
    assert value not in repr(read(value))
