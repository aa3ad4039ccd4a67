# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the sign-in service, worded and numbered as Microsoft Entra does."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

#: AADSTS code: (OAuth error, text).
TEXTS = {
    16000: ("invalid_grant", "Device code was declined by the user."),
    28000: (
        "invalid_request",
        "Provided value for the input parameter scope is not valid because it contains more than one resource.",
    ),
    50020: (
        "invalid_grant",
        "User account '{{EUII Hidden}}' from identity provider 'live.com' does not exist in tenant '{tenant}' and cannot access the"
        " application '{client}' in that tenant. The account needs to be added as an external user in the tenant first. Sign out and"
        " sign in again with a different Azure Active Directory user account.",
    ),
    50034: (
        "invalid_grant",
        "The user account {{EUII Hidden}} does not exist in the {tenant} directory. To sign into this application, the account must"
        " be added to the directory.",
    ),
    50053: (
        "invalid_grant",
        "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    ),
    50055: ("invalid_grant", "The password is expired."),
    50057: ("invalid_grant", "The user account is disabled."),
    50076: (
        "invalid_grant",
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor"
        " authentication to access '{resource}'.",
    ),
    50079: (
        "invalid_grant",
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in"
        " multi-factor authentication to access '{resource}'.",
    ),
    50126: ("invalid_grant", "Error validating credentials due to invalid username or password."),
    50173: (
        "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset"
        " their password.",
    ),
    53003: (
        "interaction_required",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    65001: (
        "invalid_grant",
        "The user or administrator has not consented to use the application with ID '{client}' named '{name}'. Send an interactive"
        " authorization request for this user and resource.",
    ),
    65002: (
        "invalid_grant",
        "Consent between first party application '{client}' and first party resource '{resource}' must be configured via"
        " preauthorization - applications owned and operated by Microsoft must get approval from the API owner before requesting"
        " tokens for that API.",
    ),
    70000: ("invalid_grant", "Provided grant is invalid or malformed."),
    70003: ("unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    70011: (
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not"
        " valid. The scope '{scope}' does not exist.",
    ),
    70016: (
        "authorization_pending",
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    ),
    70043: (
        "invalid_grant",
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    70020: ("expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."),
    90002: (
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check"
        " with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
    ),
    90014: ("invalid_request", "The required field '{field}' is missing from the credential. Ensure that you have all the necessary"
            " parameters for the login request."),
    90133: ("invalid_request", "Device Code flow is not supported under /common or /consumers endpoint."),
    500011: (
        "invalid_resource",
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has"
        " not been installed by the administrator of the tenant or consented to by any user in the tenant.",
    ),
    530003: ("interaction_required", "Your device is required to be managed to access this resource."),
    700016: (
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not"
        " been installed by the administrator of the tenant or consented to by any user in the tenant.",
    ),
    700024: ("invalid_client", "Client assertion is not within its valid time range."),
    700027: (
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application '{client}'. [Reason - The"
        " key was not found.]",
    ),
    700082: ("invalid_grant", "The refresh token has expired due to inactivity."),
    7000215: (
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client"
        " secret ID, for a secret added to app '{client}'.",
    ),
    7000218: (
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: ("invalid_client", "The provided client secret keys for app '{client}' are expired."),
    9001023: (
        "invalid_request",
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific"
        " endpoint.",
    ),
}


class SignInError(Exception):
    """A refused sign-in; `values` fill the places in the code's text."""

    def __init__(self, code: int, **values: str) -> None:
        self.code = code
        self.error, text = TEXTS[code]
        super().__init__(f"AADSTS{code}: {text.format(**values)}")

    @property
    def status(self) -> int:
        """The answer's HTTP status."""
        return 401 if self.error == "invalid_client" else 400

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            **({"suberror": "basic_action"} if self.code in (50076, 50079) else {}),
        }
