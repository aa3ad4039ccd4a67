# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is the agent's, among renewed ones, those of other tenants and those of other connectors."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.certificate import current_certificate, is_in_account_store
from host_facts import HEALTHY, host

OWN: dict[str, t.Any] = HEALTHY["certificates"][0]
RENEWED = {**OWN, "thumbprint": "1111", "not_after": "2027-05-17T08:00:00Z"}
ELSEWHERE = {**OWN, "thumbprint": "2222", "subject": "CN=00000000-0000-0000-0000-000000000001", "not_after": "2028-01-01T00:00:00Z"}
AUTHENTICATION = {**OWN, "thumbprint": "3333", "agent_id": "another", "not_after": "2028-01-01T00:00:00Z"}


def trust(thumbprint: str, *, in_user_store: bool = False, others: t.Sequence[str] = ()) -> dict[str, t.Any]:
    return {"own": {"thumbprint": thumbprint, "in_user_store": in_user_store}, "others": list(others)}


@pytest.mark.parametrize(
    ("certificates", "files", "chosen"),
    [
        ([OWN], None, "0C1F"),
        ([OWN, RENEWED], None, "1111"),
        ([OWN, ELSEWHERE], None, "0C1F"),
        ([], None, None),
        # The file of the pass-through authentication agent names its own.
        ([OWN, AUTHENTICATION], {"own": None, "others": ["3333"]}, "0C1F"),
        ([AUTHENTICATION], {"own": None, "others": ["3333"]}, None),
        ([OWN, AUTHENTICATION], trust("0C1F"), "0C1F"),
        ([OWN, RENEWED], trust("0C1F"), "0C1F"),
        ([OWN], trust("9999"), None),
    ],
)
def test_certificate_is_the_agents_own(certificates: list[dict[str, t.Any]], files: dict[str, t.Any] | None, chosen: str | None) -> None:
    certificate = current_certificate(host(certificates=certificates, trust=files or HEALTHY["trust"]))
    assert (certificate and certificate.thumbprint) == chosen


@pytest.mark.parametrize(
    ("files", "elsewhere"),
    [
        (HEALTHY["trust"], False),
        (trust("0C1F", in_user_store=True), False),
        (trust("9999", in_user_store=True), True),
        (trust("9999"), False),
    ],
)
def test_renewed_certificate_may_be_in_the_accounts_store(files: dict[str, t.Any], elsewhere: bool) -> None:
    assert is_in_account_store(host(trust=files)) is elsewhere
