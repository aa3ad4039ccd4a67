# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's side of the lab as the client's tests see it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._clouds import Cloud
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._sign_in import SignIn
from cloudlab.microsoft.server import Server
from cloudlab.microsoft.traffic import Fault

PASSWORD = "the-users-own-9"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
USERS: tuple[dict[str, t.Any], ...] = (
    {"upn": "admin@lab.example"},
    {"upn": "plain@lab.example", "roles": []},
    *({"upn": f"{name}@lab.example", name: True} for name in ("mfa", "guest", "locked", "disabled")),
)


@dataclasses.dataclass
class Microsoft:
    """One server, and what a client must know of it; asked holds the grants that were tried."""

    server: Server
    cloud: Cloud
    ca_path: str
    asked: list[str]

    @staticmethod
    def sign_in(user: str = "admin", password: str = PASSWORD, **options: t.Any) -> SignIn:
        given = {"method": "password", "username": f"{user}@lab.example", "password": password, "client_id": AZURE_CLI}
        return SignIn.from_options({**given, **options})

    def fail(self, route: str, **fault: t.Any) -> None:
        """Let the next request for a route fail."""
        self.server.cloud.faults.add(Fault(route=route, **fault))

    def count(self, name: str) -> int:
        return self.server.cloud.counters.read().get(name, 0)
