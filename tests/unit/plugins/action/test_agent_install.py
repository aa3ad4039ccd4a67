# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_install decides from a host's recorded facts: where nothing is to be done, no second payload is run, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from module_runs import run_module
from recorded_host import RecordedHost, recorded

SETTINGS: dict[str, t.Any] = {
    "proxy": {"url": "http://127.0.0.9:8080", "bypass_list": [r".*\.contoso\.lab"]},
    "enforce_fips_policy": False,
    "ldap_connection_timeout": 60000,
    "user_password_length": 200,
}


def install(facts: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run the module on a host with these facts, which answers one payload alone."""
    host = RecordedHost(recorded(facts))
    result = run_module("agent_install", {"accept_eula": True, **options}, host, check=check)
    assert host.left == []
    return result


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("facts", "options"),
    [
        ("facts_installed", {}),
        ("facts_installed", {"settings": SETTINGS}),
        ("facts_installed", {"state": "latest"}),
        ("facts_installed_older_package", {"version": "1.1.2334.0"}),
        ("facts_installed_older_package", {"state": "latest"}),
        ("facts_empty", {"state": "absent"}),
    ],
)
def test_host_that_is_as_wanted_is_left_alone(facts: str, options: dict[str, t.Any], check: bool) -> None:
    result = install(facts, check=check, **options)
    assert (result["changed"], result["failed"]) == (False, False), result["msg"]
    assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("check", [False, True])
def test_downgrade_is_refused(check: bool) -> None:
    result = install("facts_installed_older_package", check=check, state="repaired")
    assert (result["changed"], result["failed"]) == (False, True)
    assert "has version 1.1.2334.0, older than the installed 1.1.2505.0: a downgrade is not possible" in result["msg"]
