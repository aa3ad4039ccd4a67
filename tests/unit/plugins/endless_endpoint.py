# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM endpoint that has no end: it says for ever that the command has not ended, or answers byte by byte.

It gives up by itself after some seconds, so that a test of a client without limits fails and does not hang.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
import typing as t

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_NOT_YET = (
    f'<s:Envelope xmlns:s="{_SOAP}"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>not yet</s:Text>'
    '</s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858793"/></s:Detail>'
    "</s:Fault></s:Body></s:Envelope>"
)
_DONE = (
    f'<r:ReceiveResponse xmlns:r="{_SHELL}"><r:CommandState State="{_SHELL}/CommandState/Done"><r:ExitCode>0</r:ExitCode>'
    "</r:CommandState></r:ReceiveResponse>"
)
_ANSWERS = {
    "Create": '<w:Selector xmlns:w="w" Name="ShellId">1</w:Selector>',
    "Command": f'<r:CommandId xmlns:r="{_SHELL}">2</r:CommandId>',
}
#: How often it says "not yet", and how many bytes it sends, with a pause between each.
_PATIENCE = 200
_PAUSE = 0.05


class Endpoint(http.server.ThreadingHTTPServer):
    """Listens on a port of loopback.

    Attributes:
        trickles: which actions (Create, Command, Receive, Signal, Delete) are answered byte by byte.
        asked: the actions that were asked for.
    """

    daemon_threads = True

    def __init__(self, *trickles: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trickles, self.asked = trickles, t.cast(list[str], [])
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: t.Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer a request."""
        server = t.cast(Endpoint, self.server)
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = re.search(r"(?:transfer|shell)/(Create|Delete|Command|Send|Receive|Signal)<", request)
        action = found[1] if found else "Create"
        server.asked.append(action)
        if action in server.trickles:
            self._trickle()
        elif action == "Receive" and server.asked.count("Receive") < _PATIENCE:
            time.sleep(_PAUSE)
            self._answer(500, _NOT_YET)
        else:
            message = re.search(r"MessageID[^>]*>(uuid:[^<]*)<", request)
            relates = f"<a:RelatesTo xmlns:a='a'>{message[1] if message else ''}</a:RelatesTo>"
            body = f"{relates}{_DONE if action == 'Receive' else _ANSWERS.get(action, '')}"
            self._answer(200, f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{body}</s:Body></s:Envelope>')

    def _trickle(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client may have gone
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Header: ")
            for _ in range(_PATIENCE):
                self.wfile.write(b"x")
                time.sleep(_PAUSE)

    def _answer(self, status: int, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
