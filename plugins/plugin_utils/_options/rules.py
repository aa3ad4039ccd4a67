# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an option's value must be, beyond its type: each function refuses a wrong one with a sentence.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import ntpath
import os
import re
import typing as t

from ansible import constants

from .._core.errors import ConfigurationError

Options = t.Mapping[str, t.Any]

#: A part of a domain's name: Active Directory takes underscores and letters of any alphabet, which the names of hosts do not have.
_LABEL = r"\w++(?:-++\w++)*+"
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})++")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def require_eula(options: Options) -> None:
    """Refuse to go on without the licence's acceptance, which the portal's "Accept terms & download" asks of a person."""
    if not options["accept_eula"]:
        raise ConfigurationError(
            "The agent's licence terms are not accepted: read them in the Entra admin center and set 'accept_eula: true'."
        )


def require_guid(option: str, value: str) -> None:
    """Refuse an id that is no GUID."""
    if not _GUID.fullmatch(value):
        raise ConfigurationError(f"'{option}' is '{value}', which is no GUID: give the tenant's id as 8-4-4-4-12 hexadecimal digits.")


def require_dns_name(value: str) -> None:
    """Refuse a domain that is not named in full."""
    if not _DNS_NAME.fullmatch(value):
        raise ConfigurationError(f"'{value}' in 'domains' is no DNS name: write it in full, such as corp.example.com.")


def require_managed_account(value: str | None) -> None:
    """Refuse a service account that cannot be a group managed service account: their names end in a dollar sign."""
    if value and not value.endswith("$"):
        raise ConfigurationError(f"The service account '{value}' is no group managed service account: its name must end in '$'.")


def require_host_path(option: str, value: str) -> None:
    """Refuse a path on the host that is not a full one."""
    if not ntpath.splitdrive(value)[0] or not ntpath.isabs(value):
        raise ConfigurationError(f"'{option}' is '{value}': give the full path on the host, such as C:\\packages\\setup.exe.")


def require_positive(options: Options, *names: str) -> None:
    """Refuse time limits of no length."""
    for name in names:
        if options[name] < 1:
            raise ConfigurationError(f"'{name}' is {options[name]}: give a number of seconds greater than 0.")


def require_not_negative(options: Options, name: str, unit: str) -> None:
    """Refuse a number below 0."""
    if options[name] < 0:
        raise ConfigurationError(f"'{name}' is {options[name]}: give a number of {unit}, 0 or more.")


def require_both(options: Options, *names: str) -> None:
    """Refuse one of two options that belong together without the other."""
    if len({bool(options[name]) for name in names}) > 1:
        raise ConfigurationError(f"Only one of '{names[0]}' and '{names[1]}' is set: give both, or none of them.")


def require_readable(option: str, value: str, what: str) -> None:
    """Refuse a file on the controller that cannot be read."""
    if not os.path.isfile(value) or not os.access(value, os.R_OK):
        raise ConfigurationError(f"'{option}' is '{value}', which cannot be read on the controller: give the path of {what}.")


def require_no_kept_files(what: str) -> None:
    """Refuse to hand a host secrets when Ansible leaves there what it sends: with this setting it writes each module to a file first."""
    if constants.DEFAULT_KEEP_REMOTE_FILES:
        raise ConfigurationError(
            f"Ansible keeps its files on hosts (ANSIBLE_KEEP_REMOTE_FILES, or keep_remote_files in ansible.cfg), and would leave {what} "
            "there in a file: switch that off for this task. What only looks at hosts may keep it."
        )
