# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_register decides to do, from a table of facts."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.registration import plan_registration
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import RegistrationError
from host_facts import TENANT, host

DOMAIN = {"name": "contoso.lab", "username": r"CONTOSO\admin", "password": "x", "preferred_domain_controllers": []}
SECOND = {**DOMAIN, "name": "fabrikam.lab"}
OTHER_TENANT = "00000000-0000-0000-0000-000000000001"


def wishes(**changes: t.Any) -> dict[str, t.Any]:
    return {"tenant_id": TENANT, "domains": [DOMAIN], "gmsa": None, "force": False, "certificate_renewal_days": 14, **changes}


def test_registered_host_needs_nothing() -> None:
    plan = plan_registration(host(), wishes())
    assert plan.reasons == () and plan.domains == () and not plan.set_account
    assert not plan.signs_in and not plan.restart


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"product__tenant_id": None}, {}),
        ({"certificates": []}, {}),
        ({"certificates__0__not_after": "2026-11-24T00:00:00Z"}, {}),
        ({"certificates__0__not_after": "2026-12-09T00:00:00Z"}, {}),
        ({}, {"certificate_renewal_days": 90}),
        ({"certificates__0__has_private_key": False}, {}),
        ({}, {"force": True}),
        ({"product__tenant_id": OTHER_TENANT}, {"force": True}),
    ],
)
def test_registering_again_adds_every_domain(changes: dict[str, t.Any], options: dict[str, t.Any]) -> None:
    plan = plan_registration(host(**changes), wishes(**options))
    assert plan.reasons and plan.domains == (DOMAIN,) and not plan.skip_known


@pytest.mark.parametrize(
    ("days", "reason"),
    [(-1, "the certificate has ended"), (0, "the certificate ends in 0 days"), (13, "the certificate ends in 13 days"), (14, None)],
)
def test_certificate_near_its_end_is_renewed(days: int, reason: str | None) -> None:
    end = datetime.datetime(2026, 11, 25, 20, 0, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=days)
    plan = plan_registration(host(certificates__0__not_after=end.strftime("%Y-%m-%dT%H:%M:%SZ")), wishes())
    assert plan.reasons == ((reason,) if reason else ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"services__0__state": "stopped"}, "the service is stopped"),
        ({"registration_pending": True}, "an earlier registration was cut off"),
    ],
)
def test_cut_off_registration_is_ended_by_a_restart_alone(changes: dict[str, t.Any], reason: str) -> None:
    plan = plan_registration(host(**changes), wishes())
    assert plan.reasons == (reason,) and plan.restart and not plan.signs_in


def test_certificate_in_the_accounts_store_needs_nothing() -> None:
    plan = plan_registration(host(trust={"own": {"thumbprint": "9999", "in_user_store": True}, "others": []}), wishes())
    assert plan.reasons == ()


def test_other_tenant_is_refused_without_force() -> None:
    with pytest.raises(RegistrationError, match="registered to tenant"):
        plan_registration(host(product__tenant_id=OTHER_TENANT), wishes())


def test_only_the_missing_domain_is_added() -> None:
    plan = plan_registration(host(), wishes(domains=[DOMAIN, SECOND]))
    assert plan.domains == (SECOND,) and plan.reasons == ("domain not served: fabrikam.lab",)


def test_unknown_domains_are_left_to_the_module() -> None:
    plan = plan_registration(host(domains=None), wishes())
    assert plan.domains == (DOMAIN,) and plan.skip_known


@pytest.mark.parametrize(
    ("account", "gmsa", "wanted"),
    [
        (r"NT SERVICE\AADConnectProvisioningAgent", None, True),
        (r"CONTOSO\pGMSA_1a2b3c4d$", None, False),
        (r"CONTOSO\pGMSA_1a2b3c4d$", {"name": "svcSync$"}, True),
        (r"CONTOSO\svcSync$", {"name": "svcsync$"}, False),
        (r"CONTOSO\svcSync$", {"name": r"CONTOSO\svcSync$"}, False),
    ],
)
def test_service_account_is_set_where_it_is_not_as_wanted(account: str, gmsa: t.Any, wanted: bool) -> None:
    plan = plan_registration(host(services__0__account=account), wishes(gmsa=gmsa))
    assert plan.set_account is wanted and bool(plan.reasons) is wanted
