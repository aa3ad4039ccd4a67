# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and HTTPS in front of a host's remote shell service, with Windows' authentication.

Basic and NTLM (alone or inside Negotiate), NTLM with message encryption over plain HTTP, as pyspnego accepts them.
Left out: Kerberos, CredSSP, client certificates, and a check of NTLM's channel binding.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import spnego
import spnego.exceptions
from cloudlab.windows.service import ShellService
from cloudlab.windows.soap import Log

_SOAP = "application/soap+xml;charset=UTF-8"
_ENCRYPTED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
#: Clients find the scheme names with these spellings.
_OFFERS = ("Negotiate", 'Basic realm="WSMAN"')
#: The action of a request that waits for what a command puts out.
_RECEIVE = b"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive<"
#: Bytes of a request: Windows' MaxEnvelopeSizekb, 500 by default.
MAX_REQUEST = 512_000


class WinRMServer(ThreadingHTTPServer):
    """One listener of one host. Start it with serve_forever in a thread of its own."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], service: ShellService, credentials: str, log: Log, tls: ssl.SSLContext | None) -> None:
        super().__init__(address, WinRMHandler)
        self.service, self.credentials, self.log = service, credentials, log
        self._open: set[socket.socket] = set()
        self._receiving: set[socket.socket] = set()
        self._lock = threading.Lock()
        if tls is not None:
            # The handshake happens in the connection's own thread, so that a silent client holds up nobody.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, and keep it in mind until it is closed."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    @contextlib.contextmanager
    def receiving(self, connection: Any) -> Iterator[None]:
        """Keep in mind that a connection waits for the answer to a Receive."""
        with self._lock:
            self._receiving.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._receiving.discard(connection)

    def cut(self, *, receiving: bool) -> int:
        """Break every open connection, or those alone that wait for the answer to a Receive; return how many there were.

        Their clients see that a request is lost. A connection that is cut between two requests they make anew without a word.
        """
        with self._lock:
            connections = list(self._receiving if receiving else self._open)
            self._open.difference_update(connections)
            for connection in connections:
                _break(connection)
        return len(connections)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is everyday life."""
        self.log(f"connection of {client_address[0]} ended early")


def _break(connection: socket.socket) -> None:
    """Let the other end see a reset, not an orderly end; below TLS, whose state belongs to the connection's own thread."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):  # the other end has gone already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class WinRMHandler(BaseHTTPRequestHandler):
    """One connection; NTLM belongs to the connection, not to the request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: WinRMServer
    _context: Any = None

    def do_POST(self) -> None:
        """Authenticate, then answer."""
        size = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(size)
        if size > MAX_REQUEST:
            self._reply(413, b"", _SOAP)
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not self._admits(scheme.lower(), token):
            return
        if not data:  # the last leg of NTLM comes with an empty body
            self._reply(200, b"", _SOAP)
        elif "multipart/encrypted" in self.headers.get("Content-Type", ""):
            status, answer = self._answer(self._decrypt(data))
            self._reply(status, self._encrypt(answer), _ENCRYPTED)
        else:
            status, answer = self._answer(data)
            self._reply(status, answer, _SOAP)

    def _answer(self, data: bytes) -> tuple[int, bytes]:
        with self.server.receiving(self.connection) if _RECEIVE in data else contextlib.nullcontext():
            return self.server.service.answer(data)

    def _admits(self, scheme: str, token: str) -> bool:
        """Whether the request may be answered; if not, a 401 has gone out."""
        if scheme == "basic":
            admitted = _same(token, self.server.credentials)
            if not admitted:
                self._refuse("basic")
            return admitted
        if scheme in ("negotiate", "ntlm"):
            return self._negotiates(scheme, token)
        if self._context is not None and self._context.complete:
            return True
        self._refuse("no credentials")
        return False

    def _negotiates(self, scheme: str, token: str) -> bool:
        if self._context is None or self._context.complete:
            self._context = spnego.server(protocol="ntlm" if scheme == "ntlm" else "negotiate")
        try:
            answer = self._context.step(base64.b64decode(token))
        except (spnego.exceptions.SpnegoError, binascii.Error, ValueError):  # a wrong password, or no token at all
            self._context = None
            self._refuse(scheme)
            return False
        if not self._context.complete:
            self._reply(401, b"", _SOAP, {"WWW-Authenticate": f"{scheme.capitalize()} {base64.b64encode(answer).decode()}"})
        return bool(self._context.complete)

    def _refuse(self, why: str) -> None:
        self.server.log(f"refused: {why}")
        self._reply(401, b"", _SOAP)

    def _decrypt(self, data: bytes) -> bytes:
        """Open a message of MS-WSMV 2.2.9.1: a length in front, the signature, the sealed envelope."""
        payload = data.split(b"Content-Type: application/octet-stream\r\n", 1)[1].rsplit(b"--Encrypted Boundary", 1)[0]
        size = int.from_bytes(payload[:4], "little")
        opened: bytes = self._context.unwrap_winrm(payload[4 : 4 + size], payload[4 + size :])
        return opened

    def _encrypt(self, answer: bytes) -> bytes:
        header, sealed, _ = self._context.wrap_winrm(answer)
        # pywinrm strips the part headers only with the leading tabs that Windows sends.
        message: bytes = (
            b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" + str(len(answer)).encode() + b"\r\n"
            b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
            + len(header).to_bytes(4, "little")
            + header
            + sealed
            + b"--Encrypted Boundary--\r\n"
        )
        return message

    def _reply(self, status: int, data: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        if status == 401 and not headers:
            for offer in _OFFERS:
                self.send_header("WWW-Authenticate", offer)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """The service keeps a log of its own."""


def _same(token: str, credentials: str) -> bool:
    try:
        return hmac.compare_digest(base64.b64decode(token), credentials.encode())
    except binascii.Error:
        return False


def host_log(sink: Callable[[str], None], host: str) -> Log:
    """Return a log that puts the host's name before each line."""
    return lambda line: sink(f"{host} {line}")
