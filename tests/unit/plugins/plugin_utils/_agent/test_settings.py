# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the installed agent: what is refused, what differs, and what a change would leave."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.settings import (
    SETTINGS,
    settings_in_force,
    settings_predicted,
    settings_to_change,
    wanted_settings,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from host_facts import host

PROXY = {"enabled": True, "url": "http://proxy:8080", "bypass_on_local": True, "use_default_credentials": True, "bypass_list": []}
TIMEOUT = {"name": "LdapConnectionTimeoutInMilliseconds", "value": "60000", "kind": "String"}


def wanted(**options: t.Any) -> dict[str, t.Any]:
    """Return the wanted settings for a task's options, with the defaults that Ansible fills in."""
    checked = ArgumentSpecValidator(SETTINGS).validate(options)
    assert not checked.error_messages
    return wanted_settings(checked.validated_parameters)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"proxy": {"url": "proxy:8080"}}, "write http://HOST:PORT"),
        ({"proxy": {"url": "https://proxy:8080"}}, "write http://HOST:PORT"),
        ({"proxy": {"url": "http://proxy:0"}}, "write http://HOST:PORT"),
        ({"proxy": {"url": "socks://proxy:1080"}}, "write http://HOST:PORT"),
        ({"proxy": {"url": "http://proxy:port"}}, "write http://HOST:PORT"),
        ({"proxy": {"url": "http://user:canary@proxy:8080"}}, "carries a user name or a password"),
        ({"ldap_connection_timeout": 0}, "from 1 to"),
        ({"user_password_length": 300}, "from 127 to 256"),
        ({"user_password_length": 200, "reset": ["user_password_length"]}, "do one of both"),
    ],
)
def test_bad_setting_is_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        wanted(**options)
    assert words in str(error.value)
    assert "canary" not in str(error.value)


def test_nothing_wanted_is_nothing_to_change() -> None:
    assert wanted() == {}
    assert settings_to_change(host(), {}) == []
    assert settings_predicted(host(), {}) == settings_in_force(host()) == {}


@pytest.mark.parametrize(
    ("facts", "options", "differing", "left"),
    [
        ({}, {"proxy": {"url": "http://proxy:8080"}}, ["proxy"], {"proxy"}),
        ({"proxy": PROXY}, {"proxy": {"url": "http://proxy:8080"}}, [], {"proxy"}),
        ({"proxy": PROXY}, {"proxy": {"url": "http://proxy:8080", "bypass_list": ["x"]}}, ["proxy"], {"proxy"}),
        ({"proxy": {**PROXY, "enabled": False}}, {"proxy": {"url": "http://proxy:8080"}}, ["proxy"], {"proxy"}),
        ({"proxy": PROXY}, {"proxy": {"state": "absent"}}, ["proxy"], set()),
        ({}, {"proxy": {"state": "absent"}}, [], set()),
        ({}, {"enforce_fips_policy": False}, ["enforce_fips_policy"], {"enforce_fips_policy"}),
        ({}, {"enforce_fips_policy": True}, [], set()),
        ({"enforce_fips_policy": True}, {"enforce_fips_policy": True}, [], {"enforce_fips_policy"}),
        ({"enforce_fips_policy": False}, {"enforce_fips_policy": True}, ["enforce_fips_policy"], set()),
        ({}, {"ldap_connection_timeout": 60000}, ["ldap_connection_timeout"], {"ldap_connection_timeout"}),
        ({"tunables": [TIMEOUT]}, {"ldap_connection_timeout": 60000}, [], {"ldap_connection_timeout"}),
        (
            {"tunables": [{**TIMEOUT, "kind": "DWord"}]},
            {"ldap_connection_timeout": 60000},
            ["ldap_connection_timeout"],
            {"ldap_connection_timeout"},
        ),
        ({"tunables": [TIMEOUT]}, {"reset": ["ldap_connection_timeout"]}, ["ldap_connection_timeout"], set()),
        ({}, {"reset": ["ldap_connection_timeout"]}, [], set()),
        ({"well_formed": False}, {"proxy": {"state": "absent"}, "enforce_fips_policy": True}, ["proxy", "enforce_fips_policy"], set()),
    ],
)
def test_what_differs_is_to_change(facts: dict[str, t.Any], options: dict[str, t.Any], differing: list[str], left: set[str]) -> None:
    found = host(**{f"product__configuration__{name}": value for name, value in facts.items()})
    assert settings_to_change(found, wanted(**options)) == differing
    assert set(settings_predicted(found, wanted(**options))) == left


def test_in_force_tells_what_the_host_has() -> None:
    facts = host(product__configuration__proxy=PROXY, product__configuration__tunables=[TIMEOUT, {**TIMEOUT, "name": "Other"}])
    assert settings_in_force(facts) == {
        "proxy": {key: value for key, value in PROXY.items() if key != "enabled"},
        "ldap_connection_timeout": 60000,
    }


@pytest.mark.parametrize("url", ["http://proxy", "http://proxy.contoso.lab/", "http://[2001:db8::1]:8080", "http://proxy_1:3128"])
def test_address_that_dotnet_takes_is_taken(url: str) -> None:
    assert wanted(proxy={"url": url})["proxy"]["url"] == url


@pytest.mark.parametrize("url", ["http://user:canary@proxy:8080", "user:canary@proxy:8080", "http://us:ca/nary@canary@proxy:8080/?canary"])
def test_password_in_the_hosts_own_file_is_not_shown(url: str) -> None:
    facts = host(product__configuration__proxy={**PROXY, "url": url})
    for settings in (settings_in_force(facts), settings_predicted(facts, wanted(enforce_fips_policy=False))):
        assert settings["proxy"]["url"].startswith(("http://********@proxy:8080", "********@proxy:8080"))
        assert "canary" not in str(settings)


def test_proxy_with_a_password_is_not_the_wanted_one() -> None:
    facts = host(product__configuration__proxy={**PROXY, "url": "http://user:canary@proxy:8080"})
    assert settings_to_change(facts, wanted(proxy={"url": "http://proxy:8080"})) == ["proxy"]
