# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that has no end holds a task no longer than its limit, through Ansible's own connection plugins."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader, shell_loader
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import ActionModule
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.connection import LostConnectionError, reconnect
from endless_endpoint import Endpoint

OVER = r"The connection to sync1 is lost \(no end within 1 seconds, see 'execution_timeout'; what was begun there may go on\)"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Endpoint]]:
    """Start an endpoint that answers these actions byte by byte."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # of which pywinrm would warn
        monkeypatch.delenv(name, raising=False)
    started: list[Endpoint] = []

    def start(*trickles: str) -> Endpoint:
        started.append(Endpoint(*trickles))
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def action_on(endpoint: Endpoint, plugin: str = "winrm") -> t.Any:
    """An action whose connection leads there, and that gives each remote execution a second."""
    connection = connection_loader.get(plugin, PlayContext(), shell=shell_loader.get("powershell"))
    where = {"remote_user": "x", "remote_password": "x", "port": endpoint.port}
    own = {
        "winrm": {"remote_addr": "127.0.0.1", "scheme": "http", "transport": ["basic"]},
        "psrp": {"remote_addr": "127.0.0.1", "protocol": "http", "auth": "basic", "message_encryption": "never"},
    }
    connection.set_options(var_options={"_extras": {}}, direct={**where, **own[plugin]})
    task = types.SimpleNamespace(async_val=0, environment=None)
    action = ActionModule(task, connection, PlayContext(), None, None, None)
    action._task_vars, action._execution_timeout, action._seconds = {"inventory_hostname": "sync1"}, 1, 1
    return action


def test_host_that_has_never_ended_is_given_up(endpoint: Callable[..., Endpoint]) -> None:
    """The winrm plugin repeats its question for ever; another one afterwards begins with a new session."""
    host = endpoint()
    action, sessions = action_on(host), []
    for _ in range(2):
        with pytest.raises(LostConnectionError, match=OVER):
            action._low_level_execute_command("hostname")
        sessions.append(host.asked.count("Create"))
    assert 0 < sessions[0] < sessions[1]


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_host_that_answers_byte_by_byte_is_given_up(endpoint: Callable[..., Endpoint], plugin: str) -> None:
    """Each byte begins the plugins' own time limits anew."""
    action = action_on(endpoint("Create"), plugin)
    with pytest.raises(LostConnectionError, match=OVER):
        action._low_level_execute_command("hostname")


def test_copy_to_a_host_has_an_end(endpoint: Callable[..., Endpoint], tmp_path: Path) -> None:
    (tmp_path / "package").write_bytes(b"MZ")
    with pytest.raises(LostConnectionError, match=OVER):
        action_on(endpoint())._transfer_file(str(tmp_path / "package"), r"C:\package")


def test_host_that_tidies_up_for_ever_is_given_up(endpoint: Callable[..., Endpoint]) -> None:
    """The plugin asks the host once more when it is interrupted: it is interrupted again."""
    with pytest.raises(LostConnectionError, match=OVER):
        action_on(endpoint("Signal"))._low_level_execute_command("hostname")


def test_end_of_a_task_does_not_wait_for_the_host(endpoint: Callable[..., Endpoint]) -> None:
    """Ansible closes the connection after the task, which the host is asked for."""
    host = endpoint("Delete")
    action = action_on(host)
    action._connection._connect()
    action.cleanup()
    assert host.asked == ["Create", "Delete"]
    action._connection.close()
    assert host.asked == ["Create", "Delete"]


def test_session_that_is_given_up_is_not_closed_on_the_host(endpoint: Callable[..., Endpoint]) -> None:
    host = endpoint("Command")
    action = action_on(host)
    with pytest.raises(LostConnectionError, match=OVER):
        action._low_level_execute_command("hostname")
    action.cleanup()
    assert host.asked == ["Create", "Command"]


def test_new_session_with_a_host_has_an_end(endpoint: Callable[..., Endpoint]) -> None:
    host = endpoint()
    action = action_on(host)
    action._connection._connect()
    host.trickles = ("Create",)
    reconnect(action._connection, 1)
    assert not action._connection.connected
    with pytest.raises(AnsibleConnectionFailure):
        action._low_level_execute_command("hostname")
