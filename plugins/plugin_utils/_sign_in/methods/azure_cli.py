# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The method azure_cli: Azure CLI on the controller, which has a sign-in of its own.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

from ..._core.errors import SignInError
from ..._core.redaction import redact
from ..access import Request
from ..refusals import refused
from .method import Method

#: Azure CLI takes seconds to start, and asks Microsoft when its own token is near its end.
_SECONDS = 120
_CODE = re.compile(r"AADSTS(\d+)")


def _obtain(request: Request, kept: str) -> tuple[str, str]:
    command = ["az", "account", "get-access-token", "--tenant", request.tenant_id, "--scope", request.scope, "--output", "json"]
    ca_path = request.access.ca_path
    environment = {**os.environ, **({"REQUESTS_CA_BUNDLE": ca_path} if ca_path else {})}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        problem = f"Azure CLI (az) did not answer within {_SECONDS} s: run '{' '.join(command[:3])}' by hand."
        raise SignInError(problem) from error
    except OSError as error:
        raise SignInError(
            f"Azure CLI (az) cannot be run on the controller: {redact(str(error))}. Install it and run 'az login', or use another 'method'."
        ) from error
    if done.returncode != 0:
        raise _refused(request, done.stderr)
    return _token(done.stdout), kept


def _token(output: str) -> str:
    try:
        return str(json.loads(output)["accessToken"])
    except (ValueError, KeyError, TypeError):
        # The output may be a token all the same: neither it nor the exception that quotes it is shown.
        raise SignInError("Azure CLI (az) gave no token and no error: update it, or use another 'method'.") from None


def _refused(request: Request, errors: str) -> SignInError:
    codes = _CODE.findall(errors)
    if codes:
        said = next(line for line in errors.splitlines() if "AADSTS" in line)
        return refused(request.cloud.authority, dict.fromkeys(codes), said)
    if "az login" in errors:
        return SignInError(f"Azure CLI (az) is not signed in: run 'az login --tenant {request.tenant_id}' as the user that runs Ansible.")
    return refused("Azure CLI (az)", [], errors)


METHOD = Method("azure_cli", _obtain)
