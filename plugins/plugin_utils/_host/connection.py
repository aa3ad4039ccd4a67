# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lost connections to a host: how one is recognised, whichever connection plugin raises it, and how a new one is made.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import sys
import typing as t
from collections.abc import Callable, Iterator

from ansible.errors import AnsibleConnectionFailure

from .._core.limit import run_within
from .terminal import display

Answer = t.TypeVar("Answer")

#: What the libraries below the plugins raise for a host that does not answer, drops a session or refuses one. The plugins wrap a part
#: of it: winrm not what fails when it tidies up after a command, psrp only time-outs of a command that runs.
_LIBRARY_ERRORS = {
    "pypsrp.exceptions": (
        "AuthenticationError",
        "InvalidPipelineStateError",
        "InvalidRunspacePoolStateError",
        "WinRMTransportError",
        "WSManFaultError",
    ),
    "requests.exceptions": ("ChunkedEncodingError", "ConnectionError", "Timeout"),
    "urllib3.exceptions": ("HTTPError",),
    "winrm.exceptions": ("WinRMError", "WinRMOperationTimeoutError", "WinRMTransportError"),
}


class LostConnectionError(AnsibleConnectionFailure):  # type: ignore[misc]  # ansible-core ships no type information
    """A connection to a host is lost; the text says all that is known."""

    #: Ansible's own, from core 2.19 on: not to put the library's words, which the text has already, after it once more.
    _include_cause_message = False


def is_connection_error(error: Exception) -> bool:
    """Whether an error says that the host could not be asked: Ansible's own, or one that a connection plugin lets through bare."""
    return isinstance(error, (AnsibleConnectionFailure, ConnectionError, TimeoutError, *_library_errors()))


@contextlib.contextmanager
def lost_is_unreachable(host: str) -> Iterator[None]:
    """Let a lost connection that a plugin lets through bare make the host unreachable; Ansible would call the task failed.

    Raises:
        LostConnectionError: the connection is lost.
    """
    try:
        yield
    except AnsibleConnectionFailure:
        raise
    except Exception as error:
        if not is_connection_error(error):
            raise
        raise LostConnectionError(f"The connection to {host} is lost ({error}): run this again when it answers.") from error


class _ExecutionTimeoutError(TimeoutError):
    """The host has not ended what it was asked for."""


def execute_within(seconds: float, connection: t.Any, host: str, call: Callable[[], Answer]) -> Answer:
    """Ask a host something, with an end: the plugins wait for ever for one that says "not yet", or answers byte by byte.

    Args:
        seconds: how long it may take.
        connection: the host's connection, whose session is given up when that is over. Nothing is said to the host.
        host: its name, for the error.
        call: what asks.

    Raises:
        LostConnectionError: the time is over, or the connection is lost otherwise.
    """
    with lost_is_unreachable(host):
        try:
            return run_within(seconds, call, lambda: _ExecutionTimeoutError(_over(seconds)))
        except _ExecutionTimeoutError:
            _give_up(connection)
            raise


def _over(seconds: float) -> str:
    return f"no end within {seconds:.0f} seconds, see 'execution_timeout'; what was begun there may go on"


def close_within(seconds: float, connection: t.Any) -> None:
    """Close a connection; a host that has no end with that, or is away, is left alone."""
    try:
        run_within(seconds, connection.close, lambda: _ExecutionTimeoutError(_over(seconds)))
    except Exception as error:  # as Ansible does where it closes one: the task has its result by now
        _give_up(connection)
        display.vvv(f"The connection was not closed on the host ({error}).")


def lost_reason(error: Exception) -> str:
    """Return why a connection is lost: what the library or Ansible says, without the sentence that we have made of it."""
    return str(error.__cause__ if isinstance(error, LostConnectionError) and error.__cause__ else error)


def reconnect(connection: t.Any, seconds: float) -> None:
    """Forget a connection's old session and make a new one; a host that is still away shows itself in the next question.

    Nothing is said to the old session: what runs there goes on.

    Args:
        connection: the host's connection.
        seconds: how long it may take.
    """
    _forget(connection)
    try:
        run_within(seconds, connection.reset, lambda: _ExecutionTimeoutError(_over(seconds)))
    except Exception as error:
        if not is_connection_error(error):
            raise
        _give_up(connection)
        display.vvv(f"The host does not answer yet ({error}).")


def _give_up(connection: t.Any) -> None:
    """Let the next question make a new session, and nobody close the old one, which would ask the host once more."""
    for session in ("protocol", "runspace", "shell_id"):
        if hasattr(connection, session):
            setattr(connection, session, None)
    connection._connected = False


def _forget(connection: t.Any) -> None:
    """Take its runspace pool from a psrp connection, whose reset() would close it on the host, or use one that could not be opened.

    winrm's reset() forgets its shell without a word.
    """
    if hasattr(connection, "runspace"):
        connection.runspace = None


def _library_errors() -> Iterator[type[Exception]]:
    """The types of _LIBRARY_ERRORS; a library that is not loaded (pypsrp is optional) has raised nothing."""
    for module, names in _LIBRARY_ERRORS.items():
        if module in sys.modules:
            yield from (getattr(sys.modules[module], name) for name in names)
