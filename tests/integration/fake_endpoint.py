# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM endpoint that answers what a test says, for many hosts at once: http://127.0.0.1:PORT/HOST. There is no Windows behind it.

It lets everybody in, runs nothing, and answers each remote command of a host with the next of its answers; the last one stays.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.server
import threading
import typing as t

from cloudlab.windows import soap


@dataclasses.dataclass(frozen=True)
class Output:
    """What a remote command writes, and its exit code."""

    text: str
    code: int = 0


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A WS-Management fault instead of a remote command; verb is what is refused: Create (of the shell), Command, Send or Receive."""

    text: str
    verb: str = "Create"


Answer = Output | Refusal


class FakeEndpoint:
    """The endpoint of all hosts.

    Attributes:
        port: of 127.0.0.1.
    """

    def __init__(self, answers: t.Mapping[str, t.Sequence[Answer]]) -> None:
        self._left = {host: list(given) for host, given in answers.items()}
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = soap.Request.parse(self.rfile.read(int(self.headers["Content-Length"])))
                code, body = endpoint._reply(self.path.strip("/"), request)
                self.send_response(code)
                self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: t.Any) -> None:  # noqa: A002 - the name that it has in the standard library
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    @contextlib.contextmanager
    def serve(self) -> t.Iterator[None]:
        """Answer while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _reply(self, host: str, request: soap.Request) -> tuple[int, bytes]:
        """Return the status and the body for a request."""
        answer = self._left[host][0]
        if isinstance(answer, Refusal) and answer.verb == request.verb:
            self._next(host)
            return 500, soap.fault_envelope(request, soap.Fault(5, "w:AccessDenied", answer.text))
        content = _content(request, answer if isinstance(answer, Output) else Output(""))
        if request.verb == "Receive":
            self._next(host)
        return 200, soap.envelope(request, content)

    def _next(self, host: str) -> None:
        if len(self._left[host]) > 1:
            self._left[host].pop(0)


def _content(request: soap.Request, output: Output) -> str:
    """Return the body that answers a request about a shell, or about a command with this output."""
    if request.verb == "Create":
        return soap.created(soap.SHELL_URI, "1", "<rsp:ShellId>1</rsp:ShellId>")
    if request.verb == "Command":
        return "<rsp:CommandResponse><rsp:CommandId>1</rsp:CommandId></rsp:CommandResponse>"
    if request.verb == "Receive":
        end = f"<rsp:ExitCode>{output.code}</rsp:ExitCode>"
        text = base64.b64encode(output.text.encode()).decode()
        done = f"{soap.NAMESPACES['rsp']}/CommandState/Done"
        return (
            f'<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="1">{text}</rsp:Stream>'
            f'<rsp:CommandState CommandId="1" State="{done}">{end}</rsp:CommandState></rsp:ReceiveResponse>'
        )
    return "" if request.verb == "Delete" else f"<rsp:{request.verb}Response/>"
