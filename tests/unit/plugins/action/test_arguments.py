# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret option is left in a task's arguments, which Ansible hands to callbacks, however the task ends; a repeated task has them all."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import may_carry_secret
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.specs import SPECS
from fake_host import FakeHost
from host_facts import TENANT, host_data
from module_runs import run_module

PASSWORD = {"method": "password", "username": "admin@contoso.lab", "password": "canary-person"}
DOMAIN = {"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "canary-domain"}
PROXY = {"proxy_url": "http://proxy.lab:8080", "proxy_username": "user", "proxy_password": "canary-proxy"}
GMSA = {"username": "CONTOSO\\admin", "password": "canary-account"}

MODULES: dict[str, dict[str, t.Any]] = {
    "agent_download": {"accept_eula": True, "url": "https://mirror.lab/setup.exe?sig=canary-key", **PROXY},
    "agent_register": {"tenant_id": TENANT, "sign_in": PASSWORD, "domains": [DOMAIN], "gmsa": GMSA},
    "agent_verify": {"sign_in": PASSWORD, "cloud_check": "off", "fail_on": "never"},
}
WRONG = {
    "agent_download": {"retries": "many"},
    "agent_register": {"gmsa": "canary-account"},
    "agent_verify": {"sign_in": "canary-person"},
}


def answering() -> FakeHost:
    """Return a host that is registered and has its package."""
    host = FakeHost()
    host.answer("facts", host_data())
    facts = {"action": "present", "package": None, "installed_version": None, "error": "no", "attempts": 1, "resumed": False}
    host.answer("download", {**facts, "certificate": None, "proxy": None, "staged_path": ""})
    return host


def test_every_secret_option_is_tried() -> None:
    secret = {(module, name) for module in SPECS for name in SPECS[module] if may_carry_secret(module, name)}
    assert secret == {(module, name) for module, options in MODULES.items() for name in options if may_carry_secret(module, name)}


@pytest.mark.parametrize("module", MODULES)
def test_secret_arguments_are_hidden_after_the_task_and_there_when_it_is_repeated(module: str) -> None:
    tasks: list[t.Any] = []
    result = run_module(module, MODULES[module], answering(), tasks=tasks)
    assert "canary" not in json.dumps([result, tasks[0].args])
    assert set(tasks[0].args) == set(MODULES[module])
    hidden = {name for name in MODULES[module] if may_carry_secret(module, name)}
    assert {name for name, value in tasks[0].args.items() if value == "********"} == hidden


def test_repeated_task_has_its_secrets() -> None:
    host = answering()
    run_module("agent_download", MODULES["agent_download"], host, tasks=[])
    assert [asked.secret for asked in host.asked] == [{"ProxyPassword": "canary-proxy"}] * 2


@pytest.mark.parametrize("module", MODULES)
def test_secret_arguments_are_hidden_where_one_has_no_right_form(module: str) -> None:
    tasks: list[t.Any] = []
    result = run_module(module, {**MODULES[module], **WRONG[module]}, None, tasks=tasks)
    assert result["failed"]
    assert "canary" not in json.dumps([result, tasks[0].args])
