# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's side of the lab as the client's tests see it."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import Cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Access, SignIn
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import read_sign_in
from cloudlab.limits import limit
from cloudlab.microsoft.server import Server
from cloudlab.microsoft.traffic import Fault
from host_facts import TENANT

PASSWORD = "the-users-own-9"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
USERS: tuple[dict[str, t.Any], ...] = (
    {"upn": "admin@lab.example"},
    {"upn": "plain@lab.example", "roles": []},
    {"upn": "reader@lab.example", "roles": ["Global Reader"]},
    {"upn": "visitor_home.example#EXT#@lab.example"},
    *(
        {"upn": f"{name}@lab.example", name: True}
        for name in ("mfa", "enroll", "guest", "locked", "disabled", "expired", "blocked", "unmanaged")
    ),
)
APPLICATION = {"name": "automation", "client_id": "99999999-0000-4000-8000-000000000001", "secret": "the-applications-own-9"}
EXPIRED_SECRET = "last-years-own-9"
PUBLIC_CLIENT = "99999999-0000-4000-8000-000000000002"


@dataclasses.dataclass
class Microsoft:
    """One server, and what a client must know of it; asked holds the grants that were tried, certificate is the application's."""

    server: Server
    cloud: Cloud
    ca_path: str
    asked: list[str]
    certificate: Path

    @staticmethod
    def sign_in(user: str = "admin", password: str = PASSWORD, **options: t.Any) -> SignIn:
        given = {"method": "password", "username": f"{user}@lab.example", "password": password, "client_id": AZURE_CLI}
        return read_sign_in({**given, **options})

    def access(self, sign_in: SignIn | None = None, store: RunStore | None = None, **options: t.Any) -> Access:
        """Return the access of one task, of a run of its own unless its store is given."""
        whole = {"cloud": self.cloud, "tenant_id": TENANT, "ca_path": self.ca_path, "timeout": limit(), **options}
        return Access(sign_in=sign_in or self.sign_in(), store=store or RunStore(), **whole)

    def approve(self, name: str) -> t.Callable[[str], None]:
        """Return what takes the message with the code, and signs a person in with it."""

        def show(message: str) -> None:
            known = re.search(r"enter the code (\w+) ", message)
            assert known and self.approve_code(known[1], f"{name}@lab.example")

        return show

    def approve_code(self, user_code: str, upn: str) -> bool:
        """Do what a person does on the sign-in page."""
        code = self.server.cloud.device_codes.by_user_code(user_code)
        user = next(candidate for candidate in self.server.cloud.config.users if candidate.upn == upn)
        if code:
            code.user = user
        return code is not None

    def fail(self, route: str, **fault: t.Any) -> None:
        """Let the next request for a route fail."""
        self.server.cloud.faults.add(Fault(route=route, **fault))

    def count(self, name: str) -> int:
        return self.server.cloud.counters.read().get(name, 0)
