# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lost connections: which errors of the plugins and their libraries are one, and what is left of a session that is lost."""

from __future__ import annotations

import socket
import sys
import types
import typing as t
from collections.abc import Iterator

import pypsrp.exceptions
import pytest
import requests
import urllib3
import winrm.exceptions
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader, shell_loader
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import ActionModule
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.connection import (
    LostConnectionError,
    is_connection_error,
    lost_is_unreachable,
    lost_reason,
    reconnect,
)
from pypsrp.complex_objects import PSInvocationState, RunspacePoolState

POOL = (RunspacePoolState.NEGOTIATION_SENT, RunspacePoolState.OPENED, "create a PowerShell pipeline")
PIPELINE = (PSInvocationState.NOT_STARTED, PSInvocationState.RUNNING, "stop a running pipeline")
ABORTED = requests.exceptions.ConnectionError("Connection aborted.")


@pytest.mark.parametrize(
    "error",
    [
        AnsibleConnectionFailure("gone"),
        ConnectionResetError(),
        TimeoutError(),
        ABORTED,
        requests.exceptions.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
        urllib3.exceptions.ProtocolError(),
        winrm.exceptions.WinRMTransportError("http", 500, "no such shell"),
        winrm.exceptions.WinRMOperationTimeoutError(),
        winrm.exceptions.InvalidCredentialsError(),
        pypsrp.exceptions.WinRMTransportError("http", 503, "busy"),
        pypsrp.exceptions.WSManFaultError(995, "sync1", "aborted", None, None, None),
        pypsrp.exceptions.AuthenticationError("refused"),
        pypsrp.exceptions.InvalidRunspacePoolStateError(*POOL),
        pypsrp.exceptions.InvalidPipelineStateError(*PIPELINE),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_lost_connection_is_recognised_and_makes_the_host_unreachable(error: Exception) -> None:
    assert is_connection_error(error)
    with pytest.raises(AnsibleConnectionFailure) as raised, lost_is_unreachable("sync1"):
        raise error
    assert raised.value is error or "The connection to sync1 is lost" in str(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        AttributeError("'NoneType' object has no attribute 'connection'"),
        FileNotFoundError(),
        PermissionError(),
        requests.exceptions.InvalidURL(),
        pypsrp.exceptions.SerializationError(),
        pypsrp.exceptions.FragmentError(),
        pypsrp.exceptions.InvalidPSRPOperation(),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_other_error_is_none_and_stays_as_it_is(error: Exception) -> None:
    assert not is_connection_error(error)
    with pytest.raises(type(error)) as raised, lost_is_unreachable("sync1"):
        raise error
    assert raised.value is error


def test_library_that_is_not_there_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pypsrp.exceptions")
    monkeypatch.setitem(sys.modules, "pypsrp", t.cast(t.Any, None))
    assert is_connection_error(ABORTED)
    assert not is_connection_error(ValueError())


@pytest.mark.parametrize("method", ["_low_level_execute_command", "_transfer_file"])
def test_action_whose_connection_breaks_is_unreachable(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: t.Any) -> t.NoReturn:
        raise ABORTED

    monkeypatch.setattr(ActionBase, method, break_off)
    action = ActionModule.__new__(ActionModule)
    action._task_vars, action._connection = {"inventory_hostname": "sync1"}, None
    with pytest.raises(AnsibleConnectionFailure, match=r"The connection to sync1 is lost .*aborted"):
        getattr(action, method)("a", "b")


def test_sentence_on_a_lost_connection_has_the_librarys_words_once() -> None:
    """Both where the sentence stands alone, and where another one is made of it."""
    with pytest.raises(LostConnectionError) as lost, lost_is_unreachable("sync1"):
        raise ABORTED
    assert str(lost.value) == f"The connection to sync1 is lost ({ABORTED}): run this again when it answers."
    assert lost_reason(lost.value) == lost_reason(ABORTED) == str(ABORTED)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine's own that refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class OpenPool(types.SimpleNamespace):
    """A runspace pool that counts how often it is closed."""

    id, state, closed = "1", RunspacePoolState.OPENED, 0

    def close(self) -> None:
        """Count."""
        self.closed += 1


@pytest.fixture
def psrp(closed_port: int) -> t.Any:
    """Ansible's own psrp connection, with an open session on a host that is away now."""
    connection = connection_loader.get("psrp", PlayContext(), shell=shell_loader.get("powershell"))
    where = {"remote_addr": "127.0.0.1", "port": closed_port, "remote_user": "x", "remote_password": "x", "auth": "basic"}
    connection.set_options(direct=where)
    connection._connected, connection.runspace, connection._psrp_host = True, OpenPool(), "sync1"
    return connection


def test_session_that_is_lost_is_not_closed_on_the_host(psrp: t.Any) -> None:
    """What runs in it goes on: a registration must not be broken off by the question how it is."""
    pool = psrp.runspace
    reconnect(psrp, 60)
    assert pool.closed == 0


def test_host_that_stays_away_is_asked_anew_each_time(psrp: t.Any) -> None:
    """The plugin takes a pool that it has made and could not open for an open one."""
    for _ in range(3):
        reconnect(psrp, 60)
        with pytest.raises(AnsibleConnectionFailure, match="Failed to connect to the host via PSRP"):
            psrp.exec_command("hostname")


def test_defect_of_the_plugin_is_not_swallowed() -> None:
    def reset() -> t.NoReturn:
        raise AttributeError("a defect")

    with pytest.raises(AttributeError, match="a defect"):
        reconnect(types.SimpleNamespace(reset=reset), 60)
