# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_verify asks the cloud for, by its options."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import cloud_directory
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import ConfigurationError
from host_facts import TENANT
from microsoft_side import AZURE_CLI

SIGN_IN = {"method": "password", "username": "reader@contoso.example", "password": "x", "client_id": AZURE_CLI}


def options(**changes: t.Any) -> dict[str, t.Any]:
    default = {"cloud": "AzureCloud", "ca_path": None, "request_timeout": 30, "tenant_id": TENANT, "sign_in": SIGN_IN}
    return {**default, "cloud_check": "best_effort", "sync_check": "best_effort", **changes}


@pytest.mark.parametrize(
    ("cloud_check", "sync_check", "asked"),
    [
        ("best_effort", "best_effort", (True, True)),
        ("required", "best_effort", (True, True)),
        ("required", "off", (True, False)),
        ("best_effort", "required", (True, True)),
        # An application, which may not list agents, asks for the configurations alone.
        ("off", "required", (False, True)),
        ("off", "best_effort", None),
        ("off", "off", None),
    ],
)
def test_what_is_asked_for(cloud_check: str, sync_check: str, asked: tuple[bool, bool] | None) -> None:
    directory = cloud_directory(options(cloud_check=cloud_check, sync_check=sync_check))
    assert (directory and (directory.with_agents, directory.with_configurations)) == asked


@pytest.mark.parametrize("missing", ["sign_in", "tenant_id"])
@pytest.mark.parametrize("required", ["cloud_check", "sync_check"])
def test_what_is_required_cannot_be_had_without_a_sign_in(missing: str, required: str) -> None:
    assert cloud_directory(options(**{missing: None})) is None
    with pytest.raises(ConfigurationError, match=f"'{required}' is required: give 'tenant_id' and 'sign_in'"):
        cloud_directory(options(**{missing: None, required: "required"}))
