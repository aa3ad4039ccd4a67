# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One kept state of a lab: its hosts, which were shut down for it, and what Microsoft's side knew of them.

A lab that is brought up from it keeps what hosts and tenant know each other by: the tenant's id, the agents' ids and certificates, service
accounts, configurations. Addresses, passwords, keys and applications are the new lab's own, so a snapshot holds no secret of a lab.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cloudlab.windows.prefix import Prefix


@dataclass(frozen=True)
class Snapshot:
    """A snapshot by its folder."""

    path: Path

    @cached_property
    def data(self) -> dict[str, Any]:
        """What `write` wrote."""
        data: dict[str, Any] = json.loads((self.path / "snapshot.json").read_text(encoding="utf-8"))
        return data

    @property
    def hosts(self) -> list[str]:
        """The names of its hosts."""
        return list(self.data["hosts"])

    @property
    def network(self) -> str:
        """What the addresses that its hosts know begin with."""
        return str(self.data["network"])

    def host(self, name: str) -> Prefix:
        """One of its hosts, which must not be started."""
        return Prefix(self.path / "hosts" / name)

    def known_of(self, machines: set[str]) -> dict[str, Any]:
        """What Microsoft's side knew (microsoft.config: `restored`), without the agents of machines that are not among these (FQDNs)."""
        known: dict[str, Any] = self.data["microsoft"]
        agents = [agent for agent in known["directory"]["agents"] if agent["machine_name"].casefold() in machines]
        return {**known, "directory": {**known["directory"], "agents": agents}}

    def write(self, lab: dict[str, Any], known: dict[str, Any]) -> None:
        """Note beside its hosts what belongs to them: the lab's state, and what its Microsoft side has exported."""
        data = {
            "hosts": [host["name"] for host in lab["hosts"]],
            "tenant": lab["microsoft"]["tenant"],
            "network": network_of(lab),
            "microsoft": known,
        }
        (self.path / "snapshot.json").write_text(json.dumps(data, indent=2), encoding="utf-8")


def network_of(lab: dict[str, Any]) -> str:
    """Return what every address of a lab begins with, from the lab's state: 127.0.50. with the dot."""
    return str(lab["microsoft"]["address"].rpartition(".")[0] + ".")
