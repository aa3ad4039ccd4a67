# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables: which option of which module each gives, and what is wrong with them, by the modules' own validators.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .specs import SPECS, Spec
from .texts import read_texts
from .validators import problems

Options = dict[str, t.Any]
Variables = t.Mapping[str, t.Any]

PREFIX = "provisioning_agent_"

#: An option in a sentence.
_OPTION = re.compile(r"'(\w++)(?=['.:])")

#: The modules that each of the role's entry points runs.
MODULES = {
    "main": ("agent_verify", "agent_download", "agent_install", "agent_register"),
    "verify": ("agent_verify",),
    "remove": ("agent_install",),
}

#: Options that are variables of another name; all others have the option's own, behind the prefix.
RENAMED = {
    "agent_download": {"dest": "package_path", "timeout": "download_timeout"},
    "agent_install": {"path": "package_path", "timeout": "install_timeout"},
    "agent_register": {"timeout": "register_timeout"},
    "agent_verify": {"prerequisites": "preflight"},
}

#: Options that are no variables: the role sets them itself, or leaves them as they are, since they are not for a whole fleet.
NO_VARIABLES = {
    "agent_download": ("force", "request_timeout", "state"),
    "agent_install": ("environment_name",),
    "agent_register": ("force", "request_timeout"),
    "agent_verify": ("expect", "fail_on", "registration_check", "request_timeout"),
}

#: The options of a removal; the others of the module are for an agent that stays.
_REMOVAL = ("execution_timeout", "path", "timeout")

#: Lists where an empty one says something else than none: no endpoints are tried, no issuer is judged, no domain is served.
_MEANT_EMPTY = ("domains", "endpoint_issuers", "endpoints")

#: Addresses whose query may be a key, such as a shared access signature.
_ADDRESSES_WITH_KEYS = ("url",)

#: Variables that the role itself decides by.
ROLE: Spec = {
    "execution_timeout": SPECS["agent_install"]["execution_timeout"],
    "fail_on": {"type": "str", "choices": ["fail", "warn", "never"], "default": "fail"},
    "reboot": {"type": "bool", "default": False},
    "reboot_timeout": {"type": "int", "default": 600},
    "report_dir": {"type": "str", "default": "provisioning_agent_report"},
    "state": {"type": "str", "choices": ["present", "latest", "repaired"], "default": "present"},
}

#: Which of them each entry point asks for. The report's folder is the business of the entry point report, which checks nothing.
_ROLE_VALUES = {
    "main": ("execution_timeout", "fail_on", "reboot", "reboot_timeout", "state"),
    "verify": ("fail_on",),
    "remove": ("execution_timeout", "reboot", "reboot_timeout"),
}


def variables_of(module: str) -> dict[str, str]:
    """Return the variable, without its prefix, of each option that a module takes from the role."""
    names = [name for name in SPECS[module] if name not in NO_VARIABLES[module]]
    return {name: RENAMED[module].get(name, name) for name in names}


def needed_variables(entry_point: str) -> list[str]:
    """Return the variables, without their prefix, that an entry point and the options of its modules are made from."""
    if entry_point == "remove":
        return sorted({*_ROLE_VALUES[entry_point], *(variables_of("agent_install")[name] for name in _REMOVAL)})
    names = {name for module in MODULES[entry_point] for name in variables_of(module).values()}
    # agent_verify expects the domains and the account that agent_register sets.
    return sorted(names | {"certificate_renewal_days", "domains", "gmsa", "version", *_ROLE_VALUES[entry_point]})


def read_variables(variables: Variables) -> Options:
    """Return the role's variables with every text of a list or a dictionary read, as `-e` and AWX's surveys send them.

    Raises:
        ConfigurationError: a text is neither.
    """
    spec = {name: SPECS[module][option] for module in MODULES["main"] for option, name in variables_of(module).items()}
    return read_texts(spec, variables, PREFIX)


def role_values(variables: Variables, entry_point: str) -> Options:
    """Return what the role itself decides by at an entry point, each value of its type."""
    return t.cast(Options, _checked_of_role(variables, entry_point).validated_parameters)


def _checked_of_role(variables: Variables, entry_point: str) -> t.Any:
    names = _ROLE_VALUES[entry_point]
    given = {name: variables[name] for name in names if variables.get(name) not in (None, "")}
    return ArgumentSpecValidator({name: ROLE[name] for name in names}).validate(given)


def role_options(variables: Variables, entry_point: str) -> dict[str, Options]:
    """Return the options of the modules that an entry point runs, those that are not given left out.

    Args:
        variables: the role's variables without their prefix; what is not set is left out.
        entry_point: main, verify or remove.
    """
    given = {name: value for name, value in variables.items() if _is_given(name, value)}
    options = {module: _named(module, given) for module in MODULES[entry_point]}
    if entry_point == "remove":  # which needs no licence
        options["agent_install"]["state"] = "absent"
    if "agent_verify" in options:
        # The role fails a host itself, after the report is written.
        options["agent_verify"].update(expect=_expect(given), fail_on="never", registration_check=entry_point == "main")
    if "agent_download" in options:
        # Neither an installed agent nor a package on the host says what the source has.
        options["agent_download"]["state"] = "present" if given.get("state", "present") == "present" else "latest"
    return options


def _is_given(name: str, value: t.Any) -> bool:
    return value not in (None, "") and (name in _MEANT_EMPTY or value not in ([], {}))


def _named(module: str, given: Variables) -> Options:
    return {option: given[name] for option, name in variables_of(module).items() if name in given}


def _expect(given: Variables) -> Options:
    """Return what agent_verify is to expect."""
    account = given["gmsa"].get("name") if isinstance(given.get("gmsa"), t.Mapping) else None
    whole = {
        "certificate_renewal_days": given.get("certificate_renewal_days"),
        "domains": [domain["name"] for domain in _domains(given) if _has_name(domain)],
        "service_account": account,
        "version": given.get("version"),
    }
    return {name: value for name, value in whole.items() if value not in (None, "")}


def _domains(given: Variables) -> list[t.Any]:
    """Return the entries of the domains, whatever they are; agent_register's specification says what they must be."""
    domains = given.get("domains")
    return domains if isinstance(domains, list) else []


def _has_name(domain: t.Any) -> bool:
    return isinstance(domain, t.Mapping) and bool(domain.get("name"))


def open_options(module: str, options: Options) -> Options:
    """Return the options without those that carry secrets, which are no part of any task's result."""
    return {name: value for name, value in options.items() if not may_carry_secret(module, name)}


def may_carry_secret(module: str, name: str) -> bool:
    """Whether an option, or one of its suboptions, is a secret, or an address that may carry one."""
    return name in _ADDRESSES_WITH_KEYS or _is_secret(SPECS[module].get(name, {}))


def _is_secret(option: t.Mapping[str, t.Any]) -> bool:
    return bool(option.get("no_log")) or any(_is_secret(part) for part in option.get("options", {}).values())


def input_errors(variables: Variables, entry_point: str) -> list[str]:
    """Return one sentence for each variable that the role cannot work with; none when all is well."""
    found = [sentence for module, options in role_options(variables, entry_point).items() for sentence in _wrong(module, options)]
    found += [*_wrong_domains(variables, entry_point), *_wrong_of_role(variables, entry_point)]
    # One wrong value, such as the cloud, may spoil the options of several modules: each sentence is said once.
    return list(dict.fromkeys(found))


def _wrong(module: str, options: Options) -> Iterator[str]:
    checked = ArgumentSpecValidator(SPECS[module]).validate(options)
    if checked.error_messages:
        yield from (f"The role's variables are wrong: {message}." for message in checked.error_messages)
        return
    for error in problems(module, checked.validated_parameters):
        yield in_role_terms(str(error), module)


def _wrong_domains(variables: Variables, entry_point: str) -> Iterator[str]:
    """Return what is wrong with the domains where agent_register, which takes them as they are, is not run."""
    domains = variables.get("domains")
    if entry_point != "verify" or domains in (None, ""):
        return
    if not isinstance(domains, list) or not all(map(_has_name, domains)):
        yield f"'{PREFIX}domains' is no list of dictionaries with a name: write each domain as {{name: corp.example.com}}."


def _wrong_of_role(variables: Variables, entry_point: str) -> Iterator[str]:
    """Return what is wrong with the variables that the role itself decides by."""
    checked = _checked_of_role(variables, entry_point)
    yield from (f"The role's variables are wrong: {message}." for message in checked.error_messages)
    seconds = checked.validated_parameters.get("reboot_timeout", 1)
    if not checked.error_messages and seconds < 1:
        yield f"'{PREFIX}reboot_timeout' is {seconds}: give a number of seconds greater than 0."


def in_role_terms(sentence: str, module: str) -> str:
    """Return a module's sentence with the role's variables in place of its options, which stand in quotes."""
    names = variables_of(module)
    return _OPTION.sub(lambda found: f"'{PREFIX}{names[found[1]]}" if found[1] in names else found[0], sentence)
