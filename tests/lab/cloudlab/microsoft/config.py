# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of Microsoft's side is made of: address, tenant, people, applications, forest."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

#: Role template ids (C11), by the names that a config may use for them.
ROLES = {
    "Hybrid Identity Administrator": "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
}
ADMINISTRATORS = frozenset(ROLES[name] for name in ("Hybrid Identity Administrator", "Global Administrator"))


@dataclass(frozen=True)
class User:
    """A person who signs in. Each of the switches makes a password sign-in fail in its own way, most of them a device code's too.

    `expired` is the password, `enroll` one who must register for MFA, `blocked` is Conditional Access, `unmanaged` the device.
    """

    upn: str
    password: str = field(repr=False)
    roles: tuple[str, ...] = ()
    oid: str = field(default_factory=lambda: str(uuid.uuid4()))
    mfa: bool = False
    guest: bool = False
    locked: bool = False
    disabled: bool = False
    expired: bool = False
    enroll: bool = False
    blocked: bool = False
    unmanaged: bool = False

    @property
    def wids(self) -> list[str]:
        """Role template ids; a role that has no name here is one already."""
        return [ROLES.get(role, role) for role in self.roles]


@dataclass(frozen=True)
class Application:
    """An application registered in the tenant: confidential with a secret or a certificate (PEM), else public and without consent.

    `roles` are the permissions of its own that it has on Graph.
    """

    client_id: str
    name: str
    secret: str = field(default="", repr=False)
    expired_secret: str = field(default="", repr=False)
    certificate: Path | None = None
    roles: tuple[str, ...] = ()

    @property
    def confidential(self) -> bool:
        return bool(self.secret or self.certificate)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Application:
        certificate = data.get("certificate")
        return cls(**{**data, "roles": tuple(data.get("roles", ())), "certificate": Path(certificate) if certificate else None})


@dataclass(frozen=True)
class Domain:
    """An Active Directory domain and the account that may add it; `admin` is `NETBIOS\\name`."""

    domain: str
    admin: str
    password: str = field(repr=False)

    @property
    def netbios(self) -> str:
        return self.admin.partition("\\")[0].upper()

    def accepts(self, user_name: str, password: str) -> bool:
        """Whether these are the administrator's credentials; his name may also be written `name@domain`."""
        name = self.admin.partition("\\")[2]
        known = {self.admin.casefold(), f"{name}@{self.domain}".casefold()}
        return user_name.casefold() in known and password == self.password


@dataclass(frozen=True)
class Forest:
    """The forest: its root domain (where the hosts are), further domains, and service accounts an administrator made."""

    root: Domain
    domains: tuple[Domain, ...]
    custom_gmsas: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Forest:
        root = Domain(data["domain"], data["admin"], data["password"])
        further = tuple(Domain(**item) for item in data.get("domains", ()))
        return cls(root, (root, *further), tuple(data.get("custom_gmsas", ())))

    def find(self, name: str) -> Domain | None:
        return next((domain for domain in self.domains if domain.domain.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Config:
    """The settings of one server; `heartbeat_timeout` and `token_lifetime` are seconds, port 0 is any free one.

    `realm_port` is listened on too, because msal asks for the realm of a user who signs in with a password at the
    authority's host without the authority's port; None leaves that out. `configurations` are the domains that are synchronised from the
    start. `further_names` are in the server's certificate beside its address.
    `restored` is what another server's control interface exported; its configurations go before those.
    """

    address: str
    port: int
    pki: Path
    packages: Path
    control_key: str = field(repr=False)
    tenant_id: str
    tenant_domain: str
    users: tuple[User, ...]
    forest: Forest
    applications: tuple[Application, ...] = ()
    log: Path | None = None
    realm_port: int | None = 443
    heartbeat_timeout: float = 30
    token_lifetime: int = 3600
    device_code_interval: int = 5
    graph_page_size: int = 100
    configurations: tuple[str, ...] = ()
    restored: dict[str, Any] | None = None
    further_names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Config:
        """Make the settings of JSON data.

        Raises:
            KeyError, TypeError: a setting is missing or unknown.
        """
        data = dict(data)
        tenant, users = data.pop("tenant"), data.pop("users")
        data["forest"] = Forest.parse(data["forest"])
        data |= {name: tuple(data.get(name, ())) for name in ("configurations", "further_names")}
        data["users"] = tuple(User(**{**user, "roles": tuple(user.get("roles", ()))}) for user in users)
        data["applications"] = tuple(Application.parse(item) for item in data.get("applications", ()))
        for item in fields(cls):
            if item.name in ("pki", "packages", "log") and data.get(item.name):
                data[item.name] = Path(data[item.name])
        return cls(**data, tenant_id=tenant["id"], tenant_domain=tenant["domain"])

    @classmethod
    def load(cls, path: Path) -> Config:
        return cls.parse(json.loads(path.read_text(encoding="utf-8")))
