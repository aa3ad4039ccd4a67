# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host behind its WinRM endpoint: its listeners, and its restart when shutdown.exe (native/shutdown.c) asks for one.

Left out: the text and the reason that shutdown.exe is given, and shutting down without a restart.
"""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path
from typing import Any

from cloudlab.windows.boot import boot
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.server import WinRMServer
from cloudlab.windows.service import ShellService
from cloudlab.windows.soap import Log

HTTP_PORT, HTTPS_PORT = 5985, 5986
_POLL_SECONDS = 0.2


class Host:
    """The listeners of one host, and what they stand for.

    Args:
        config: name, address, computer, domain, prefix, certificate and key (files) of the host.
        credentials: user and password with a colon between them.
        log: takes the lines of the endpoint's log.
    """

    def __init__(self, config: dict[str, str], credentials: str, log: Log) -> None:
        self._config, self._credentials, self._log = config, credentials, log
        self._prefix = Prefix(Path(config["prefix"]))
        self._pending = self._prefix.drive / "windows" / "shutdown.pending"
        self._service = ShellService(self._prefix, log)
        self._servers: list[WinRMServer] = []
        self._changing, self._ended = threading.Lock(), threading.Event()

    @property
    def name(self) -> str:
        """Its name in the lab."""
        return self._config["name"]

    def start(self) -> None:
        """Answer from now on, and restart when asked to."""
        self._listen()
        threading.Thread(target=self._watch, name=f"{self.name} shutdown", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and end what runs in the shells; the host itself stays up."""
        self._ended.set()
        with self._changing:
            self._close()

    def cut(self, *, receiving: bool) -> int:
        """Break every open connection, or those alone that wait for the answer to a Receive; return how many there were."""
        cut = sum(server.cut(receiving=receiving) for server in self._servers)
        self._service.interrupt()
        return cut

    def restart(self) -> None:
        """End all that runs on the host, start it again, and answer when it is up."""
        with self._changing:
            self._log("goes down for a restart")
            self._close()
            self._prefix.stop()
            boot(self._prefix, self._config["computer"], self._config["domain"])
            self._listen()
            self._log("is up again")

    def _listen(self) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._config["certificate"], self._config["key"])
        ports: tuple[tuple[int, Any], ...] = ((HTTP_PORT, None), (HTTPS_PORT, tls))
        for port, context in ports:
            server = WinRMServer((self._config["address"], port), self._service, self._credentials, self._log, context)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()

    def _close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
            server.cut(receiving=False)
        self._servers.clear()
        self._service.close()

    def _watch(self) -> None:
        """Restart when a planned restart is due; `shutdown.exe /a` takes the file away before that."""
        while not self._ended.wait(_POLL_SECONDS):
            if self._is_due():
                self._pending.unlink(missing_ok=True)
                self.restart()

    def _is_due(self) -> bool:
        try:
            seconds, written = self._pending.read_text(encoding="ascii"), self._pending.stat().st_mtime
        except FileNotFoundError:
            return False
        # An empty file is one that shutdown.exe is still writing.
        return seconds.endswith("\n") and time.time() >= written + int(seconds)
