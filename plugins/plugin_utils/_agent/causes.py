# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause of a failed installation, from the host's facts and the installer's log, with what to do about it.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .._troubleshooting.entries import Entry, Symptom
from .._troubleshooting.installation import HALF_REMOVED, INSTALLATION, VAULT_DISABLED
from .exit_codes import explain_exit_code
from .facts import AgentFacts


def likely_cause(exit_code: int, log: str, before: AgentFacts) -> Entry | None:
    """Return why an installation failed, None where no cause is known.

    Args:
        exit_code: the installer's.
        log: the end of its log.
        before: the host's facts from before it ran.
    """
    disabled = (VAULT_DISABLED,) if before.vault.start_type == "disabled" else ()
    found = INSTALLATION.find(Symptom(log, codes=(*disabled, exit_code)))
    half_removed = explain_exit_code(exit_code).number == 1603 and is_half_removed(before)
    return found or (INSTALLATION.find(Symptom(codes=(HALF_REMOVED,))) if half_removed else None)


def is_half_removed(facts: AgentFacts) -> bool:
    """Whether rows of the agent stand under Programs and Features without its program."""
    product = facts.product
    return product.version is None and any(not row.updater for row in product.uninstall)
