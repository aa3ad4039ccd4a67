# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method certificate: an application signs in with its certificate.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import os
import stat

from ..._core.errors import AgentError, ConfigurationError
from ..._core.redaction import redact
from ..access import Request, SignIn
from ..msal_client import as_application
from .method import SECRET, Method

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
except ImportError:  # it comes with msal; the documentation can be read without it
    x509 = None  # type: ignore[assignment]


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    pem = _read(request.sign_in)
    passphrase = request.sign_in.value("certificate_password") or None
    return as_application(request, {"private_key": pem, "public_certificate": pem, "passphrase": passphrase}), kept


def _check(sign_in: SignIn) -> None:
    _read(sign_in)


def _read(sign_in: SignIn) -> str:
    """Return the application's certificate with its key, as PEM.

    Raises:
        ConfigurationError: the file cannot be read, is not both, or others may read it.
        AgentError: a library is missing.
    """
    if x509 is None:
        raise AgentError("The Python package 'cryptography' is missing on the controller: install it with pip.")
    path, password = os.path.expanduser(sign_in.value("certificate_path")), sign_in.value("certificate_password")
    try:
        with open(path, encoding="ascii") as file:
            readable, pem = os.fstat(file.fileno()).st_mode & stat.S_IROTH, file.read()
        x509.load_pem_x509_certificate(pem.encode())
        load_pem_private_key(pem.encode(), password.encode() if password else None)
    except (OSError, ValueError, TypeError) as error:  # a password that is missing, or not needed, is a TypeError
        raise ConfigurationError(
            f"'certificate_path' in 'sign_in' is '{path}', which cannot be used: {redact(str(error))} Give a PEM file that holds the "
            "application's certificate and its private key, and 'certificate_password' if the key is encrypted."
        ) from error
    if readable:
        raise ConfigurationError(f"The private key in '{path}' can be read by everybody: take that away with 'chmod 600'.")
    return pem


METHOD = Method(
    "certificate",
    _obtain,
    options={"certificate_password": SECRET, "certificate_path": {"type": "path"}},
    required=("client_id", "certificate_path"),
    check=_check,
    application=True,
)
