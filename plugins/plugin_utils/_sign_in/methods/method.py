# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a method of the option sign_in says about itself.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..access import Audience, Request, SignIn

#: An option of Ansible's that holds a secret.
SECRET = {"type": "str", "no_log": True}


def _no_problem(_sign_in: SignIn) -> str:
    return ""


def _nothing_to_check(_sign_in: SignIn) -> None:
    return None


def _every_audience(_sign_in: SignIn, _audience: Audience) -> None:
    return None


@dataclasses.dataclass(frozen=True)
class Method:
    """One way to get a token.

    Attributes:
        name: its value of the suboption method.
        obtain: returns an access token, and what the next call needs of this one (msal's cache, with a refresh token; never to be
            written). It is given what is wanted, and what the call before gave, or an empty text. It raises a SignInError.
        options: its suboptions, as Ansible specifies them; those that several methods share are specified alike.
        required: those that must be given.
        problem: returns what else is wrong with its suboptions, as the half of a sentence; '' when nothing is.
        check: looks at what the suboptions name on the controller, such as a file; it raises a ConfigurationError.
        serves: refuses an audience that the sign-in has no token for; it raises a ConfigurationError.
        application: whether it signs in as an application and not as a user.
    """

    name: str
    obtain: t.Callable[[Request, str], tuple[str, str]]
    options: t.Mapping[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    required: tuple[str, ...] = ()
    problem: t.Callable[[SignIn], str] = _no_problem
    check: t.Callable[[SignIn], None] = _nothing_to_check
    serves: t.Callable[[SignIn, Audience], None] = _every_audience
    application: bool = False
