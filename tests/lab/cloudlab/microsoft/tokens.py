# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of the tenant: signed JWTs as Microsoft Entra writes them, and opaque refresh tokens."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cloudlab.microsoft.config import Application, Config, User
from cryptography.hazmat.primitives.asymmetric import rsa

_ALGORITHM = "RS256"


@dataclass(frozen=True)
class SignIn:
    """A person signed in to an application; `mfa` when he proved more than a password."""

    user: User
    client_id: str
    mfa: bool


class Tokens:
    """Issues and reads the tokens of one tenant; the signing key lives as long as the server."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_urlsafe(20)
        self._refresh: dict[str, SignIn] = {}
        self._ended: dict[str, int] = {}
        self._lock = threading.Lock()

    def key_set(self) -> dict[str, Any]:
        """Return the public signing key as a JSON Web Key Set."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": self._key_id, "use": "sig"}]}

    def access_token(self, sign_in: SignIn, audience: str, permissions: list[str]) -> str:
        """Return a delegated token in the form of version 1.0, which resources with a URI for a name are given."""
        user, now = sign_in.user, int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._config.tenant_id}/",
            **self._times(now),
            "amr": ["pwd", "mfa"] if sign_in.mfa else ["pwd"],
            "appid": sign_in.client_id,
            "name": user.upn.partition("@")[0],
            "oid": user.oid,
            "scp": " ".join(permissions),
            "sub": secrets.token_urlsafe(32),
            "tid": self._config.tenant_id,
            "unique_name": user.upn,
            "upn": user.upn,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
            "wids": user.wids,
        }
        return self._sign(claims)

    def application_token(self, application: Application, audience: str, roles: tuple[str, ...], *, certified: bool) -> str:
        """Return an application's own token: no person, no `scp`, but `roles`."""
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._config.tenant_id}/",
            **self._times(int(time.time())),
            "app_displayname": application.name,
            "appid": application.client_id,
            "appidacr": "2" if certified else "1",
            "idtyp": "app",
            "oid": application.client_id,
            **({"roles": list(roles)} if roles else {}),
            "sub": application.client_id,
            "tid": self._config.tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        return self._sign(claims)

    def id_token(self, sign_in: SignIn, issuer: str) -> str:
        user = sign_in.user
        claims = {
            "aud": sign_in.client_id,
            "iss": issuer,
            **self._times(int(time.time())),
            "name": user.upn.partition("@")[0],
            "oid": user.oid,
            "preferred_username": user.upn,
            "sub": user.oid,
            "tid": self._config.tenant_id,
            "ver": "2.0",
        }
        return self._sign(claims)

    def client_info(self, sign_in: SignIn) -> str:
        """Return who signed in, in the form from which msal makes its account ids."""
        data = json.dumps({"uid": sign_in.user.oid, "utid": self._config.tenant_id}).encode()
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    def refresh_token(self, sign_in: SignIn) -> str:
        token = "1." + secrets.token_urlsafe(48)
        with self._lock:
            self._refresh[token] = sign_in
        return token

    def refresh(self, token: str, client_id: str) -> SignIn | None:
        """Return the sign-in behind a refresh token; None when it is no token of this client."""
        with self._lock:
            found = self._refresh.get(token)
        return found if found and found.client_id == client_id else None

    def why_ended(self, token: str) -> int | None:
        """Return the AADSTS code that a refresh token was ended with."""
        with self._lock:
            return self._ended.get(token)

    def end_refresh_tokens(self, code: int) -> None:
        """Make every refresh token worthless; who uses one gets the code as the reason."""
        for token in list(self._refresh):
            self.end_refresh_token(token, code)

    def end_refresh_token(self, token: str, code: int) -> None:
        with self._lock:
            self._refresh.pop(token, None)
            self._ended[token] = code

    def read(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of an access token.

        Raises:
            jwt.InvalidTokenError: not of this tenant, for another audience, or expired.
        """
        options: Any = {"require": ["exp", "aud", "tid"]}
        key = self._key.public_key()
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[_ALGORITHM], audience=audience, options=options)
        return claims

    def _times(self, now: int) -> dict[str, int]:
        return {"iat": now, "nbf": now, "exp": now + self._config.token_lifetime}

    def _sign(self, claims: dict[str, Any]) -> str:
        headers = {"kid": self._key_id, "x5t": self._key_id}
        return jwt.encode({**claims, "aio": str(uuid.uuid4())}, self._key, algorithm=_ALGORITHM, headers=headers)
