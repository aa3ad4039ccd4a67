# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the payload facts.ps1 is to read about the host itself (its parameter Platform): account, endpoints, proxy, hours of events.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._core.clouds import Cloud
from .._core.errors import ConfigurationError
from .harmless_events import HARMLESS_EVENTS

_ENDPOINT = re.compile(r"(?P<host>[a-z0-9_]++(?:[.-]++[a-z0-9_]++)*+)(:(?P<port>\d{1,5}))?", re.IGNORECASE)


def host_probe(
    account: str | None,
    endpoints: t.Sequence[dict[str, t.Any]] = (),
    event_hours: int = 0,
    proxy: t.Mapping[str, t.Any] | None = None,
    probe_timeout: int = 10,
) -> str:
    """Return the value of the payload's parameter.

    Args:
        account: a service account to look up in the directory, None for that of the agent's service.
        endpoints: what chosen_endpoints returned.
        event_hours: how far to look back in the logs; 0 for no events.
        proxy: the proxy that the agent is to have, as wanted_settings returns it; None for the one that it has. What is still to be
            installed, or to be led away from a dead proxy, must not be judged by the way that it has today.
        probe_timeout: seconds that each step of trying an endpoint may take.
    """
    # The payload reads the agent's own proxy in the same shape.
    wanted = {"enabled": True, **proxy} if proxy and proxy["state"] == "present" else proxy
    whole = {"account": account or "", "endpoints": list(endpoints), "event_hours": event_hours, "proxy": wanted}
    harmless = [event.pattern for event in HARMLESS_EVENTS]
    return json.dumps({**whole, "harmless_events": harmless, "probe_timeout": probe_timeout})


def chosen_endpoints(given: t.Sequence[str] | None, cloud: Cloud, tenant_id: str | None) -> list[dict[str, t.Any]]:
    """Return the endpoints to try, as host and port: those that are given, else the cloud's.

    Args:
        given: HOST or HOST:PORT each; None for the cloud's own.
        cloud: the cloud that the tenant lives in.
        tenant_id: without it the endpoints that carry the tenant's id are left out.

    Raises:
        ConfigurationError: one is not well-formed.
    """
    if given is not None:
        return [_endpoint(str(address)) for address in given]
    whole = [address.replace("{tenant_id}", tenant_id or "") for address in cloud.endpoints if tenant_id or "{tenant_id}" not in address]
    return [_endpoint(address) for address in whole]


def _endpoint(text: str) -> dict[str, t.Any]:
    found = _ENDPOINT.fullmatch(text)
    port = int(found["port"] or 443) if found else 0
    if not found or not 0 < port < 65536:
        raise ConfigurationError(f"The endpoint '{text}' is not well-formed: write HOST or HOST:PORT, such as login.example.com:443.")
    return {"host": found["host"], "port": port}
