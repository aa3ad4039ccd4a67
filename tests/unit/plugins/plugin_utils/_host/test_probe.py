# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints a host is asked to reach."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.settings import wanted_settings
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import resolve_cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.harmless_events import HARMLESS_EVENTS
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.probe import chosen_endpoints, host_probe
from host_facts import TENANT

PROXY = {
    "state": "present",
    "url": "http://proxy.lab:8080",
    "bypass_on_local": True,
    "use_default_credentials": True,
    "bypass_list": [r"db\.lab"],
}
LAB: dict[str, t.Any] = {"name": "Lab", "authority": "https://login.lab:8443/", "graph": "https://graph.lab"}


def names(given: list[str] | None, cloud: t.Any, tenant_id: str | None) -> list[str]:
    """Return the endpoints as HOST:PORT."""
    return [f"{endpoint['host']}:{endpoint['port']}" for endpoint in chosen_endpoints(given, resolve_cloud(cloud), tenant_id)]


@pytest.mark.parametrize(
    ("cloud", "tenant_id", "expected"),
    [
        (
            "AzureCloud",
            TENANT,
            [
                "login.microsoftonline.com:443",
                f"{TENANT}.registration.msappproxy.net:443",
                f"{TENANT}.bootstrap.msappproxy.net:443",
            ],
        ),
        ("AzureCloud", None, ["login.microsoftonline.com:443"]),
        ("AzureUSGovernment", None, ["login.microsoftonline.us:443"]),
        (
            "AzureUSGovernmentDoD",
            TENANT,
            ["login.microsoftonline.us:443", f"{TENANT}.registration.msappproxy.us:443", f"{TENANT}.bootstrap.msappproxy.us:443"],
        ),
        ("AzureChinaCloud", TENANT, ["login.chinacloudapi.cn:443"]),
        (LAB, TENANT, ["login.lab:8443"]),
        ({**LAB, "authority": "https://login.lab"}, None, ["login.lab:443"]),
        ({**LAB, "endpoints": ["{tenant_id}.agents.lab:9443"]}, TENANT, [f"{TENANT}.agents.lab:9443"]),
    ],
)
def test_endpoints_come_from_the_cloud(cloud: t.Any, tenant_id: str | None, expected: list[str]) -> None:
    assert names(None, cloud, tenant_id) == expected


def test_given_endpoints_take_the_place_of_the_clouds() -> None:
    assert names(["a.lab", "127.0.0.1:8443"], "AzureCloud", TENANT) == ["a.lab:443", "127.0.0.1:8443"]
    assert names([], "AzureCloud", TENANT) == []


@pytest.mark.parametrize("text", ["", "https://login.lab", "a.lab:0", "a.lab:65536", "a.lab:", "-a.lab", "a b", "user@a.lab"])
def test_malformed_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write HOST or HOST:PORT"):
        names([text], "AzureCloud", TENANT)


HARMLESS = [event.pattern for event in HARMLESS_EVENTS]


def test_probe_is_what_the_payload_takes() -> None:
    endpoints = chosen_endpoints(["a.lab"], resolve_cloud(LAB), None)
    assert json.loads(host_probe(r"CONTOSO\svcSync$", endpoints, 24)) == {
        "account": r"CONTOSO\svcSync$",
        "endpoints": [{"host": "a.lab", "port": 443}],
        "event_hours": 24,
        "harmless_events": HARMLESS,
        "probe_timeout": 10,
        "proxy": None,
    }
    nothing = {"account": "", "endpoints": [], "event_hours": 0, "harmless_events": HARMLESS, "proxy": None, "probe_timeout": 10}
    assert json.loads(host_probe(None)) == nothing
    assert json.loads(host_probe(None, probe_timeout=60)) == {**nothing, "probe_timeout": 60}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"user_password_length": 127}, None),
        ({"proxy": {"state": "absent"}}, {"state": "absent"}),
        ({"proxy": PROXY}, {**PROXY, "enabled": True}),
    ],
)
def test_wanted_proxy_is_the_way_that_is_tried(settings: dict[str, t.Any], expected: t.Any) -> None:
    probe = host_probe(None, proxy=wanted_settings(settings).get("proxy"))
    assert json.loads(probe)["proxy"] == expected
