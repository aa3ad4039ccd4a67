# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause of a failed installation, from the host's facts and the installer's log, with what to do about it.

The catalogue comes from Microsoft's support articles and from reports of administrators; the installer itself names no causes.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from .exit_codes import explain_exit_code
from .facts import AgentFacts


class Cause(t.NamedTuple):
    """What has most likely gone wrong, and what to do about it; each half of a sentence."""

    what: str
    remedy: str


_VAULT = Cause("the service Credential Manager (VaultSvc) is disabled, and setup needs it", "set its start type to manual")
_LOG_ON = Cause(
    "a service of the agent may not log on",
    "give NT SERVICE\\ALL SERVICES the right 'Log on as a service' in the group policy that took it away",
)
_HALF_REMOVED = Cause(
    "an earlier installation is half removed: it stands under Programs and Features, but its files are gone",
    "run agent_install with 'state: absent', then install again",
)
_WINDOWS = Cause("the package does not serve this Windows", "use Windows Server 2016 or newer, not a client edition")
_DISK = Cause("the disk is full", "make room on the system drive")
_BUSY = Cause("another installation holds Windows Installer, or hangs", "look for msiexec.exe on the host, or restart the host")

#: What a number in the log tells, the more telling first; the words around it may be in the host's language.
_CODES = (
    (re.compile(r"0x81f40001", re.IGNORECASE), _WINDOWS),
    # ERROR_SERVICE_LOGON_FAILED, ERROR_LOGON_FAILURE, ERROR_LOGON_TYPE_NOT_GRANTED, and Windows Installer's own 1920.
    (re.compile(r"0x8007042d|0x8007052e|0x80070569|\b1920\. ", re.IGNORECASE), _LOG_ON),
    (re.compile(r"0x80070070", re.IGNORECASE), _DISK),
)
#: What a line of the log tells in English, the more telling first.
_LINES = (
    (re.compile(r"requires Windows Server|bundle condition evaluated to false", re.IGNORECASE), _WINDOWS),
    (re.compile(r"VaultSvc|Credential Manager", re.IGNORECASE), _VAULT),
    (re.compile(r"sufficient privileges to start system services|logon failure", re.IGNORECASE), _LOG_ON),
    (re.compile(r"not enough space|disk (is )?full", re.IGNORECASE), _DISK),
)
_NUMBERS = {112: _DISK, 1618: _BUSY, 1069: _LOG_ON, 0x81F40001: _WINDOWS}


def likely_cause(exit_code: int, log: str, before: AgentFacts) -> Cause | None:
    """Return why an installation failed, None where nothing tells.

    Args:
        exit_code: the installer's.
        log: the end of its log.
        before: the host's facts from before it ran.
    """
    number = explain_exit_code(exit_code).number
    if before.vault.start_type == "disabled":
        return _VAULT
    if number in _NUMBERS:
        return _NUMBERS[number]
    for pattern, cause in (*_CODES, *_LINES):
        if pattern.search(log):
            return cause
    return _HALF_REMOVED if number == 1603 and is_half_removed(before) else None


def is_half_removed(facts: AgentFacts) -> bool:
    """Whether rows of the agent stand under Programs and Features without its program."""
    product = facts.product
    return product.version is None and any(not row.updater for row in product.uninstall)
