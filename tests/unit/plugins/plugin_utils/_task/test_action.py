# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task ends where its host does not answer, or an error ends it: always by a result, with the same keys."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_install
from module_runs import run_module

KEYS = {"changed", "failed", "msg", "diff", *agent_install.ActionModule.RETURNS}


class FailingHost:
    """Ends every payload with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def win_powershell(self, arguments: dict[str, t.Any], *, check: bool) -> dict[str, t.Any]:
        raise self.error

    def put_file(self, local: str, remote: str) -> None:
        raise self.error


def run(error: Exception, **options: t.Any) -> dict[str, t.Any]:
    """Return the result of a task that ends with an error on its host."""
    return run_module("agent_install", {"accept_eula": True, **options}, FailingHost(error))


def test_lost_connection_is_a_result() -> None:
    # An error that an action raises is a template of the result's reader, up to core 2.18.
    result = run(AnsibleConnectionFailure("ntlm: {{ text }}"))
    assert (result["unreachable"], result["failed"], result["msg"]) == (True, False, "ntlm: {{ text }}")
    assert set(result) == {*KEYS, "unreachable"}


def test_error_of_ansible_is_a_result() -> None:
    result = run(AnsibleError("no {{ text }}"))
    assert (result["failed"], result["msg"]) == (True, "no {{ text }}")
    assert set(result) == KEYS


def test_error_of_the_module_itself_is_a_result_with_its_trace() -> None:
    result = run(ValueError("odd {{ text }}"))
    assert result["failed"]
    assert result["msg"].startswith("agent_install has ended with an error of its own (ValueError: odd {{ text }}): report it")
    assert "Traceback" in result["exception"]
    assert "self.error" in result["exception"]
    assert set(result) == {*KEYS, "exception"}


def test_trace_holds_no_secret() -> None:
    options = {"source": "host", "proxy_url": "http://proxy:3128", "proxy_username": "me", "proxy_password": "S3cret!Word"}
    result = run_module("agent_download", {"accept_eula": True, **options}, FailingHost(ValueError("it was S3cret!Word")))
    assert "ValueError" in result["exception"]
    assert "S3cret!Word" not in str(result)


def test_wrong_option_is_a_result() -> None:
    result = run(AssertionError("asked"), state="{{ text }}")
    assert result["failed"]
    assert "{{ text }}" in result["msg"]
    assert set(result) == KEYS - {"diff"}
