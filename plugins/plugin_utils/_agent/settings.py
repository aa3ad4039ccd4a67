# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that belong to the installed agent: its proxy and FIPS switch (exe.config), and its registry tunables.

What is to change is decided here from the host's facts, by the same rules that powershell/library/settings.ps1 changes it by.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from .._core.errors import ConfigurationError
from .._core.redaction import masked_address
from .facts import AgentFacts, ConfiguredProxy

Settings = dict[str, t.Any]


class _Tunable(t.NamedTuple):
    """A value below the agent's registry key: its name there, the kind that the agent reads, and its limits."""

    name: str
    kind: str
    least: int
    most: int


#: Documented as REG_SZ, although they are numbers, except for the length of a password.
_TUNABLES = {
    "ldap_connection_timeout": _Tunable("LdapConnectionTimeoutInMilliseconds", "String", 1, 2**31 - 1),
    "referral_chasing_options": _Tunable("ReferralChasingOptions", "String", 0, 2**31 - 1),
    "user_password_length": _Tunable("UserPasswordLength", "DWord", 127, 256),
}

#: The suboptions of agent_install's option settings.
SETTINGS: dict[str, dict[str, t.Any]] = {
    "enforce_fips_policy": {"type": "bool"},
    **{name: {"type": "int"} for name in _TUNABLES},
    "proxy": {
        "type": "dict",
        "options": {
            "bypass_list": {"type": "list", "elements": "str", "default": []},
            "bypass_on_local": {"type": "bool", "default": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "url": {"type": "str"},
            "use_default_credentials": {"type": "bool", "default": True},
        },
        "required_if": [("state", "present", ("url",))],
    },
    "reset": {"type": "list", "elements": "str", "choices": sorted(_TUNABLES), "default": []},
}
#: Digits of the largest number that the registry holds.
_DIGITS = 20
_PROXY_PARTS = ("url", "bypass_on_local", "use_default_credentials", "bypass_list")


def wanted_settings(options: Settings) -> Settings:
    """Return the settings as Set-AgentSetting takes them; empty when none is given.

    Returns:
        proxy (or None), enforce_fips_policy (or None), tunables (name, value as text, kind; the kind None takes the value away).

    Raises:
        ConfigurationError: a value is out of range, or the proxy's address is none.
    """
    tunables = [_tunable(name, options[name]) for name in _TUNABLES if options.get(name) is not None]
    for name in options.get("reset") or []:
        if options.get(name) is not None:
            raise ConfigurationError(f"'settings' sets '{name}' and resets it: do one of both.")
        tunables.append({"name": _TUNABLES[name].name, "value": "", "kind": "None"})
    proxy = _proxy(options["proxy"]) if options.get("proxy") else None
    fips = options.get("enforce_fips_policy")
    if proxy is None and fips is None and not tunables:
        return {}
    return {"proxy": proxy, "enforce_fips_policy": fips, "tunables": tunables}


def _tunable(name: str, value: int) -> Settings:
    tunable = _TUNABLES[name]
    if not tunable.least <= value <= tunable.most:
        raise ConfigurationError(f"'{name}' in 'settings' is {value}: give a number from {tunable.least} to {tunable.most}.")
    return {"name": tunable.name, "value": str(value), "kind": tunable.kind}


def _proxy(proxy: Settings) -> Settings:
    if proxy["state"] == "absent":
        return {"state": "absent"}
    url = proxy["url"] or ""  # Ansible takes a null for given
    try:
        parts = urllib.parse.urlsplit(url)
        # .NET Framework, on which the agent runs, knows no proxy by https. Without a port it takes 80.
        valid = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(f"The proxy's address '{masked_address(url)}' is not well-formed: write http://HOST:PORT.")
    if parts.username or parts.password is not None:
        raise ConfigurationError(
            f"The proxy's address '{masked_address(url)}' carries a user name or a password, which the agent's file must not "
            "hold: let the proxy admit the host, or the agent's account by 'use_default_credentials'."
        )
    return {"state": "present", **{part: proxy[part] for part in _PROXY_PARTS}}


def settings_in_force(facts: AgentFacts) -> Settings:
    """Return the settings that a host has, by the names of the options; what it has not is left out."""
    file = facts.product.configuration
    found: Settings = {}
    if file.proxy and file.proxy.enabled and file.proxy.url:
        found["proxy"] = _proxy_parts(file.proxy)
    if file.enforce_fips_policy is not None:
        found["enforce_fips_policy"] = file.enforce_fips_policy
    values = {tunable.name: tunable.value for tunable in file.tunables}
    return found | {name: _number(values[tunable.name]) for name, tunable in _TUNABLES.items() if tunable.name in values}


def whole_number(text: str) -> int | None:
    """Return the number that a registry value holds as text; None when it is none, or longer than any that counts."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def _number(text: str) -> int | str:
    number = whole_number(text)
    return text if number is None else number


def settings_to_change(facts: AgentFacts, wanted: Settings) -> list[str]:
    """Return the names of the wanted settings that differ on a host."""
    if not wanted:
        return []
    file = facts.product.configuration
    # What a malformed file says is not known: nothing in it counts as set, and the attempt to set it is refused.
    malformed = file.present and not file.well_formed
    differing = []
    if wanted["proxy"] and (malformed or not _same_proxy(file.proxy, wanted["proxy"])):
        differing.append("proxy")
    fips = wanted["enforce_fips_policy"]
    if fips is not None and (malformed or fips != (file.enforce_fips_policy is not False)):
        differing.append("enforce_fips_policy")
    found = {tunable.name: (tunable.value, tunable.kind) for tunable in file.tunables}
    names = {tunable.name: name for name, tunable in _TUNABLES.items()}
    return differing + [names[tunable["name"]] for tunable in wanted["tunables"] if found.get(tunable["name"]) != _value_and_kind(tunable)]


def _value_and_kind(tunable: Settings) -> tuple[str, str] | None:
    """Return what the registry is to hold, None for nothing."""
    return None if tunable["kind"] == "None" else (tunable["value"], tunable["kind"])


def _same_proxy(found: ConfiguredProxy | None, wanted: Settings) -> bool:
    if wanted["state"] == "absent":
        return found is None
    return found is not None and found.enabled and _proxy_parts(found) == {part: wanted[part] for part in _PROXY_PARTS}


def _proxy_parts(proxy: ConfiguredProxy) -> Settings:
    """Return a proxy as the option gives it. An administrator may have put a password into the file, which no result shows."""
    parts = {part: getattr(proxy, part) for part in _PROXY_PARTS}
    return {**parts, "url": masked_address(proxy.url), "bypass_list": list(proxy.bypass_list)}


def settings_predicted(facts: AgentFacts, wanted: Settings) -> Settings:
    """Return the settings that a host would have after the wanted ones were applied."""
    found = settings_in_force(facts)
    if not wanted:
        return found
    if wanted["proxy"]:
        found.pop("proxy", None)
        if wanted["proxy"]["state"] == "present":
            found["proxy"] = {part: wanted["proxy"][part] for part in _PROXY_PARTS}
    if wanted["enforce_fips_policy"] is not None and "enforce_fips_policy" in settings_to_change(facts, wanted):
        found.pop("enforce_fips_policy", None)
        if not wanted["enforce_fips_policy"]:
            found["enforce_fips_policy"] = False
    names = {tunable.name: name for name, tunable in _TUNABLES.items()}
    for tunable in wanted["tunables"]:
        found.pop(names[tunable["name"]], None)
        if tunable["kind"] != "None":
            found[names[tunable["name"]]] = int(tunable["value"])
    return found
