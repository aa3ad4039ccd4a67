# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tenant and the forest know: agents, their groups and domains, service accounts, registrations under way."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloudlab.microsoft.config import Domain, Forest

#: A registration that was begun and never ended is forgotten after so many seconds.
_ABANDONED_AFTER = 120.0


@dataclass
class Agent:
    """An agent's record in the tenant; `controllers` has for each domain its preferred domain controllers."""

    machine_name: str
    account: str | None
    registered_by: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    registered_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    controllers: dict[str, list[str]] = field(default_factory=dict)
    last_heartbeat: float | None = None


@dataclass(frozen=True)
class Group:
    """The agents of one domain, and the domain as a published resource (V14)."""

    domain: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    resource_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def display_name(self) -> str:
        return f"Group-{self.domain}-{self.id}"


class Directory:
    """State of one tenant with its forest; every method may be called from any thread."""

    def __init__(
        self,
        forest: Forest,
        heartbeat_timeout: float,
        clock: Callable[[], float] = time.monotonic,
        on_clash: Callable[[str], None] = lambda domain: None,
    ) -> None:
        self.forest = forest
        self._on_clash = on_clash
        self._heartbeat_timeout = heartbeat_timeout
        self._clock = clock
        self._lock = threading.RLock()
        self._agents: dict[str, Agent] = {}
        self._groups: dict[str, Group] = {}
        self._accounts: dict[str, str] = {}
        self._default_gmsa: str | None = None
        self._open: dict[str, float] = {}
        self._overlaps: list[dict[str, Any]] = []
        self._clashing: set[str] = set()

    def export(self) -> dict[str, Any]:
        """What tenant and forest know, as JSON data: {agents: [...], groups: [...], accounts: {machine: account}, default_gmsa}.

        A heartbeat's time means nothing to another process: an agent has `active` in its place. Registrations under way are left out.
        """
        with self._lock:
            agents = [{**asdict(agent), "active": self.is_active(agent)} for agent in self._agents.values()]
            for agent in agents:
                del agent["last_heartbeat"]
            groups = [asdict(group) for group in self._groups.values()]
            return {"agents": agents, "groups": groups, "accounts": dict(self._accounts), "default_gmsa": self._default_gmsa}

    def restore(self, data: dict[str, Any]) -> None:
        """Know what `export` returned; every agent is inactive until it reports."""
        agents = [Agent(**{key: value for key, value in record.items() if key != "active"}) for record in data["agents"]]
        with self._lock:
            self._agents = {agent.id: agent for agent in agents}
            self._groups = {group["domain"]: Group(**group) for group in data["groups"]}
            self._accounts, self._default_gmsa = dict(data["accounts"]), data["default_gmsa"]

    def agents(self) -> list[Agent]:
        with self._lock:
            return list(self._agents.values())

    def agent(self, agent_id: str) -> Agent | None:
        with self._lock:
            return self._agents.get(agent_id.lower())

    def groups(self) -> list[Group]:
        with self._lock:
            return list(self._groups.values())

    def groups_of(self, agent: Agent) -> list[Group]:
        return [group for group in self.groups() if group.domain in agent.controllers]

    def agents_of(self, group: Group) -> list[Agent]:
        return [agent for agent in self.agents() if group.domain in agent.controllers]

    def is_active(self, agent: Agent) -> bool:
        """Whether the agent said that it runs, and that not too long ago (V15, in seconds instead of an hour)."""
        last = agent.last_heartbeat
        return last is not None and self._clock() - last <= self._heartbeat_timeout

    def heartbeat(self, agent: Agent, *, running: bool) -> None:
        with self._lock:
            agent.last_heartbeat = self._clock() if running else None

    def default_gmsa(self, machine_name: str) -> str:
        """Return the forest's default account, made by the first host that asks and used by all others (C20, C21)."""
        with self._lock:
            if self._default_gmsa is None:
                self._default_gmsa = f"{self.forest.root.netbios}\\pGMSA_{secrets.token_hex(4)}$"
            self._accounts[machine_name.casefold()] = self._default_gmsa
            return self._default_gmsa

    def custom_gmsa(self, machine_name: str, name: str) -> str | None:
        """Return the account that an administrator made under this name, None when there is none."""
        wanted = name.partition("\\")[2] or name
        known = {item.rstrip("$").casefold(): item.rstrip("$") for item in self.forest.custom_gmsas}
        found = known.get(wanted.rstrip("$").casefold())
        if found is None:
            return None
        account = f"{self.forest.root.netbios}\\{found}$"
        with self._lock:
            self._accounts[machine_name.casefold()] = account
        return account

    def add_domain(
        self, agent_id: str | None, machine_name: str, domain: Domain, controllers: list[str], registered_by: str
    ) -> tuple[Agent, bool]:
        """Give an agent a domain; an agent that is not known becomes a new record, and (agent, True) is returned.

        A machine that registers again leaves its older records behind, inactive (V9, T32).
        """
        with self._lock:
            agent = self._agents.get((agent_id or "").lower())
            is_new = agent is None
            if agent is None:
                agent = self._new_agent(machine_name, registered_by)
            agent.account = self._accounts.get(machine_name.casefold(), agent.account)
            agent.controllers[domain.domain] = controllers
            self._groups.setdefault(domain.domain, Group(domain.domain))
            if machine_name.casefold() in self._clashing:
                self._on_clash(domain.domain)
            return agent, is_new

    def _new_agent(self, machine_name: str, registered_by: str) -> Agent:
        for older in self._agents.values():
            if older.machine_name.casefold() == machine_name.casefold():
                older.last_heartbeat = None
        agent = Agent(machine_name, None, registered_by)
        self._agents[agent.id] = agent
        return agent

    @contextmanager
    def registering(self, machine_name: str, *, stays_open: bool) -> Iterator[None]:
        """Mark a machine as registering, and note an overlap with any other (0.7); an error ends its registration.

        A registration lasts from its first step to its first domain; between further domains it is not open. The domain of a registration
        that met another one is handed to `on_clash`.
        """
        machine = machine_name.casefold()
        self._begin(machine)
        completed = False
        try:
            yield
            completed = True
        finally:
            with self._lock:
                if not (stays_open and completed):
                    self._open.pop(machine, None)
                    self._clashing.discard(machine)

    def _begin(self, machine: str) -> None:
        with self._lock:
            now = self._clock()
            others = [name for name, since in self._open.items() if name != machine and now - since < _ABANDONED_AFTER]
            self._clashing.update((machine, *others) if others else ())
            for other in others:
                pair = sorted((machine, other))
                if pair not in [overlap["machines"] for overlap in self._overlaps]:
                    self._overlaps.append({"machines": pair, "at": datetime.now(UTC).isoformat()})
            self._open[machine] = now

    def overlaps(self) -> list[dict[str, Any]]:
        """Pairs of machines that were registering at the same time: [{machines: [a, b], at}]."""
        with self._lock:
            return list(self._overlaps)

    def forget_overlaps(self) -> None:
        """Forget all overlaps, and registrations that were begun and not ended."""
        with self._lock:
            self._overlaps.clear()
            self._open.clear()
            self._clashing.clear()

    def leave_record(self, machine_name: str) -> Agent:
        """Add an inactive record, as a reinstallation of the machine leaves one behind (T32)."""
        agent = Agent(machine_name, None, "an earlier registration")
        with self._lock:
            self._agents[agent.id] = agent
        return agent

    def forget(self, machine_name: str) -> None:
        """Drop every record of a machine, as Microsoft does some days after it fell silent (V15)."""
        with self._lock:
            self._agents = {key: agent for key, agent in self._agents.items() if agent.machine_name.casefold() != machine_name.casefold()}
