# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests read and set, guarded by a key in the header `X-Lab-Key`: state, counters, faults, device codes, refresh tokens."""

from __future__ import annotations

import hmac
from typing import Any

from cloudlab.microsoft.cloud import current_cloud
from cloudlab.microsoft.directory import Agent
from cloudlab.microsoft.openid import approve
from cloudlab.microsoft.traffic import Fault
from flask import Blueprint, abort, request

#: Counts that are there from the start, so that a test can read a zero.
_NAMED_COUNTS = ("tokens_issued", "graph_listings", "downloads", "download_bytes", "registrations")
NOTHING = ("", 204)

control = Blueprint("control", __name__, url_prefix="/lab")


@control.before_request
def check_key() -> None:
    if not hmac.compare_digest(request.headers.get("X-Lab-Key", "").encode(), current_cloud().config.control_key.encode()):
        abort(403, "The header X-Lab-Key is missing or wrong.")


@control.get("/state")
def state() -> dict[str, Any]:
    """Everything: agents, domains, service account, counts (named ones, and `requests` by route), overlaps."""
    cloud = current_cloud()
    counts = cloud.counters.read()
    return {
        "agents": [_agent(agent) for agent in cloud.directory.agents()],
        "domains": [group.domain for group in cloud.directory.groups()],
        "counts": {
            **{name: counts.get(name, 0) for name in _NAMED_COUNTS},
            "requests": {name: count for name, count in sorted(counts.items()) if name not in _NAMED_COUNTS},
        },
        "overlapping_registrations": cloud.directory.overlaps(),
    }


@control.post("/reset-counters")
def reset_counters() -> tuple[str, int]:
    current_cloud().counters.reset()
    return NOTHING


@control.post("/faults")
def add_fault() -> tuple[str, int]:
    """Add a fault: the fields of `traffic.Fault`."""
    try:
        current_cloud().faults.add(Fault(**request.get_json()))
    except TypeError as error:
        abort(400, str(error))
    return NOTHING


@control.delete("/faults")
def clear_faults() -> tuple[str, int]:
    current_cloud().faults.clear()
    return NOTHING


@control.post("/device-codes")
def answer_device_code() -> tuple[str, int]:
    """Do what a person does at the device login page: {user_code, upn} approves, {user_code, declined: true} refuses."""
    data = request.get_json()
    if not approve(str(data["user_code"]), str(data.get("upn", "")), decline=bool(data.get("declined"))):
        abort(404, "There is no such device code or user.")
    return NOTHING


@control.post("/revoke-refresh-tokens")
def revoke_refresh_tokens() -> tuple[str, int]:
    current_cloud().tokens.revoke()
    return NOTHING


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "machineName": agent.machine_name,
        "status": "active" if current_cloud().directory.is_active(agent) else "inactive",
        "account": agent.account,
        "domains": list(agent.controllers),
        "registeredBy": agent.registered_by,
        "registeredAt": agent.registered_at,
    }
