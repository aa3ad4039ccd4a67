# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS server that all of Microsoft's services share."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import tempfile
import threading
import typing as t
from collections.abc import Iterable
from pathlib import Path

from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server as WsgiServer
from cloudlab.microsoft.cloud import Cloud, current_cloud
from cloudlab.microsoft.config import Config
from cloudlab.microsoft.control import control
from cloudlab.microsoft.downloads import downloads
from cloudlab.microsoft.graph import graph
from cloudlab.microsoft.openid import openid
from cloudlab.microsoft.registration import registration
from cloudlab.microsoft.synchronization import synchronization
from cloudlab.microsoft.traffic import cut, fault_response
from cloudlab.pki import Pki
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

_THREADS = 16


class Server:
    """Microsoft's side on one address, in threads of its own; use as a context manager or by `start` and `stop`."""

    def __init__(self, config: Config) -> None:
        self.cloud = Cloud(config)
        ports = (config.port, config.realm_port)
        app, tls = _app(self.cloud), _tls(self.cloud.pki, (config.address, *config.further_names))
        self._servers = [_listener(config.address, port, app, tls) for port in ports if port is not None]
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The address it listens on; to be read after `start`."""
        address, port = self._servers[0].bind_addr[:2]
        return f"https://{address}:{port}"

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: an address is taken, or may not be taken.
        """
        for server in self._servers:
            server.prepare()
            self._threads.append(threading.Thread(target=server.serve, name="microsoft", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Stop listening; answers that are held back go out first."""
        self.cloud.faults.clear()
        for server in self._servers:
            server.stop()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Connection(HTTPConnection):
    """Cheroot's connection, which leaves to the garbage collector what it cannot send to a client that has gone away.

    From Python 3.13 on that is a warning, since the socket is closed by then.
    """

    def communicate(self) -> bool:
        """Answer a request; return whether the connection is to be kept open."""
        _forget_tls_errors()
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close the connection, and drop what is not sent."""
        super().close()
        if not self.linger:
            with contextlib.suppress(OSError):
                self.wfile.close()


class _Tls(BuiltinSSLAdapter):
    """Cheroot's TLS."""

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """Shake hands with a client."""
        _forget_tls_errors()
        return t.cast(tuple[ssl.SSLSocket, dict[str, str]], super().wrap(sock))  # type: ignore[no-untyped-call]


def _forget_tls_errors() -> None:
    """Empty OpenSSL's queue of errors of this thread.

    Python 3.13 (from its fifth release on, at the latest) leaves in it that a client has gone away, and takes that for a failure of the
    connection that the thread has to do with next. The refusal of a cipher that does not exist empties it.
    """
    with contextlib.suppress(ssl.SSLError):
        _NO_CONTEXT.set_ciphers("none")


_NO_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class _Listener(WsgiServer):
    """Cheroot's server, which would print of every client that goes away in the middle."""

    ConnectionClass = Connection

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Write into the log of this side."""
        _LOG.log(level, "%s", msg, exc_info=traceback)


def _listener(address: str, port: int, app: Flask, tls: _Tls) -> _Listener:
    server = _Listener((address, port), app, numthreads=_THREADS)
    server.ssl_adapter = tls
    return server


def _tls(pki: Pki, names: Iterable[str]) -> _Tls:
    """Load a new certificate; the library reads it from files, which are gone afterwards."""
    chain, key = pki.server_certificate(names)
    with tempfile.TemporaryDirectory() as name:
        chain_file, key_file = Path(name, "server.pem"), Path(name, "server.key")
        chain_file.write_bytes(chain)
        key_file.write_bytes(key)
        return _Tls(str(chain_file), str(key_file))


def _app(cloud: Cloud) -> Flask:
    app = Flask(__name__, static_folder=None)
    cloud.attach(app)
    for blueprint in (control, downloads, graph, openid, registration, synchronization):
        app.register_blueprint(blueprint)
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(HTTPException, _failed)
    app.logger.handlers = []
    _log_to(cloud.config.log)
    return app


def _before() -> WerkzeugResponse | None:
    """Let a fault happen before the real handler; the control interface has none."""
    if request.blueprint == control.name:
        return None
    g.fault = current_cloud().faults.take(request.path)
    if g.fault is None:
        return None
    if g.fault.hold:
        current_cloud().faults.hold()
    return fault_response(g.fault)


def _after(response: Response) -> Response:
    """Count and log the request: never its query, headers or body, which may hold secrets."""
    if request.blueprint != control.name:
        route = request.url_rule.rule if request.url_rule else "(none)"
        current_cloud().counters.add(f"{request.method} {route}")
    fault = g.get("fault")
    if fault and fault.cut_after is not None:
        response.response = cut(response.response, fault.cut_after)  # type: ignore[arg-type]
        response.direct_passthrough = False
    _LOG.info("%s %s %s %d", request.remote_addr, request.method, request.path, response.status_code)
    return response


def _failed(error: HTTPException) -> tuple[dict[str, dict[str, str]], int]:
    code = (error.name or "Error").replace(" ", "")
    return {"error": {"code": code, "message": error.description or ""}}, error.code or 500


_LOG = logging.getLogger(__name__)


def _log_to(path: Path | None) -> None:
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    handler = logging.FileHandler(path, encoding="utf-8") if path else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOG.addHandler(handler)
