# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's service account: how it is named, and which one it has.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .facts import AGENT_SERVICE, AgentFacts


def same_account(actual: str, wanted: str) -> bool:
    """Whether two names mean one account: the host shows DOMAIN\\name$, people also write name$ or dns.domain\\name$."""
    actual_domain, actual_name = actual.lower().rpartition("\\")[::2]
    domain, name = wanted.lower().rpartition("\\")[::2]
    return actual_name == name and (not domain or "." in domain or domain == actual_domain)


def current_account(facts: AgentFacts) -> str | None:
    """Return the managed account that the agent's service logs on with, None while it has none."""
    name = facts.service(AGENT_SERVICE).account
    return name if name and name.endswith("$") else None
