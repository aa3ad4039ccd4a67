# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module for tests alone: acquires both tokens as the collection's own modules do, touches no host, and returns what it got.

It takes the options of agent_verify. A token itself is never in the result, only a hash of it.
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Access, Audience
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import tenant_access
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._task.action import AgentAction, Options, Result


class ActionModule(AgentAction):
    """Returns under tokens for each audience either what the token says, or the error."""

    MODULE = "agent_verify"
    RETURNS: t.ClassVar[Result] = {"tokens": {}}

    def _agent_run(self, options: Options, result: Result) -> None:
        audiences: tuple[Audience, ...] = ("registration", "graph")
        result["tokens"] = {audience: self._agent_probe(options, audience) for audience in audiences}

    def _agent_probe(self, options: Options, audience: Audience) -> dict[str, t.Any]:
        try:
            token = acquire(t.cast(Access, tenant_access(options)), audience)
        except AgentError as error:
            return {"error": str(error)}
        return {"user": token.upn, "application": token.application, "hash": hashlib.sha256(token.value.encode()).hexdigest()}
