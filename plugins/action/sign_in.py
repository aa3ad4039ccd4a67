# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of sign_in: lets a person sign in with a device code, on the controller alone, and keeps the sign-in for later runs."""

from __future__ import annotations

import os
import typing as t
from datetime import UTC, datetime
from functools import partial

from ..plugin_utils._core.errors import SignInError
from ..plugin_utils._host.terminal import display
from ..plugin_utils._sign_in.access import Access, Request
from ..plugin_utils._sign_in.cache import open_cache
from ..plugin_utils._sign_in.methods.device_code import cache_file
from ..plugin_utils._sign_in.options import tenant_access
from ..plugin_utils._sign_in.person import KeptSignIn, kept_sign_in, sign_in_person
from ..plugin_utils._task.action import AgentAction, Options, Result


class ActionModule(AgentAction):
    """Leaves a sign-in that works alone, and else asks a person."""

    MODULE = "sign_in"
    RETURNS: t.ClassVar[Result] = {
        "cache_path": None,
        "encrypted": None,
        "expires_at": None,
        "may_register": None,
        "username": None,
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        requests = self._agent_requests(options)
        path = cache_file(requests[0].sign_in)
        result["cache_path"] = path
        if not options["force"] and os.path.exists(path):
            cache = open_cache(path)
            kept = kept_sign_in(requests, cache)
            if kept:
                self._agent_describe(kept, cache, result)
                result["msg"] = f"{kept.username} is signed in already, by the cache '{path}'.{_remark(kept)}"
                return
        result["changed"] = True
        if self._task.check_mode:
            result["msg"] = f"A person would be asked to sign in, for the cache '{path}'."
            return
        self._agent_ask(requests, path, result)

    def _agent_requests(self, options: Options) -> list[Request]:
        """Return what a later run will want: a token for each audience."""
        given = {"method": "device_code", **{name: options[name] for name in ("cache_path", "client_id", "username")}}
        access = t.cast(Access, tenant_access({**options, "sign_in": given}))  # the tenant is required
        scopes = (access.cloud.registration_scope, f"{access.cloud.graph}/.default")
        return [Request(access, scope) for scope in scopes if scope]

    def _agent_ask(self, requests: list[Request], path: str, result: Result) -> None:
        """Ask a person. Nothing has changed until he has signed in."""
        result["changed"] = False
        cache = open_cache(path)
        # Through Ansible's display the text is on the terminal, in the log and in a job's output at once, and not when the task has ended.
        # Ansible leaves its standard output in a buffer where it goes into a file or a pipe; nobody would see the code.
        kept = sign_in_person(requests, cache, partial(display.display, stderr=True))
        if kept is None:
            raise SignInError(f"The sign-in was accepted, but the cache '{path}' has not kept it: give another 'cache_path'.")
        self._agent_describe(kept, cache, result)
        result.update(changed=True, msg=f"{kept.username} has signed in; the cache '{path}' keeps it.{_remark(kept)}")

    def _agent_describe(self, kept: KeptSignIn, cache: t.Any, result: Result) -> None:
        """Write what is kept into the result."""
        result.update(
            encrypted=bool(cache.is_encrypted),
            expires_at=datetime.fromtimestamp(kept.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            may_register=kept.may_register,
            username=kept.username,
        )


def _remark(kept: KeptSignIn) -> str:
    if kept.may_register is False:
        return " It is not Hybrid Identity Administrator nor Global Administrator: it can look, but not register agents."
    return ""
