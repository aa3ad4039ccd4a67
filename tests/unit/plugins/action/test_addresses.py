# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password in an address that a host has of its own, in its agent's exe.config or in the words of an error, is in no result."""

from __future__ import annotations

import json
import typing as t

import pytest
from fake_host import FakeHost
from host_facts import TENANT, host_data

PROXY: dict[str, t.Any] = {
    "enabled": True,
    "url": "http://user:canary@proxy.lab:8080",
    "bypass_on_local": True,
    "use_default_credentials": True,
    "bypass_list": [],
}
SIGNED = "https://mirror.lab/setup.exe?sv=1&sig=canary"
REFUSED = f"the proxy http://user:canary@proxy.lab:8080 refused {SIGNED} (CONTOSO\\user:canary@proxy:8080)"
HOST = host_data(
    product__configuration__proxy=PROXY,
    services__0__state="stopped",
    endpoints=[{"host": "login.lab", "port": 443, "reachable": False, "error": REFUSED, "issuer": None, "proxy": ""}],
    events=None,
    events_problem=REFUSED,
)
INSTALLED: dict[str, t.Any] = {
    "busy": False,
    "exit_code": None,
    "timed_out": False,
    "log_tail": "",
    "backup": None,
    "settings_error": REFUSED,
    "service_error": REFUSED,
    "facts": HOST,
}
FETCHED: dict[str, t.Any] = {
    "action": "fetched",
    "package": None,
    "installed_version": None,
    "error": REFUSED,
    "attempts": 1,
    "resumed": False,
    "certificate": None,
    "proxy": {"origin": "option", "url": PROXY["url"]},
    "staged_path": "",
}
REGISTERED: dict[str, t.Any] = {
    "busy": False,
    "unanswered": False,
    "steps": [],
    "domains": None,
    "error": REFUSED,
    "service_error": REFUSED,
    "proxy": {"origin": "agent", "url": PROXY["url"]},
    "facts": HOST,
}
SIGN_IN = {"method": "access_token", "access_token": "canary-given"}
DOMAIN = {"name": "contoso.lab", "username": "user", "password": "canary-domain"}
OTHER_PROXY = {"proxy": {"url": "http://other.lab:8080"}}

MODULES: dict[str, dict[str, t.Any]] = {
    "agent_install": {"accept_eula": True, "settings": OTHER_PROXY},
    "agent_download": {"accept_eula": True, "url": SIGNED},
    "agent_verify": {"settings": OTHER_PROXY, "cloud_check": "off", "sync_check": "off", "fail_on": "never"},
    "agent_register": {"tenant_id": TENANT, "sign_in": SIGN_IN, "domains": [DOMAIN]},
}


@pytest.mark.parametrize(
    ("module", "check_mode"), [(module, mode) for module in MODULES for mode in (True, False) if (module, mode) != ("agent_register", True)]
)
def test_no_address_in_a_result_carries_a_password_or_a_key(module: str, check_mode: bool) -> None:
    host = FakeHost()
    for payload, answer in {"facts": HOST, "install": INSTALLED, "download": FETCHED, "register": REGISTERED}.items():
        host.answer(payload, answer)
    result = host.run(module, MODULES[module], check_mode=check_mode)
    assert host.asked
    assert "canary" not in json.dumps(result) + "".join(host.lines)
    assert "********@proxy.lab:8080" in json.dumps(result)
