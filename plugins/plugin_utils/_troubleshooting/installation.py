# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an installation fails: the likely causes, by what the host was like, the exit code and the log. The installer names none.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .entries import Chapter, Entry
from .sources import PREREQUISITES, REPORTED, SETUP_LOG, TROUBLESHOOT, WINDOWS, WINDOWS_INSTALLER

#: Causes that the host's facts from before the installation show, as codes.
VAULT_DISABLED = "VaultSvc is disabled"
HALF_REMOVED = "rows under Programs and Features, but no program"

INSTALLATION = Chapter(
    title="Causes of a failed installation",
    about="The installer's exit codes say little. `agent_install` looks for the cause in the host's state before the installation, the "
    "exit code, the codes in the installer's log, and last the log's English words. It returns the cause as `cause`.",
    otherwise="read the log that is named in the result",
    entries=(
        Entry(
            codes=(0x81F40001,),
            words=r"requires Windows Server|bundle condition evaluated to false",
            seen=("This product requires Windows Server 2012 R2 or higher.", "Bundle condition evaluated to false"),
            meaning="the package does not serve this Windows",
            remedy="use Windows Server 2016 or newer, not a client edition",
            source=SETUP_LOG,
        ),
        Entry(
            codes=(VAULT_DISABLED,),
            words=r"VaultSvc|Credential Manager",
            seen=("VaultSvc", "Credential Manager"),
            meaning="the service Credential Manager (VaultSvc) is disabled, and setup needs it",
            remedy="set its start type to manual",
            source=PREREQUISITES,
        ),
        Entry(
            # ERROR_SERVICE_LOGON_FAILED, ERROR_LOGON_FAILURE, ERROR_LOGON_TYPE_NOT_GRANTED, and Windows Installer's own 1920.
            codes=(1069, 1326, 1385, "Error 1920"),
            words=r"sufficient privileges to start system services|logon failure",
            seen=(
                "Service failed to start. Verify that you have sufficient privileges to start system services.",
                "Logon failure",
            ),
            meaning="a service of the agent may not log on",
            remedy="give NT SERVICE\\ALL SERVICES the right 'Log on as a service' in the group policy that took it away",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=(112,),
            words=r"not enough space|disk (is )?full",
            seen=("There is not enough space on the disk.", "The disk is full."),
            meaning="the disk is full",
            remedy="make room on the system drive",
            source=WINDOWS,
        ),
        Entry(
            codes=(1618,),
            meaning="another installation holds Windows Installer, or hangs",
            remedy="look for msiexec.exe on the host, or restart the host",
            source=WINDOWS_INSTALLER,
        ),
        Entry(
            codes=(HALF_REMOVED,),
            meaning="an earlier installation is half removed: it stands under Programs and Features, but its files are gone",
            remedy="run agent_install with 'state: absent', then install again",
            source=REPORTED,
        ),
    ),
)
