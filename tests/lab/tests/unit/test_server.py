# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that Microsoft's services share, and clients that go away in the middle of an answer."""

from __future__ import annotations

import socket
import types

import pytest
from cloudlab.microsoft.server import Connection


def test_what_a_client_has_not_taken_is_dropped_with_its_connection() -> None:
    ours, theirs = socket.socketpair()
    server = types.SimpleNamespace(peercreds_enabled=False, peercreds_resolve_enabled=False)
    connection = Connection(server, ours)
    theirs.close()
    with pytest.raises(BrokenPipeError):
        connection.wfile.write(b"answer")
    connection.close()
    assert connection.wfile.closed
