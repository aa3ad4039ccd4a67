# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the cloud for all agents, once a run for all hosts.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._agent_records import Listing
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._clouds import Cloud
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import AgentError, GraphError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._graph import GraphClient
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._sign_in import SignIn, Store, acquire

#: Seconds after which a listing no longer tells how things are; a run over many batches of hosts may take hours.
_MAX_AGE = 300


@dataclasses.dataclass(frozen=True)
class CloudDirectory:
    """The tenant's agents, as the hosts of one run see them.

    Attributes:
        sign_in: how to sign in.
        cloud: which cloud.
        tenant_id: which tenant.
        ca_path: a file of CA certificates for the controller's requests, or None.
        timeout: seconds for one request.
        store: memory that the run's forks share.
    """

    sign_in: SignIn
    cloud: Cloud
    tenant_id: str
    ca_path: str | None
    timeout: int
    store: Store

    def listing(self, not_older_than: float = 0.0) -> Listing:
        """Return the run's listing, fetched anew if it is older than that time (seconds since 1970) or than some minutes.

        A problem is part of the listing and shared like one: two hundred hosts do not ask two hundred times in vain.
        """
        oldest = max(not_older_than, time.time() - _MAX_AGE)
        key = f"listing {self.cloud.graph} {self.tenant_id} {self.sign_in.fingerprint}"
        value = self.store.get_or_create(key, self._fetch, lambda stored: bool(stored["fetched_at"] >= oldest))
        return Listing(**value)

    def _fetch(self) -> dict[str, t.Any]:
        # The time before the question: what changes during it may be missing from the answer.
        fetched_at = time.time()
        try:
            token = acquire(
                self.sign_in,
                self.cloud,
                self.tenant_id,
                audience="graph",
                ca_path=self.ca_path,
                timeout=self.timeout,
                store=self.store,
            )
            client = GraphClient(self.cloud.graph, token, ca_path=self.ca_path, timeout=self.timeout)
            listing = Listing(client.agents(), _groups(client), fetched_at)
        except AgentError as error:
            listing = Listing([], [], fetched_at, problem=str(error))
        return dataclasses.asdict(listing)


def _groups(client: GraphClient) -> list[dict[str, t.Any]] | None:
    """Groups and their domains want more rights than agents do; without them the domains are unknown and all else is not."""
    try:
        return client.agent_groups()
    except GraphError as error:
        if error.status == 403:
            return None
        raise
