# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's errors. Each carries the full sentence for the user; the action base class turns them into a failed result.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations


class AgentError(Exception):
    """Something the user must know: what failed, with which value (never a secret), and what to do next."""


class ConfigurationError(AgentError):
    """An option is wrong; nothing was done."""


class SignInError(AgentError):
    """The sign-in to the tenant failed.

    Its code names the refusal: an AADSTS number such as AADSTS50126, else an OAuth error or FEDERATION (_sign_in/refusals.py). It is None
    when nobody has refused it, so that the next try may succeed.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class TokenError(AgentError):
    """A token may not be used for what it was given for."""


class GraphError(AgentError):
    """Microsoft Graph did not answer as needed; status is the HTTP status, code Graph's own error code.

    passing is whether the same question may be answered later: the network, or the service itself, was in trouble.
    """

    def __init__(
        self, message: str, status: int | None = None, code: str | None = None, request_id: str | None = None, *, passing: bool = False
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.status = status
        self.code = code
        self.request_id = request_id


class PackageError(AgentError):
    """An installer package could not be had or may not be run."""


class InstallError(AgentError):
    """The installation did not end well."""


class RegistrationError(AgentError):
    """The agent could not be registered."""


class RemoteError(AgentError):
    """A payload ended with an error of its own on the host."""
