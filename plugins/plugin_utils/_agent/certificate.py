# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the host's certificates is the agent's, and how long it still holds.

The agent signs in to Microsoft with a client certificate whose subject is the tenant id and whose extension
1.3.6.1.4.1.311.82.1 carries the agent's id. It is short-lived and the agent renews it. Other connectors of Microsoft's on the host have
certificates that look the same; each connector's file TrustSettings.xml names its own.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import datetime
import typing as t


def parse_time(text: str) -> datetime.datetime:
    """Return a payload's UTC time stamp (2026-11-25T20:00:00Z) as an aware datetime."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def current_certificate(facts: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the agent's certificate with the days left, or None.

    The one that the agent's own file names, if it names one. Else of several (each registration and renewal leaves one) the one that
    holds longest counts; those of another tenant than the registry names come last, those of other connectors not at all.

    Args:
        facts: what the payload facts.ps1 read.

    Returns:
        thumbprint, subject, issuer, agent_id, not_before, not_after (UTC), has_private_key, days_left (int, below 0 when over).
    """
    tenant_id, own, others = (facts["product"]["tenant_id"] or "").lower(), facts["trust"]["own"], facts["trust"]["others"]
    candidates = [
        one for one in facts["certificates"] if (one["thumbprint"] == own["thumbprint"] if own else one["thumbprint"] not in others)
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda one: (f"cn={tenant_id}" in one["subject"].lower(), one["not_after"]))
    left = parse_time(best["not_after"]) - parse_time(facts["host"]["time"])
    return {**best, "days_left": left.days}


def is_in_account_store(facts: t.Mapping[str, t.Any]) -> bool:
    """Whether the agent keeps its certificate in its service account's own store, where the host's administrators cannot look.

    Connectors do so when they have renewed it themselves (learn.microsoft.com, "Debug private network connector issues").

    Args:
        facts: what the payload facts.ps1 read.
    """
    own = facts["trust"]["own"]
    return bool(own and own["in_user_store"] and current_certificate(facts) is None)
