# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer's exit codes mean.

The bundle is made with WiX Burn. It hands through Windows Installer's codes, as they are or as HRESULT (0x8007xxxx, seen as a
negative number). None of this is documented for the agent; the table follows Windows Installer's and Burn's conventions.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import enum

from .entries import Chapter, Entry
from .sources import BURN, WINDOWS, WINDOWS_INSTALLER


class Outcome(enum.Enum):
    """How an installation ended."""

    DONE = "done"
    RESTART_NEEDED = "restart needed"
    BUSY = "busy"
    FAILED = "failed"


EXIT_CODES = Chapter(
    title="Exit codes of the installer",
    about="`agent_install` returns the code as `exit_code` and this meaning as `exit_meaning`. A negative number is the same code as an "
    "HRESULT: -2147023293 is 0x80070643, which is 1603.",
    otherwise="read the log that is named in the result",
    entries=(
        Entry(codes=(0,), kind=Outcome.DONE, meaning="done", remedy="", source=WINDOWS_INSTALLER),
        Entry(
            codes=(3010,),
            kind=Outcome.RESTART_NEEDED,
            meaning="done, the host must restart",
            remedy="restart the host",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1641,),
            kind=Outcome.RESTART_NEEDED,
            meaning="done, the installer has begun to restart the host",
            remedy="wait for the host",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(87,),
            kind=Outcome.FAILED,
            meaning="the package did not accept its arguments",
            remedy="check that the file is the agent's own bundle",
            source=BURN,
        ),
        Entry(
            codes=(112,),
            kind=Outcome.FAILED,
            meaning="the disk is full",
            remedy="make room on the system drive, then run it again",
            source=WINDOWS,
        ),
        Entry(
            codes=(1069,),
            kind=Outcome.FAILED,
            meaning="a service may not log on",
            remedy="give it the right 'Log on as a service', then run it again",
            source=WINDOWS,
        ),
        Entry(
            codes=(1601,),
            kind=Outcome.FAILED,
            meaning="Windows Installer cannot be reached",
            remedy="start the service msiserver, then run it again",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1602,),
            kind=Outcome.FAILED,
            meaning="the installation was cancelled",
            remedy="look for somebody at the host's desktop, then run it again",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1603,),
            kind=Outcome.FAILED,
            meaning="the installation failed and was rolled back",
            remedy="read the log: mostly a service may not log on (right 'Log on as a service'), Credential Manager (VaultSvc) is "
            "disabled, or an earlier installation is half removed",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1605,),
            kind=Outcome.FAILED,
            meaning="the product is not installed",
            remedy="look under Programs and Features for what is left of it",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1612,),
            kind=Outcome.FAILED,
            meaning="the installer's source is gone",
            remedy="repair the agent with a package, then run it again",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1618,),
            kind=Outcome.BUSY,
            meaning="another installation is running on the host",
            remedy="run it again when that installation has ended",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1619,),
            kind=Outcome.FAILED,
            meaning="the package could not be opened",
            remedy="fetch it again",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1625,),
            kind=Outcome.FAILED,
            meaning="a policy forbids the installation",
            remedy="look at the host's software restriction policies",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(1638,),
            kind=Outcome.FAILED,
            meaning="a newer version is installed already",
            remedy="ask for that version or a newer one; a downgrade is not possible",
            source=BURN,
        ),
        Entry(
            codes=(1639,),
            kind=Outcome.FAILED,
            meaning="the installer did not accept its arguments",
            remedy="check that the file is the agent's own package",
            source=WINDOWS_INSTALLER,
        ),
        # What Burn answers with when a condition of the bundle does not hold: this Windows is not served, or the like.
        Entry(
            codes=(0x81F40001,),
            kind=Outcome.FAILED,
            meaning="a condition of the package does not hold",
            remedy="read the log for the condition",
            source=BURN,
        ),
    ),
)
