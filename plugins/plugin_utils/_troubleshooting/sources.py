# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who says what errors mean. Numbers in brackets are facts of docs/product-facts.md.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .entries import Source

_LEARN = "https://learn.microsoft.com"

WINDOWS_INSTALLER = Source("Windows Installer's error codes", f"{_LEARN}/windows/win32/msi/error-codes")
WINDOWS = Source("System error codes of Windows", f"{_LEARN}/windows/win32/debug/system-error-codes")
PREREQUISITES = Source("Prerequisites of cloud sync", f"{_LEARN}/entra/identity/hybrid/cloud-sync/how-to-prerequisites")
TROUBLESHOOT = Source("Troubleshooting of cloud sync", f"{_LEARN}/entra/identity/hybrid/cloud-sync/how-to-troubleshoot")
SYNC_CODES = Source("Error codes of cloud sync", f"{_LEARN}/entra/identity/hybrid/cloud-sync/reference-error-codes")
QUARANTINE = Source("Graph: quarantine of a job", f"{_LEARN}/graph/api/resources/synchronization-synchronizationquarantine")
SIGN_IN_CODES = Source("Error codes of Microsoft Entra", f"{_LEARN}/entra/identity-platform/reference-error-codes")
BURN = Source("Conventions of WiX Burn; not documented for the agent (S9)")
REPORTED = Source("Reported by administrators")
SETUP_LOG = Source("Seen in a setup log (S11)")
INFERRED = Source("Inferred (T12)")
