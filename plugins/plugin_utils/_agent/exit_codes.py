# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer's exit codes mean.

The bundle is a WiX Burn one: it hands through Windows Installer's codes, as they are or as HRESULT (0x8007xxxx, seen as a
negative number). None of this is documented for the agent; the table follows Windows Installer's and Burn's conventions.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import enum
import typing as t

_WIN32_FACILITY = 0x80070000


class Outcome(enum.Enum):
    """How an installation ended."""

    DONE = "done"
    RESTART_NEEDED = "restart needed"
    BUSY = "busy"
    FAILED = "failed"


class ExitCode(t.NamedTuple):
    """One exit code: its number without the HRESULT prefix, what it means, and what to do about it."""

    number: int
    outcome: Outcome
    meaning: str
    remedy: str


_TABLE = (
    ExitCode(0, Outcome.DONE, "done", ""),
    ExitCode(3010, Outcome.RESTART_NEEDED, "done, the host must restart", "restart the host"),
    ExitCode(1641, Outcome.RESTART_NEEDED, "done, the installer has begun to restart the host", "wait for the host"),
    ExitCode(87, Outcome.FAILED, "the package did not accept its arguments", "check that the file is the agent's own bundle"),
    ExitCode(112, Outcome.FAILED, "the disk is full", "make room on the system drive, then run it again"),
    ExitCode(1069, Outcome.FAILED, "a service may not log on", "give it the right 'Log on as a service', then run it again"),
    ExitCode(1601, Outcome.FAILED, "Windows Installer cannot be reached", "start the service msiserver, then run it again"),
    ExitCode(1602, Outcome.FAILED, "the installation was cancelled", "look for somebody at the host's desktop, then run it again"),
    ExitCode(
        1603,
        Outcome.FAILED,
        "the installation failed and was rolled back",
        "read the log: mostly a service may not log on (right 'Log on as a service'), Credential Manager (VaultSvc) is "
        "disabled, or an earlier installation is half removed",
    ),
    ExitCode(1618, Outcome.BUSY, "another installation is running on the host", "run it again when that one has ended"),
    ExitCode(1605, Outcome.FAILED, "the product is not installed", "look under Programs and Features for what is left of it"),
    ExitCode(1612, Outcome.FAILED, "the installer's source is gone", "repair the agent with a package, then run it again"),
    ExitCode(1619, Outcome.FAILED, "the package could not be opened", "fetch it again"),
    ExitCode(1625, Outcome.FAILED, "a policy forbids the installation", "look at the host's software restriction policies"),
    ExitCode(1639, Outcome.FAILED, "the installer did not accept its arguments", "check that the file is the agent's own package"),
    ExitCode(
        1638, Outcome.FAILED, "a newer version is installed already", "ask for that version or a newer one; a downgrade is not possible"
    ),
)
#: What Burn answers with when a condition of the bundle does not hold: this Windows is not served, or the like.
_BURN_BLOCKED = 0x81F40001
_BY_NUMBER = {code.number: code for code in _TABLE}


def explain_exit_code(code: int) -> ExitCode:
    """Return the meaning of a process's exit code, given as Windows does (also as a negative HRESULT)."""
    unsigned = code & 0xFFFFFFFF
    number = unsigned & 0xFFFF if unsigned & 0xFFFF0000 == _WIN32_FACILITY else unsigned
    # ERROR_PRODUCT_VERSION in its HRESULT form is 0x80070666 = 1638.
    known = _BY_NUMBER.get(number)
    if known:
        return known
    if unsigned == _BURN_BLOCKED:
        return ExitCode(unsigned, Outcome.FAILED, "a condition of the package does not hold", "read the log for the condition")
    return ExitCode(number, Outcome.FAILED, f"unknown exit code 0x{unsigned:08x}", "read the log that is named in the result")
