# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run's token for the registration: fetched once for all hosts and forks, by whichever module needs it first.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._core.clouds import resolve_cloud
from .._run.store import RUN_STORE
from .acquire import SignIn, acquire
from .token import Token


def registration_token(options: t.Mapping[str, t.Any]) -> Token:
    """Return the token, checked.

    Args:
        options: sign_in, cloud, tenant_id, ca_path and request_timeout of a module.

    Raises:
        AgentError: there is none, and why.
    """
    return acquire(
        SignIn.from_options(options["sign_in"]),
        resolve_cloud(options["cloud"]),
        options["tenant_id"],
        audience="registration",
        ca_path=options["ca_path"],
        timeout=options["request_timeout"],
        store=RUN_STORE,
    )
