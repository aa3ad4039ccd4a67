# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that is up, as tests see it: its hosts, its side of Microsoft, and the faults that it offers."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import requests
from cloudlab import lab as cloudlab
from cloudlab.limits import limit
from cloudlab.paths import State
from cloudlab.proxies.plan import log_of
from cloudlab.testing.runspaces import Runspace


class Microsoft:
    """The lab's side of Microsoft, through its control interface."""

    def __init__(self, data: dict[str, t.Any]) -> None:
        self.url = data["microsoft"]["url"]
        self._session = requests.Session()
        self._session.headers["X-Lab-Key"] = data["microsoft"]["control_key"]
        self._ca = data["pki"]["ca"]

    def state(self) -> dict[str, t.Any]:
        """Return the agents, the domains and the counts of requests."""
        return self._ask("GET", "state")

    def reset_counters(self) -> None:
        """Count requests from zero."""
        self._ask("POST", "reset-counters")

    def fault(self, route: str, **fault: t.Any) -> None:
        """Make a route fail: status=503, times=2 ..."""
        self._ask("POST", "faults", {"route": route, **fault})

    def clear_faults(self) -> None:
        """Take back the faults that have not happened yet."""
        self._ask("DELETE", "faults")

    def configure(self, domain: str, state: str, **quarantine: t.Any) -> None:
        """Set a domain's sync configuration: none, disabled, active, or quarantine with reason=, code=, message=, since= ..."""
        self._ask("POST", "configurations", {"domain": domain, "state": state, **quarantine})

    def page_size(self, size: int) -> None:
        """Set how many items are on one of Graph's pages."""
        self._ask("POST", "page-size", {"size": size})

    def leave_record(self, machine: str) -> str:
        """Leave an inactive record of a machine behind, as its reinstallation does, and return its id."""
        return str(self._ask("POST", "stale-records", {"machine": machine})["id"])

    def forget(self, machine: str) -> None:
        """Drop every record of a machine."""
        self._ask("POST", "forget", {"machine": machine})

    def forget_overlaps(self) -> None:
        """Forget which registrations were under way at the same time."""
        self._ask("DELETE", "overlaps")

    def answer_device_code(self, code: str, **answer: t.Any) -> None:
        """Do what a person does on the sign-in page: upn="..." signs in, declined=True refuses."""
        self._ask("POST", "device-codes", {"user_code": code, **answer})

    def block_device_codes(self, blocked: bool) -> None:
        """Switch Conditional Access's policy for authentication flows."""
        self._ask("POST", "conditional-access", {"block_device_codes": blocked})

    def _ask(self, method: str, name: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        answer = self._session.request(method, f"{self.url}/lab/{name}", json=body, timeout=limit(), verify=self._ca)
        answer.raise_for_status()
        return t.cast(dict[str, t.Any], answer.json() if answer.content else {})


@dataclasses.dataclass(frozen=True)
class Lab:
    """A lab that is up.

    Attributes:
        state: its folder.
        data: what its state.json holds: hosts, windows, microsoft, proxies, pki.
        microsoft: its side of Microsoft.
    """

    state: Path
    data: dict[str, t.Any]
    microsoft: Microsoft
    _runspaces: dict[str, Runspace] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def inventory(self) -> Path:
        """Its inventory for Ansible."""
        return self.state / "inventory.yml"

    @property
    def hosts(self) -> list[str]:
        """The names of its Windows hosts."""
        return [host["name"] for host in self.data["hosts"]]

    def runspace(self, name: str) -> Runspace:
        """Return the session that is kept open on a host: lab.runspace("win1").run("param($Name) Stop-Service -Name $Name", Name=...)."""
        if name not in self._runspaces:
            address = next(host["address"] for host in self.data["hosts"] if host["name"] == name)
            windows = self.data["windows"]
            self._runspaces[name] = Runspace(name, address, windows["user"], windows["password"], self.data["pki"]["ca"])
        return self._runspaces[name]

    def close(self) -> None:
        """End the sessions on its hosts."""
        for runspace in self._runspaces.values():
            runspace.close()

    def requests_to_hosts(self) -> int:
        """Return how many WinRM requests the hosts have answered or refused so far."""
        return len((self.state / "logs" / "windows.log").read_text(encoding="utf-8").splitlines())

    def remote_executions(self) -> int:
        """Return how many commands the hosts have started for WinRM clients so far."""
        return sum(" Command 200 " in line for line in (self.state / "logs" / "windows.log").read_text(encoding="utf-8").splitlines())

    def restart_endpoints(self) -> None:
        """Restart WinRM on every host: connections break, commands in shells end, what broke away from its shell lives on."""
        cloudlab.restart_endpoints(State(self.state))

    def cut_connections(self, *, receiving: bool = False) -> int:
        """Break every open WinRM connection, or those alone that wait for a command's output; return how many there were.

        What runs goes on. A client whose connection is cut between two requests makes a new one without a word.
        """
        return cloudlab.cut(State(self.state), receiving=receiving)

    def restart_host(self, name: str) -> None:
        """Restart a host and return when it answers again."""
        cloudlab.restart_host(State(self.state), name)

    def proxied(self, name: str) -> list[str]:
        """Return the targets that a proxy ("open", "basic", "inspecting") has let through so far: HOST:PORT, or URLs for http."""
        log = log_of(State(self.state), name)
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    @property
    def secrets(self) -> set[str]:
        """Every password of the lab that a run could let slip."""
        microsoft = self.data["microsoft"]
        return {
            self.data["windows"]["password"],
            self.data["proxies"]["basic"]["password"],
            microsoft["forest"]["password"],
            *(domain["password"] for domain in microsoft["forest"]["domains"]),
            *(person["password"] for person in microsoft["people"].values()),
            *(values[key] for values in microsoft["applications"].values() for key in ("secret", "expired_secret") if key in values),
        }
