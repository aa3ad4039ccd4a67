# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks which tenant: how to sign in, the access to the tenant that a task builds once, and one token that is wanted of it.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from .._core.clouds import Cloud

Audience = t.Literal["registration", "graph"]

#: Azure CLI's client: the one public client that is known to get a token for the registration service.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


class Store(t.Protocol):
    """Memory that the forks of a run share (_run/store.py)."""

    def get_or_create(
        self, key: str, create: t.Callable[[], dict[str, t.Any]], fresh: t.Callable[[dict[str, t.Any]], bool]
    ) -> dict[str, t.Any]:
        """Return the value under a key, made by create unless there is a fresh one."""


@dataclasses.dataclass(frozen=True)
class SignIn:
    """How to sign in: the option "sign_in", checked by read_sign_in.

    Attributes:
        method: the method's name.
        values: what else the option holds, defaults included; printing it shows none of it, since some are secrets.
    """

    method: str
    values: t.Mapping[str, str] = dataclasses.field(repr=False)

    def value(self, name: str) -> str:
        """Return one suboption, '' where it is not given."""
        return self.values.get(name, "")

    @property
    def client_id(self) -> str:
        """The client to sign in with."""
        return self.value("client_id") or AZURE_CLI

    @property
    def username(self) -> str:
        """Whose sign-in it is, '' where the method needs no name."""
        return self.value("username")

    @property
    def fingerprint(self) -> str:
        """What distinguishes this sign-in from others, without its secrets."""
        return hashlib.sha256(json.dumps([self.method, sorted(self.values.items())]).encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Access:
    """The access to one tenant, built once a task.

    Attributes:
        sign_in: how to sign in.
        cloud: which cloud.
        tenant_id: which tenant.
        ca_path: a file of CA certificates for the controller's requests, or None.
        timeout: seconds for one request.
        store: memory that the run's forks share.
    """

    sign_in: SignIn
    cloud: Cloud
    tenant_id: str
    ca_path: str | None
    timeout: int
    store: Store

    @property
    def key(self) -> str:
        """What distinguishes this access from others, for the store."""
        return f"{self.tenant_id} {self.sign_in.fingerprint}"


@dataclasses.dataclass(frozen=True)
class Request:
    """One token that is wanted.

    Attributes:
        access: whose, and how.
        scope: what the token is for.
        renew: whether it must be a new one, and none out of a cache.
    """

    access: Access
    scope: str
    renew: bool = False

    @property
    def sign_in(self) -> SignIn:
        """How to sign in."""
        return self.access.sign_in

    @property
    def cloud(self) -> Cloud:
        """Which cloud."""
        return self.access.cloud

    @property
    def tenant_id(self) -> str:
        """Which tenant."""
        return self.access.tenant_id

    @property
    def audience(self) -> Audience:
        """What the token is for."""
        return "registration" if self.scope == self.cloud.registration_scope else "graph"
