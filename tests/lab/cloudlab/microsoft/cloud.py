# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one object that the handlers of all services share."""

from __future__ import annotations

from typing import Any, cast

import jwt
from cloudlab.microsoft.config import Config
from cloudlab.microsoft.configurations import Configurations
from cloudlab.microsoft.device_codes import DeviceCodes
from cloudlab.microsoft.directory import Directory
from cloudlab.microsoft.tokens import Tokens
from cloudlab.microsoft.traffic import Counters, Faults
from cloudlab.pki import Pki
from flask import Flask, current_app, request

REGISTRATION_RESOURCE = "https://proxy.cloudwebappproxy.net/registerapp"
_EXTENSION = "cloudlab"


class Cloud:
    """Microsoft's side: settings, certificates, tenant, tokens and traffic."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pki = Pki.load(config.pki)
        self.configurations = Configurations(config.configurations)
        self.directory = Directory(config.forest, config.heartbeat_timeout, on_clash=self.configurations.clash)
        self.tokens = Tokens(config)
        self.device_codes = DeviceCodes()
        self.counters = Counters()
        self.faults = Faults()
        if config.restored:
            self.directory.restore(config.restored["directory"])
            self.configurations.restore(config.restored["configurations"])

    def export(self) -> dict[str, Any]:
        """What another server can be started with as `restored`: nothing secret, nothing that tests count or set for the moment."""
        return {"directory": self.directory.export(), "configurations": self.configurations.export()}

    def attach(self, app: Flask) -> None:
        app.extensions[_EXTENSION] = self


def current_cloud() -> Cloud:
    return cast(Cloud, current_app.extensions[_EXTENSION])


def base_url() -> str:
    """The server's own address as the client wrote it, without the slash at its end."""
    return request.host_url.rstrip("/")


def graph_resource() -> str:
    """The audience of Graph tokens: the root of this cloud's Graph."""
    return f"{base_url()}/graph"


def bearer_claims(audience: str) -> dict[str, object]:
    """Claims of the request's bearer token; empty when there is none.

    Raises:
        jwt.InvalidTokenError: the token is not for this audience, expired, or none of ours.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return {}
    claims = current_cloud().tokens.read(token.strip(), audience)
    if claims["tid"] != current_cloud().config.tenant_id:
        raise jwt.InvalidTokenError("The token is of another tenant.")
    return claims


def words(claims: dict[str, object], name: str) -> set[str]:
    """The values of a claim that is a list, or a string of words (`scp`)."""
    value = claims.get(name) or []
    return set(value.split()) if isinstance(value, str) else set(cast("list[str]", value))
