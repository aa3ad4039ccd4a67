# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the host's way to Microsoft, its clock and its logs.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.facts import AGENT_SERVICE, Endpoint
from .._troubleshooting.entries import codes_in, windows_error
from .check import Finding, Look, Proof, check

#: What the issuers' names of Microsoft's own certificates contain.
CERTIFICATE_ISSUERS = ("Microsoft", "DigiCert")
#: Seconds: Kerberos and the tokens of Entra bear five minutes.
_SKEW = 300
#: ERROR_ACCESS_DENIED; and ERROR_SERVICE_NOT_ACTIVE and RPC_S_SERVER_UNAVAILABLE, which a stopped event log answers with.
_ACCESS_DENIED = 5
_NO_EVENT_LOG = {1062, 1722}

#: Where a proxy is set, in words.
_ORIGINS = {
    "agent": "the agent's exe.config",
    "dotnet": "machine.config",
    "machine": "the Internet options for all users",
    "user": "the Internet options of the user that Ansible signs in as",
    "winhttp": "netsh winhttp",
}
#: What the agent's service does not go by: it has an account of its own, and .NET does not read WinHTTP's setting.
_NOT_THE_AGENTS = ("user", "winhttp")


def _address(endpoint: Endpoint) -> str:
    proxy = f" through {endpoint.proxy}" if endpoint.proxy else ""
    return f"{endpoint.host}:{endpoint.port}{proxy}"


def _way(look: Look) -> str:
    """Return where the proxy is set that was tried, as an addition to a sentence; '' where none was taken."""
    origin = _ORIGINS.get(look.facts.proxy_origin or "")
    taken = origin and any(endpoint.proxy for endpoint in look.facts.endpoints)
    return f" (the proxy is set in {origin})" if taken else ""


def _probed(look: Look) -> bool:
    """Endpoints were tried."""
    return bool(look.facts.endpoints)


@check("endpoints", "whether the host reaches Microsoft", of="host", facts=("V4", "S36"), needs=_probed, blocks=True, proof=Proof.DISPROVES)
def _endpoints(look: Look) -> Finding:
    endpoints = look.facts.endpoints
    expected = f"reachable: {', '.join(_address(endpoint) for endpoint in endpoints)}"
    unreached = [endpoint for endpoint in endpoints if not endpoint.reachable]
    if not unreached:
        return _reached(look, expected)
    actual = "; ".join(f"{_address(endpoint)}: {endpoint.error}" for endpoint in unreached) + _way(look)
    if all(endpoint.reachable is None for endpoint in unreached):
        return Finding("unknown", expected, actual, "see in the agent's own log whether it gets through the proxy")
    if look.facts.connections:
        # The agent gets out by a way that the session cannot see, such as a rule for its process or its account's own proxy.
        remedy = "check the host's way to them (DNS, firewall, proxy); the agent itself is connected"
        return Finding("warn", expected, actual, remedy)
    return Finding("fail", expected, actual, "open the host's way to them (DNS, firewall, proxy), without TLS inspection")


def _reached(look: Look, expected: str) -> Finding:
    actual = f"reachable{_way(look)}"
    if look.facts.proxy_origin in _NOT_THE_AGENTS and _way(look) and not look.facts.connections:
        return Finding("warn", expected, actual, "give the agent's service this proxy too, by the setting 'proxy' of agent_install")
    return Finding("pass", expected, actual)


def _issuers_seen(look: Look) -> bool:
    """An endpoint has shown its certificate, and issuers are asked for."""
    return bool(look.expect.issuers) and any(endpoint.issuer for endpoint in look.facts.endpoints)


@check("tls_inspection", "who issued the certificates of Microsoft's endpoints", of="host", facts=("T12",), needs=_issuers_seen)
def _inspection(look: Look) -> Finding:
    issuers = look.expect.issuers
    seen = {endpoint.host: endpoint.issuer for endpoint in look.facts.endpoints if endpoint.issuer}
    expected = f"certificates issued by {' or '.join(issuers)}"
    foreign = [f"{name}: {issuer}" for name, issuer in seen.items() if not any(wanted.lower() in issuer.lower() for wanted in issuers)]
    if foreign:
        remedy = "exempt the endpoints from TLS inspection: the agent signs in with a client certificate"
        return Finding("warn", expected, "; ".join(foreign), remedy)
    return Finding("pass", expected, "as expected")


def _time_known(look: Look) -> bool:
    """An endpoint has sent its time."""
    return look.facts.clock_skew is not None


@check("clock", "the host's clock", of="host", facts=(), needs=_time_known, blocks=True, proof=Proof.DISPROVES)
def _clock(look: Look) -> Finding:
    skew = t.cast(int, look.facts.clock_skew)
    expected, actual = f"within {_SKEW} seconds of Microsoft's", f"{abs(skew)} seconds {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > _SKEW:
        return Finding("fail", expected, actual, "set the host's clock (w32tm /resync), and check its time source")
    return Finding("pass", expected, actual)


def _events_asked(look: Look) -> bool:
    """The logs were to be read."""
    return look.facts.events is not None or bool(look.facts.events_problem)


@check("events", "errors in the host's logs that are about the agent", of="host", facts=("S31", "T3", "T24"), needs=_events_asked)
def _events(look: Look) -> Finding:
    events, expected = look.facts.events, "no errors about the agent"
    if events is None:
        problem = look.facts.events_problem
        return Finding("unknown", expected, f"unknown: {problem}", _unread_remedy(problem))
    if not events:
        harmless = look.facts.harmless_events
        return Finding("pass", expected, f"none but {harmless} that are known to be harmless" if harmless else "none")
    newest = events[0]
    actual = f"{len(events)}, the newest at {newest.time}: {newest.source} {newest.id}, {newest.message.rstrip('.')}"
    return Finding("warn", expected, actual, _event_remedy({event.id for event in events}))


def _unread_remedy(problem: str) -> str:
    """Return what to do about a log that could not be read, by the error's code."""
    codes = {windows_error(code) for code in codes_in(problem) if isinstance(code, int)}
    if _ACCESS_DENIED in codes:
        return "use an account that may read the event log"
    if codes & _NO_EVENT_LOG:
        return "start the service Windows Event Log (EventLog) on the host"
    return "read the log on the host with Get-WinEvent -LogName System, and repair what it names"


def _event_remedy(identifiers: set[int]) -> str:
    if identifiers & {9001, 9002}:
        return "compare the Kerberos encryption types of the host and of the service account"
    if 7038 in identifiers:
        return f"run 'sc.exe managedaccount {AGENT_SERVICE} true', and check that the host may retrieve the account's password"
    if identifiers & {7000, 7041}:
        return "give the service's account the right 'Log on as a service'"
    return "read the agent's log in the event viewer"


def _connections_known(look: Look) -> bool:
    """The agent is registered, has its account, and its connections could be counted."""
    return look.facts.connections is not None and look.registered and bool(look.account)


@check("connections", "how many connections to Microsoft the agent holds", of="host", facts=("V7",), needs=_connections_known)
def _connections(look: Look) -> Finding:
    count = look.facts.connections
    if not count:
        remedy = f"restart the service {AGENT_SERVICE}, and check the host's way to Microsoft's relay (*.servicebus.windows.net)"
        return Finding("warn", "one or more", "none", remedy)
    return Finding("pass", "one or more", str(count))
