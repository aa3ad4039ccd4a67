# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds: what is known of the public ones, and which descriptions of another are refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import resolve_cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError

LAB: dict[str, t.Any] = {"name": "Lab", "authority": "https://login.lab/", "graph": "https://graph.lab"}


@pytest.mark.parametrize(
    ("name", "authority", "graph", "download_host", "registers"),
    [
        ("AzureCloud", "https://login.microsoftonline.com", "https://graph.microsoft.com", "download.msappproxy.net", True),
        ("AzureUSGovernment", "https://login.microsoftonline.us", "https://graph.microsoft.us", "download.msappproxy.us", False),
        ("AzureUSGovernmentDoD", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "download.msappproxy.us", False),
        ("AzureChinaCloud", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", None, False),
    ],
)
def test_public_clouds(name: str, authority: str, graph: str, download_host: str | None, registers: bool) -> None:
    cloud = resolve_cloud(name)
    assert (cloud.authority, cloud.graph, cloud.public) == (authority, graph, True)
    assert bool(cloud.registration_scope) is registers
    assert (cloud.download_url or "//None").split("/")[2] == str(download_host)


def test_names_are_known_in_any_case() -> None:
    assert resolve_cloud("azurecloud") is resolve_cloud("AzureCloud")


def test_described_cloud_is_not_public_and_loses_slashes() -> None:
    cloud = resolve_cloud({**LAB, "registration_scope": "https://registration.lab/use", "download_url": None})
    assert (cloud.authority, cloud.public) == ("https://login.lab", False)
    assert (cloud.registration_scope, cloud.download_url) == ("https://registration.lab/use", None)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("AzureMoonCloud", "'AzureMoonCloud', which is not known: write one of AzureCloud, AzureUSGovernment,"),
        ("", "not known"),
        (None, "not known"),
        ({}, "lacks name, authority, graph"),
        ({**LAB, "graph": ""}, "lacks graph"),
        ({**LAB, "graph_url": "https://graph.lab"}, "unknown key graph_url"),
        (
            {**LAB, "download_url": "https://store.lab/setup.exe?sig=canary"},
            "'download_url' in 'cloud' is 'https://store.lab/setup.exe?********': write it without",
        ),
        ({**LAB, "authority": "https://user:canary@login.lab"}, "'https://********@login.lab': write it without a user name"),
        ({**LAB, "graph": "http://graph.lab"}, "'graph' in 'cloud' is 'http://graph.lab': give an address that starts with https://"),
        ({**LAB, "download_url": "ftp://lab/file"}, "'download_url' in 'cloud'"),
    ],
)
def test_bad_cloud_is_refused(value: t.Any, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve_cloud(value)
    assert sentence in str(refused.value)


def test_tagged_strings_become_plain() -> None:
    """Ansible-core 2.19 and later hand in subclasses of str, which other libraries need not take."""

    class Tagged(str):
        __slots__ = ()

    cloud = resolve_cloud({Tagged(key): Tagged(value) for key, value in LAB.items()})
    assert {type(cloud.name), type(cloud.authority), type(cloud.graph)} == {str}
