# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked of a module's options beyond their types, before a host is asked anything.

A module's own task stops at the first wrong option; the role reads all that is wrong with its variables for all modules.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._agent.settings import wanted_settings
from .._core.clouds import resolve_cloud
from .._core.errors import ConfigurationError
from .._core.redaction import masked_address
from .._core.version import parse_version
from .._host.probe import chosen_endpoints
from .._package.proof import package_rules
from .._package.transfer import require_https_url, require_proxy_url
from .._sign_in.acquire import scope_for
from .._sign_in.options import read_sign_in
from .rules import (
    Options,
    require_both,
    require_dns_name,
    require_eula,
    require_guid,
    require_host_path,
    require_managed_account,
    require_no_kept_files,
    require_not_negative,
    require_positive,
    require_readable,
)

#: Refuses an option with a sentence, by a ConfigurationError.
Validator = Callable[[Options], None]


def require_valid(module: str, options: Options) -> None:
    """Refuse a module's options at the first that is wrong.

    Raises:
        ConfigurationError: it is wrong.
    """
    for error in problems(module, options):
        raise error


def problems(module: str, options: Options) -> Iterator[ConfigurationError]:
    """Return everything that is wrong with a module's options, as its argument specification has let them through."""
    for validate in _VALIDATORS[module]:
        try:
            validate(options)
        except ConfigurationError as error:
            yield error


def _tenant(options: Options) -> None:
    if options["tenant_id"]:
        require_guid("tenant_id", options["tenant_id"])


def _expected_tenant(options: Options) -> None:
    if options["expect"]["tenant_id"]:
        require_guid("expect.tenant_id", options["expect"]["tenant_id"])


def _cloud(options: Options) -> None:
    resolve_cloud(options["cloud"])


def _ca_path(options: Options) -> None:
    if options["ca_path"]:
        require_readable("ca_path", options["ca_path"], "a file of CA certificates")


def _request_timeout(options: Options) -> None:
    require_positive(options, "request_timeout")


def _execution_timeout(options: Options) -> None:
    require_positive(options, "execution_timeout")


def _lock_timeout(options: Options) -> None:
    require_positive(options, "lock_timeout")


def _timeout(options: Options) -> None:
    require_positive(options, "timeout")


def _sign_in(options: Options) -> None:
    if options["sign_in"]:
        read_sign_in(options["sign_in"])


def _package(options: Options) -> None:
    package_rules(options, options["version"])


def _settings(options: Options) -> None:
    wanted_settings(options["settings"] or {})


def _dest(options: Options) -> None:
    require_host_path("dest", options["dest"])


def _transfer(options: Options) -> None:
    if options["retries"] < 0:
        raise ConfigurationError(f"'retries' is {options['retries']}: give the number of further tries, 0 for none.")
    require_proxy_url(options["proxy_url"])
    require_both(options, "proxy_username", "proxy_password")
    if options["proxy_use_default_credential"] and options["proxy_username"]:
        raise ConfigurationError("'proxy_use_default_credential' and 'proxy_username' exclude each other: give one of them.")
    if options["proxy_use_default_credential"] and options["source"] == "controller":
        raise ConfigurationError("'proxy_use_default_credential' is for hosts only: give 'proxy_username' with 'source: controller'.")


def _source(options: Options) -> None:
    if options["source"] == "file":
        require_readable("src", options["src"] or "", "the package")
    elif options["source"] == "share":
        require_host_path("src", options["src"] or "")
    else:
        url = options["url"] or resolve_cloud(options["cloud"]).download_url
        if not url:
            raise ConfigurationError("No download URL is known for this cloud: give one in 'url', or a file in 'src'.")
        require_https_url("url", str(url))


def _fetch_secret(options: Options) -> None:
    url = options["url"] or ""
    if options["source"] == "host" and (options["proxy_password"] or masked_address(url) != url):
        require_no_kept_files("the proxy's password, or the key in the package's address,")


def _registration_secret(options: Options) -> None:
    require_no_kept_files("the token of the sign-in and the domains' passwords")


def _eula(options: Options) -> None:
    # A removal needs no licence.
    if options["state"] != "absent":
        require_eula(options)


def _path(options: Options) -> None:
    require_host_path("path", options["path"])


def _environment_name(options: Options) -> None:
    name = options["environment_name"]
    if name and not name.isalnum():
        raise ConfigurationError(f"'environment_name' is '{name}': give a cloud's name, such as AzureCloud.")


def _domains(options: Options) -> None:
    if not options["domains"]:
        raise ConfigurationError("'domains' is empty: name at least one Active Directory domain, with an administrator's account.")
    for domain in options["domains"]:
        require_dns_name(domain["name"])


def _gmsa(options: Options) -> None:
    gmsa = options["gmsa"] or {}
    require_managed_account(gmsa.get("name"))
    if bool(gmsa.get("username")) != bool(gmsa.get("password")):
        raise ConfigurationError("'gmsa' has only one of username and password: give both, or none of them.")
    if gmsa.get("name") and gmsa.get("username"):
        raise ConfigurationError("'gmsa' has a name and a username: give the name of an account that exists, or who makes one.")


def _renewal(options: Options) -> None:
    require_not_negative(options, "certificate_renewal_days", "days")


def _may_register(options: Options) -> None:
    sign_in = read_sign_in(options["sign_in"]) if options["sign_in"] else None
    scope_for(sign_in, resolve_cloud(options["cloud"]), "registration")


def _expected_version(options: Options) -> None:
    if options["expect"]["version"]:
        parse_version(options["expect"]["version"])


def _expected_renewal(options: Options) -> None:
    require_not_negative(options["expect"], "certificate_renewal_days", "days")


def _expected_account(options: Options) -> None:
    require_managed_account(options["expect"]["service_account"])


def _probe(options: Options) -> None:
    require_positive(options, "probe_timeout")
    chosen_endpoints(options["endpoints"], resolve_cloud(options["cloud"]), options["tenant_id"])


def _events(options: Options) -> None:
    require_not_negative(options, "events_since", "hours")


def _wait(options: Options) -> None:
    require_not_negative(options, "wait", "seconds")


def _asked_of_cloud(options: Options) -> None:
    if options["sign_in"] and options["tenant_id"]:
        return
    if options["registration_check"]:
        raise ConfigurationError("'registration_check' is set: give 'tenant_id' and 'sign_in', or set it to false.")
    for name in ("cloud_check", "sync_check"):
        if options[name] == "required":
            raise ConfigurationError(f"'{name}' is required: give 'tenant_id' and 'sign_in', or set it to best_effort or off.")


_CLOUD = (_cloud, _ca_path, _request_timeout)

_VALIDATORS: dict[str, tuple[Validator, ...]] = {
    "agent_download": (require_eula, _timeout, _execution_timeout, *_CLOUD, _dest, _transfer, _package, _source, _fetch_secret),
    "agent_install": (_timeout, _execution_timeout, _path, _eula, _environment_name, _package, _settings),
    "agent_options": (),
    "agent_register": (
        *(_tenant, _timeout, _execution_timeout, _lock_timeout, *_CLOUD, _domains, _gmsa, _renewal),
        *(_sign_in, _may_register, _registration_secret),
    ),
    "agent_report": (),
    "agent_verify": (
        *(_execution_timeout, _tenant, _expected_tenant, _expected_version, _expected_renewal, _expected_account),
        *(*_CLOUD, _sign_in, _asked_of_cloud, _probe, _events, _settings, _wait),
    ),
    "sign_in": (_tenant, *_CLOUD),
}
