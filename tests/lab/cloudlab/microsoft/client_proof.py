# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an application proves who it is: a secret, or an assertion signed with the key of its certificate."""

from __future__ import annotations

from collections.abc import Mapping

import jwt
from cloudlab.microsoft.config import Application
from cloudlab.microsoft.sign_in_errors import SignInError
from cryptography import x509

_ALGORITHMS = ["PS256", "RS256"]


def prove(application: Application, form: Mapping[str, str], endpoint: str) -> bool:
    """Check what an application sends to the token endpoint; return whether it was a certificate's proof.

    Raises:
        SignInError: it proves nothing.
    """
    if form.get("client_assertion"):
        _check_assertion(application, form["client_assertion"], endpoint)
        return True
    _check_secret(application, form.get("client_secret", ""))
    return False


def _check_secret(application: Application, secret: str) -> None:
    if not secret:
        raise SignInError(7000218)
    if secret == application.expired_secret:
        raise SignInError(7000222, client=application.client_id)
    if secret != application.secret:
        raise SignInError(7000215, client=application.client_id)


def _check_assertion(application: Application, assertion: str, endpoint: str) -> None:
    """The certificate is known by its place in the configuration: a signature that it does not verify is another one's."""
    if application.certificate is None:
        raise SignInError(700027, client=application.client_id)
    key = x509.load_pem_x509_certificate(application.certificate.read_bytes()).public_key()
    client, required = application.client_id, {"require": ["exp", "aud", "iss", "sub"]}
    try:
        jwt.decode(assertion, key, _ALGORITHMS, options=required, audience=endpoint, issuer=client, subject=client)  # type: ignore[arg-type]
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise SignInError(700024) from error
    except jwt.InvalidTokenError as error:
        raise SignInError(700027, client=client) from error
