# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests read and set, guarded by a key in the header `X-Lab-Key`.

State, counters, faults, device codes, refresh tokens, Conditional Access, the size of Graph's pages, sync configurations, records of
agents, overlaps, and the whole for another server to start with.
"""

from __future__ import annotations

import dataclasses
import hmac
from typing import Any

from cloudlab.microsoft.cloud import current_cloud
from cloudlab.microsoft.configurations import STATES, Quarantine
from cloudlab.microsoft.directory import Agent
from cloudlab.microsoft.openid import REFRESH_ENDS, approve
from cloudlab.microsoft.traffic import Fault
from flask import Blueprint, abort, request

#: Counts that are there from the start, so that a test can read a zero.
_NAMED_COUNTS = ("tokens_issued", "graph_listings", "configuration_listings", "downloads", "download_bytes", "registrations")
NOTHING = ("", 204)

control = Blueprint("control", __name__, url_prefix="/lab")


@control.before_request
def check_key() -> None:
    if not hmac.compare_digest(request.headers.get("X-Lab-Key", "").encode(), current_cloud().config.control_key.encode()):
        abort(403, "The header X-Lab-Key is missing or wrong.")


@control.get("/state")
def state() -> dict[str, Any]:
    """Everything: agents, domains, configurations (domain -> state), counts (named ones, and `requests` by route), overlaps."""
    cloud = current_cloud()
    counts = cloud.counters.read()
    return {
        "agents": [_agent(agent) for agent in cloud.directory.agents()],
        "domains": [group.domain for group in cloud.directory.groups()],
        "configurations": {entry.domain: entry.state for entry in cloud.configurations.all()},
        "counts": {
            **{name: counts.get(name, 0) for name in _NAMED_COUNTS},
            "requests": {name: count for name, count in sorted(counts.items()) if name not in _NAMED_COUNTS},
        },
        "overlapping_registrations": cloud.directory.overlaps(),
    }


@control.get("/export")
def export() -> dict[str, Any]:
    """What another server can be started with: agents, groups, service accounts, configurations."""
    return current_cloud().export()


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
    """Make every refresh token worthless: {code: 700082}; without a code as when the person's password was changed."""
    code = int((request.get_json(silent=True) or {}).get("code", REFRESH_ENDS[0]))
    if code not in REFRESH_ENDS:
        abort(400, f"A refresh token ends with one of {REFRESH_ENDS}.")
    current_cloud().tokens.end_refresh_tokens(code)
    return NOTHING


@control.post("/conditional-access")
def conditional_access() -> tuple[str, int]:
    """Switch the authentication flows policy: {block_device_codes: true}."""
    current_cloud().device_codes.blocked = bool(request.get_json()["block_device_codes"])
    return NOTHING


@control.post("/page-size")
def page_size() -> tuple[str, int]:
    """Set how many items are on one of Graph's pages: {size}."""
    cloud = current_cloud()
    cloud.config = dataclasses.replace(cloud.config, graph_page_size=int(request.get_json()["size"]))
    return NOTHING


@control.post("/configurations")
def set_configuration() -> tuple[str, int]:
    """Set a domain's sync configuration: {domain, state}, and for quarantine the fields of `configurations.Quarantine`."""
    data = dict(request.get_json())
    domain, wanted = current_cloud().directory.forest.find(str(data.pop("domain", ""))), data.pop("state", None)
    if domain is None or wanted not in STATES or (wanted == "quarantine") != ("reason" in data):
        abort(400, f"Give a domain of the forest, a state of {', '.join(STATES)}, and a reason for quarantine alone.")
    try:
        current_cloud().configurations.set(domain.domain, wanted, Quarantine(**data) if data else None)
    except TypeError as error:
        abort(400, str(error))
    return NOTHING


@control.delete("/overlaps")
def forget_overlaps() -> tuple[str, int]:
    current_cloud().directory.forget_overlaps()
    return NOTHING


@control.post("/stale-records")
def leave_record() -> dict[str, str]:
    """Leave an inactive record of a machine behind: {machine}; answers with its id."""
    return {"id": current_cloud().directory.leave_record(str(request.get_json()["machine"])).id}


@control.post("/forget")
def forget() -> tuple[str, int]:
    """Drop every record of a machine: {machine}."""
    current_cloud().directory.forget(str(request.get_json()["machine"]))
    return NOTHING


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "machineName": agent.machine_name,
        "status": "active" if current_cloud().directory.is_active(agent) else "inactive",
        "account": agent.account,
        "domains": list(agent.controllers),
        "preferredDomainControllers": agent.controllers,
        "registeredBy": agent.registered_by,
        "registeredAt": agent.registered_at,
    }
