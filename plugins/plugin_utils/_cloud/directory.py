# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the cloud for all agents and sync configurations, once a run for all hosts.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._core.errors import AgentError, GraphError
from .._core.limit import run_within
from .._sign_in.access import Access
from .._sign_in.acquire import acquire
from .._sign_in.token import Token
from .graph import GraphClient
from .records import Listing

#: Seconds after which a listing is out of date; a run over many batches of hosts may take hours.
_MAX_AGE = 300
#: How many requests' time a listing may take: it has pages, and waits between tries.
_REQUESTS = 20

Answer = t.TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class CloudDirectory:
    """The tenant's agents and sync configurations, as the hosts of one run see them.

    Attributes:
        access: the access to the tenant.
        with_agents: whether agents are asked for.
        with_configurations: whether sync configurations are asked for.
    """

    access: Access
    with_agents: bool = True
    with_configurations: bool = False

    def listing(self, not_older_than: float = 0.0, configurations_not_older_than: float = 0.0) -> Listing:
        """Return the run's listing; a part is fetched anew if it is older than that time (seconds since 1970) or than some minutes.

        A problem is part of the listing and shared like one: two hundred hosts do not ask two hundred times in vain.
        """
        agents: dict[str, t.Any] = {"agents": [], "groups": None, "fetched_at": 0.0, "problem": "agents were not asked for"}
        configurations: dict[str, t.Any] = {"configurations": None, "configurations_problem": "configurations were not asked for"}
        if self.with_agents:
            agents = self._shared("agents", self._fetch_agents, not_older_than)
        if self.with_configurations:
            configurations = self._shared("configurations", self._fetch_configurations, configurations_not_older_than)
        return Listing(**{**configurations, **agents})

    def _shared(self, name: str, fetch: t.Callable[[], dict[str, t.Any]], not_older_than: float) -> dict[str, t.Any]:
        """Return what the run has fetched already, or what fetch returns now."""
        oldest = max(not_older_than, time.time() - _MAX_AGE)
        key = f"{name} {self.access.cloud.graph} {self.access.key}"

        def create() -> dict[str, t.Any]:
            # The time before the question: what changes during it may be missing from the answer.
            fetched_at = time.time()
            return {**fetch(), "fetched_at": fetched_at}

        return self.access.store.get_or_create(key, create, lambda stored: bool(stored["fetched_at"] >= oldest))

    def _fetch_agents(self) -> dict[str, t.Any]:
        try:
            agents, groups = self._ask(lambda client: (client.agents(), _groups(client)), users_only=True)
        except AgentError as error:
            passing = isinstance(error, GraphError) and error.passing
            return {"agents": [], "groups": [], "problem": str(error), "passing": passing}
        return {"agents": agents, "groups": groups, "problem": "", "passing": False}

    def _fetch_configurations(self) -> dict[str, t.Any]:
        try:
            return {"configurations": self._ask(GraphClient.configurations), "configurations_problem": ""}
        except AgentError as error:
            return {"configurations": None, "configurations_problem": str(error)}

    def _ask(self, question: t.Callable[[GraphClient], Answer], *, users_only: bool = False) -> Answer:
        """Put a question to Graph; once more with a new token where the first one is rejected."""
        token = acquire(self.access, "graph")
        if users_only and token.application:
            raise GraphError(
                "The sign-in is an application's own, and Microsoft Graph lists agents to users alone: give a user's sign-in, "
                "or set 'cloud_check: off'."
            )
        try:
            return self._answer(question, token)
        except GraphError as error:
            if error.status != 401:
                raise
        # A token can be revoked before its time, with a new password or a changed role.
        return self._answer(question, acquire(self.access, "graph", token.value))

    def _answer(self, question: t.Callable[[GraphClient], Answer], token: Token) -> Answer:
        """Put a question to Graph with a token, within the limit for all its requests."""
        root, seconds = self.access.cloud.graph, self.access.timeout * _REQUESTS
        client = GraphClient(root, token, ca_path=self.access.ca_path, timeout=self.access.timeout)
        problem = f"Microsoft Graph at {root} did not answer all within {seconds} seconds: run it again later, or raise 'request_timeout'."
        return run_within(seconds, lambda: question(client), lambda: GraphError(problem, passing=True))


def _groups(client: GraphClient) -> list[dict[str, t.Any]] | None:
    """Groups and their domains want more rights than agents do; without them the domains are unknown and all else is not."""
    try:
        return client.agent_groups()
    except GraphError as error:
        if error.status == 403:
            return None
        raise
