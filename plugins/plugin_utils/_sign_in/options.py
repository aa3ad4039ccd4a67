# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option "sign_in": what each method needs, checked before anybody is asked.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import stat
import typing as t

from .._core.errors import AgentError, ConfigurationError
from .._core.redaction import redact

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
except ImportError:  # it comes with msal; the documentation can be read without it
    x509 = None  # type: ignore[assignment]

#: Azure CLI's client: the one public client that is known to get a token for the registration service.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

#: Where a device code's sign-in is kept, beside the packages.
CACHE_PATH = "~/.ansible/entra_ops.cloud_sync/sign_in.bin"

#: What each method needs; of access_token's two, one is enough.
NEEDS: dict[str, tuple[str, ...]] = {
    "access_token": (),
    "azure_cli": (),
    "certificate": ("client_id", "certificate_path"),
    "client_secret": ("client_id", "client_secret"),
    "device_code": (),
    "password": ("username", "password"),
    "refresh_token": ("refresh_token",),
}

#: The methods that sign in as an application and not as a user.
APPLICATIONS = frozenset(("certificate", "client_secret"))


def _secret() -> t.Any:
    return dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class SignIn:
    """How to sign in: the option "sign_in", checked."""

    method: str
    client_id: str
    username: str | None = None
    password: str | None = _secret()
    access_token: str | None = _secret()
    graph_access_token: str | None = _secret()
    refresh_token: str | None = _secret()
    client_secret: str | None = _secret()
    certificate_path: str | None = None
    certificate_password: str | None = _secret()
    cache_path: str = CACHE_PATH

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> SignIn:
        """Check the option "sign_in".

        Raises:
            ConfigurationError: what the method needs is missing.
        """
        # Ansible hands in tagged strings; msal gets plain ones.
        given = {field.name: str(options[field.name]) for field in dataclasses.fields(cls) if options.get(field.name)}
        sign_in = cls(**{"client_id": AZURE_CLI, **given})
        for problem in sign_in._problems():
            raise ConfigurationError(f"'sign_in' has the method {sign_in.method} and {problem}.")
        if sign_in.method == "certificate":
            sign_in.certificate()
        return sign_in

    def _problems(self) -> t.Iterator[str]:
        if self.method not in NEEDS:
            yield f"that is not known: write one of {', '.join(NEEDS)}"
            return
        own = {**dataclasses.asdict(self), "client_id": None if self.client_id == AZURE_CLI else self.client_id}
        missing = [name for name in NEEDS[self.method] if not own[name]]
        if missing:
            yield f"no {' and no '.join(missing)}: give it"
        if self.method == "access_token" and not (self.access_token or self.graph_access_token):
            yield "no token: give 'access_token' or 'graph_access_token'"

    def certificate(self) -> str:
        """Return the application's certificate with its key, as PEM.

        Raises:
            ConfigurationError: the file cannot be read, is not both, or others may read it.
            AgentError: a library is missing.
        """
        if x509 is None:
            raise AgentError("The Python package 'cryptography' is missing on the controller: install it with pip.")
        path = os.path.expanduser(str(self.certificate_path))
        try:
            with open(path, encoding="ascii") as file:
                readable, pem = os.fstat(file.fileno()).st_mode & stat.S_IROTH, file.read()
            x509.load_pem_x509_certificate(pem.encode())
            load_pem_private_key(pem.encode(), self.certificate_password.encode() if self.certificate_password else None)
        except (OSError, ValueError, TypeError) as error:  # a password that is missing, or not needed, is a TypeError
            raise ConfigurationError(
                f"'certificate_path' in 'sign_in' is '{path}', which cannot be used: {redact(str(error))} Give a PEM file that holds the "
                "application's certificate and its private key, and 'certificate_password' if the key is encrypted."
            ) from error
        if readable:
            raise ConfigurationError(f"The private key in '{path}' can be read by everybody: take that away with 'chmod 600'.")
        return pem

    @property
    def cache_file(self) -> str:
        """The path of the cache."""
        return os.path.abspath(os.path.expanduser(self.cache_path))

    @property
    def fingerprint(self) -> str:
        """What tells this sign-in from others, without its secrets."""
        return hashlib.sha256(json.dumps(dataclasses.astuple(self)).encode()).hexdigest()
