# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that Microsoft's services share, and clients that go away in the middle of an answer."""

from __future__ import annotations

import socket
import ssl
import struct
import types

import pytest
from cloudlab.microsoft.server import Connection
from microsoft_client import Client

PACKAGE = "/packages/release-1.1.977.0.exe"


def go_away(client: Client) -> None:
    """Ask for a package and reset the connection before any of it is read."""
    address = client.server.url.removeprefix("https://").rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(client.session.verify))
    with socket.create_connection((address[0], int(address[1]))) as plain, context.wrap_socket(plain, server_hostname=address[0]) as tls:
        tls.sendall(f"GET {PACKAGE} HTTP/1.1\r\nHost: {address[0]}\r\n\r\n".encode())
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_what_a_client_has_not_taken_is_dropped_with_its_connection() -> None:
    ours, theirs = socket.socketpair()
    server = types.SimpleNamespace(peercreds_enabled=False, peercreds_resolve_enabled=False)
    connection = Connection(server, ours)
    theirs.close()
    with pytest.raises(BrokenPipeError):
        connection.wfile.write(b"answer")
    connection.close()
    assert connection.wfile.closed


def test_clients_that_go_away_do_no_harm_to_others(client: Client) -> None:
    """As often as the server has threads, since what OpenSSL keeps of an error it keeps by the thread."""
    for _ in range(50):
        go_away(client)
        assert client.get(PACKAGE, stream=False).status_code == 200
        client.session.close()
