# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the role's variables on the controller, before a host is touched.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._agent.settings import SETTINGS, wanted_settings
from .._core.clouds import resolve_cloud
from .._core.errors import ConfigurationError
from .._core.version import parse_version
from .._host.probe import chosen_endpoints
from .._package.proof import package_rules
from .._package.transfer import require_https_url, require_proxy_url
from .._sign_in.acquire import scope_for
from .._sign_in.options import read_sign_in
from .rules import (
    require_dns_name,
    require_guid,
    require_host_path,
    require_managed_account,
)
from .specs import PACKAGE

Variables = t.Mapping[str, t.Any]

PREFIX = "provisioning_agent_"


def input_errors(variables: Variables, *, repairs: bool) -> list[str]:
    """Return one sentence for each variable that the role cannot work with; none when all is well.

    Args:
        variables: the role's variables without their prefix; what is not set is left out.
        repairs: whether the role is to install and register, and not only to look.
    """
    checks = [_tenant, _cloud, _ca_path, _sign_in, _version, _account, _times, _settings, _endpoints]
    if repairs:
        checks += [_eula, _domains, _source, _package, _registration]
    # One wrong value, such as the cloud, may spoil several checks: each sentence is said once.
    return list(dict.fromkeys(sentence for check in checks if (sentence := _sentence_of(check, variables))))


def _sentence_of(check: Callable[[Variables], None], variables: Variables) -> str:
    try:
        check(variables)
    except ConfigurationError as error:
        return str(error)
    return ""


def _tenant(variables: Variables) -> None:
    if variables.get("tenant_id"):
        require_guid(f"{PREFIX}tenant_id", str(variables["tenant_id"]))


def _cloud(variables: Variables) -> None:
    resolve_cloud(variables["cloud"])


def _ca_path(variables: Variables) -> None:
    if variables.get("ca_path"):
        _require_readable("ca_path", variables["ca_path"], "a file of CA certificates")


def _sign_in(variables: Variables) -> None:
    if variables.get("sign_in"):
        read_sign_in(variables["sign_in"])


def _version(variables: Variables) -> None:
    if variables.get("version"):
        parse_version(str(variables["version"]))


def _endpoints(variables: Variables) -> None:
    chosen_endpoints(variables.get("endpoints") or [], resolve_cloud(variables["cloud"]), None)


def _eula(variables: Variables) -> None:
    if not variables["accept_eula"]:
        raise ConfigurationError(
            "The agent's licence terms are not accepted: read them in the Entra admin center and set "
            f"'{PREFIX}accept_eula: true'."
        )


def _domains(variables: Variables) -> None:
    if not variables["domains"]:
        raise ConfigurationError(
            f"'{PREFIX}domains' is empty: name at least one Active Directory domain, with an administrator's account."
        )
    for domain in variables["domains"]:
        require_dns_name(str(domain["name"]))


def _account(variables: Variables) -> None:
    gmsa = variables.get("gmsa") or {}
    require_managed_account(gmsa.get("name"))
    if bool(gmsa.get("username")) != bool(gmsa.get("password")):
        raise ConfigurationError(f"'{PREFIX}gmsa' has only one of username and password: give both, or none of them.")
    if gmsa.get("name") and gmsa.get("username"):
        raise ConfigurationError(f"'{PREFIX}gmsa' has a name and a username: give the name of an account that exists, or who makes one.")


def _times(variables: Variables) -> None:
    seconds = ("download_timeout", "install_timeout", "probe_timeout", "reboot_timeout", "register_timeout")
    limits = (("certificate_renewal_days", 0), ("events_since", 0), ("retries", 0), ("wait", 0), *((name, 1) for name in seconds))
    for name, least in limits:
        if name in variables and int(variables[name]) < least:
            raise ConfigurationError(f"'{PREFIX}{name}' is {variables[name]}: give a number, {least} or more.")


def _settings(variables: Variables) -> None:
    checked = ArgumentSpecValidator(SETTINGS).validate(dict(variables.get("settings") or {}))
    if checked.error_messages:
        raise ConfigurationError(f"'{PREFIX}settings': {'; '.join(checked.error_messages)}.")
    wanted_settings(checked.validated_parameters)


def _package(variables: Variables) -> None:
    defaults = {name: spec.get("default") for name, spec in PACKAGE.items()}
    given = {name: variables[name] for name in defaults if variables.get(name)}
    package_rules({**defaults, **given}, None)
    url = str(variables.get("url") or "")
    if url:
        require_https_url(f"{PREFIX}url", url)
    require_proxy_url(variables.get("proxy_url") or None)
    if bool(variables.get("proxy_username")) != bool(variables.get("proxy_password")):
        raise ConfigurationError(f"Only one of '{PREFIX}proxy_username' and '{PREFIX}proxy_password' is set: give both, or none of them.")
    if variables["source"] in ("host", "controller") and not url and not resolve_cloud(variables["cloud"]).download_url:
        raise ConfigurationError(f"No download URL is known for this cloud: give '{PREFIX}url', or a file in '{PREFIX}src'.")


def _registration(variables: Variables) -> None:
    sign_in = read_sign_in(variables["sign_in"]) if variables.get("sign_in") else None
    scope_for(sign_in, resolve_cloud(variables["cloud"]), "registration")


def _source(variables: Variables) -> None:
    if variables["source"] == "file":
        _require_readable("src", variables.get("src") or "", "the package")
    if variables["source"] == "share":
        require_host_path(f"{PREFIX}src", str(variables.get("src") or ""))


def _require_readable(name: str, value: str, what: str) -> None:
    path = os.path.expanduser(str(value))
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise ConfigurationError(
            f"'{PREFIX}{name}' is '{value}', which cannot be read on the controller: give the path of {what}."
        )
