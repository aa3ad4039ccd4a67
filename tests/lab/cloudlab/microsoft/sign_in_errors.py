# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the sign-in service, worded and numbered as Microsoft Entra does."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

#: AADSTS code: (OAuth error, text).
_TEXTS = {
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
    50057: ("invalid_grant", "The user account is disabled."),
    50076: (
        "invalid_grant",
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor"
        " authentication to access '{resource}'.",
    ),
    50126: ("invalid_grant", "Error validating credentials due to invalid username or password."),
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
    700016: (
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not"
        " been installed by the administrator of the tenant or consented to by any user in the tenant.",
    ),
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
        self.error, text = _TEXTS[code]
        super().__init__(f"AADSTS{code}: {text.format(**values)}")

    def body(self) -> dict[str, Any]:
        """The JSON of the answer, whose status is 400."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            **({"suberror": "basic_action"} if self.code == 50076 else {}),
        }
