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

import dataclasses

from .._core.parsing import parse_time
from .facts import AgentFacts, StoredCertificate

#: An agent whose certificate ends in fewer days is registered again by default; agents renew theirs long before that.
RENEWAL_DAYS = 14


@dataclasses.dataclass(frozen=True)
class CurrentCertificate(StoredCertificate):
    """The agent's certificate with the days that are left, below 0 when it is over."""

    days_left: int


def current_certificate(facts: AgentFacts) -> CurrentCertificate | None:
    """Return the agent's certificate with the days left, or None.

    The certificate that the agent's own file names counts first. Without it, each registration and renewal may have left a certificate:
    the longest valid counts. Those of another tenant than the registry names come last, those of other connectors do not count.
    """
    tenant_id, own, others = (facts.product.tenant_id or "").lower(), facts.trust.own, facts.trust.others
    candidates = [
        certificate
        for certificate in facts.certificates
        if (certificate.thumbprint == own.thumbprint if own else certificate.thumbprint not in others)
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda found: (f"cn={tenant_id}" in found.subject.lower(), found.not_after))
    left = parse_time(best.not_after) - parse_time(facts.host.time)
    return CurrentCertificate(**vars(best), days_left=left.days)


def is_in_account_store(facts: AgentFacts) -> bool:
    """Whether the agent keeps its certificate in its service account's own store, where the host's administrators cannot look.

    Connectors do so when they have renewed it themselves (learn.microsoft.com, "Debug private network connector issues").
    """
    own = facts.trust.own
    return bool(own and own.in_user_store and current_certificate(facts) is None)
