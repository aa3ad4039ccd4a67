# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the host's certificates is the agent's, and how long it still holds.

The agent signs in to Microsoft with a client certificate whose subject is the tenant id and whose extension
1.3.6.1.4.1.311.82.1 carries the agent's id. It is short-lived and the agent renews it.

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

    Of several (each registration and renewal leaves one) the one that holds longest counts; those of another tenant than the
    registry names come last.

    Args:
        facts: what the payload facts.ps1 read.

    Returns:
        thumbprint, subject, issuer, agent_id, not_before, not_after (UTC), has_private_key, days_left (int, below 0 when over).
    """
    tenant_id = (facts["product"]["tenant_id"] or "").lower()
    certificates = sorted(
        facts["certificates"], key=lambda one: (f"cn={tenant_id}" in one["subject"].lower(), one["not_after"]), reverse=True
    )
    if not certificates:
        return None
    left = parse_time(certificates[0]["not_after"]) - parse_time(facts["host"]["time"])
    return {**certificates[0], "days_left": left.days}
