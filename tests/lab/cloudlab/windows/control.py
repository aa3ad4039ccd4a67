# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab's command line reaches the process behind the WinRM endpoints: one request and one answer on a connection.

The request is (command, argument ...), the answer (True, what the command returned) or (False, a sentence that says what failed).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

CONTROL_PORT = 5984

Commands = Mapping[str, Callable[..., object]]


def serve(address: str, key: str, commands: Commands, log: Callable[[str], None]) -> None:
    """Answer requests from now on, in threads of their own."""
    listener = Listener((address, CONTROL_PORT), authkey=key.encode())
    threading.Thread(target=_accept, args=(listener, commands, log), name="control", daemon=True).start()


def ask(address: str, key: str, *request: str) -> Any:
    """Send a request and return what its command returned.

    Raises:
        OSError: nobody listens there.
        RuntimeError: the command failed; the text says how.
    """
    with Client((address, CONTROL_PORT), authkey=key.encode()) as connection:
        connection.send(request)
        succeeded, answer = connection.recv()
    if not succeeded:
        raise RuntimeError(answer)
    return answer


def _accept(listener: Listener, commands: Commands, log: Callable[[str], None]) -> None:
    while True:
        try:
            connection = listener.accept()
        except (AuthenticationError, EOFError, OSError) as error:  # somebody without the key
            log(f"control refused: {error!r}")
            continue
        threading.Thread(target=_answer, args=(connection, commands), daemon=True).start()


def _answer(connection: Connection, commands: Commands) -> None:
    with connection:
        command, *arguments = connection.recv()
        try:
            answer = (True, commands[command](*arguments))
        except Exception as error:  # whatever it is, who asked has to know
            answer = (False, f"{command} {' '.join(arguments)}: {error}")
        connection.send(answer)
