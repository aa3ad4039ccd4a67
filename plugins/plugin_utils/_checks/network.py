# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the host's way to Microsoft and what was logged about the agent: endpoints, TLS inspection, clock, events, connections.

Pure: facts in (from the payload facts.ps1), checks out; None where there is nothing to judge.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.installation import AGENT_SERVICE
from .agent import Check
from .directory import current_account

Facts = t.Mapping[str, t.Any]

#: What the issuers' names of Microsoft's own certificates contain.
CERTIFICATE_ISSUERS = ("Microsoft", "DigiCert")
#: Seconds: Kerberos and the tokens of Entra bear five minutes.
_SKEW = 300


def network_checks(facts: Facts, issuers: t.Sequence[str]) -> list[Check]:
    """Return the checks of network and logs.

    Args:
        facts: what the payload facts.ps1 read, with its part "platform".
        issuers: texts, one of which the issuer of an endpoint's certificate must contain; none to leave it unjudged.
    """
    checks = [_endpoints(facts), _inspection(facts, issuers), _clock(facts), _events(facts), _connections(facts)]
    return [check for check in checks if check is not None]


def _address(endpoint: Facts) -> str:
    proxy = f" through {endpoint['proxy']}" if endpoint["proxy"] else ""
    return f"{endpoint['host']}:{endpoint['port']}{proxy}"


def _endpoints(facts: Facts) -> Check | None:
    endpoints = facts["endpoints"]
    if not endpoints:
        return None
    expected = f"reachable: {', '.join(_address(one) for one in endpoints)}"
    open_ones = [one for one in endpoints if not one["reachable"]]
    if not open_ones:
        return Check("endpoints", "pass", expected, "reachable")
    actual = "; ".join(f"{_address(one)}: {one['error']}" for one in open_ones)
    if all(one["reachable"] is None for one in open_ones):
        return Check("endpoints", "unknown", expected, actual, "see in the agent's own log whether it gets through the proxy")
    if facts["connections"]:
        # The agent gets out by a way that the session cannot see, such as a rule for its process or its account's own proxy.
        remedy = "check the host's way to them (DNS, firewall, proxy); the agent itself is connected"
        return Check("endpoints", "warn", expected, actual, remedy)
    return Check("endpoints", "fail", expected, actual, "open the host's way to them (DNS, firewall, proxy), without TLS inspection")


def _inspection(facts: Facts, issuers: t.Sequence[str]) -> Check | None:
    seen = {one["host"]: one["issuer"] for one in facts["endpoints"] if one["issuer"]}
    if not seen or not issuers:
        return None
    expected = f"certificates issued by {' or '.join(issuers)}"
    foreign = [f"{name}: {issuer}" for name, issuer in seen.items() if not any(one.lower() in issuer.lower() for one in issuers)]
    if foreign:
        remedy = "exempt the endpoints from TLS inspection: the agent signs in with a client certificate"
        return Check("tls_inspection", "warn", expected, "; ".join(foreign), remedy)
    return Check("tls_inspection", "pass", expected, "as expected")


def _clock(facts: Facts) -> Check | None:
    skew = facts["clock_skew"]
    if skew is None:
        return None
    expected, actual = f"within {_SKEW} seconds of Microsoft's", f"{abs(skew)} seconds {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > _SKEW:
        return Check("clock", "fail", expected, actual, "set the host's clock (w32tm /resync), and check its time source")
    return Check("clock", "pass", expected, actual)


def _events(facts: Facts) -> Check | None:
    events, expected = facts["events"], "no errors about the agent"
    if events is None:
        # Without a problem nobody asked for them.
        unread = f"unknown: {facts['events_problem']}"
        remedy = "use an account that may read the event log"
        return Check("events", "unknown", expected, unread, remedy) if facts["events_problem"] else None
    if not events:
        return Check("events", "pass", expected, "none")
    newest = events[0]
    actual = f"{len(events)}, the newest at {newest['time']}: {newest['source']} {newest['id']}, {newest['message'].rstrip('.')}"
    return Check("events", "warn", expected, actual, _event_remedy({one["id"] for one in events}))


def _event_remedy(identifiers: set[int]) -> str:
    if identifiers & {9001, 9002}:
        return "compare the Kerberos encryption types of the host and of the service account"
    if 7038 in identifiers:
        return f"run 'sc.exe managedaccount {AGENT_SERVICE} true', and check that the host may retrieve the account's password"
    if identifiers & {7000, 7041}:
        return "give the service's account the right 'Log on as a service'"
    return "read the agent's log in the event viewer"


def _connections(facts: Facts) -> Check | None:
    count = facts["connections"]
    if count is None or not facts["product"]["tenant_id"] or not current_account(facts):
        return None
    if count == 0:
        remedy = f"restart the service {AGENT_SERVICE}, and check the host's way to Microsoft's relay (*.servicebus.windows.net)"
        return Check("connections", "warn", "one or more", "none", remedy)
    return Check("connections", "pass", "one or more", str(count))
