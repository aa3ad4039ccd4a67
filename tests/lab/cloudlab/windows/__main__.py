# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the WinRM endpoints of all hosts of a lab: python -m cloudlab.windows CONFIG.

CONFIG is JSON: user, password, log (a file), hosts [{name, address, prefix, certificate, key}]. Ends at SIGTERM; the hosts
themselves are started and ended by the lab.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from cloudlab.windows.prefix import Prefix
from cloudlab.windows.server import WinRMServer, host_log
from cloudlab.windows.service import ShellService

HTTP_PORT, HTTPS_PORT = 5985, 5986


class Endpoints:
    """The listeners of all hosts."""

    def __init__(self, config: dict[str, Any], log: TextIO) -> None:
        self._log, self._lock = log, threading.Lock()
        self._credentials = f"{config['user']}:{config['password']}"
        self._services: list[ShellService] = []
        self._servers: list[WinRMServer] = []
        for host in config["hosts"]:
            self._add(host)

    def _write(self, line: str) -> None:
        with self._lock:
            print(f"{time.time():.3f} {line}", file=self._log, flush=True)

    def _add(self, host: dict[str, str]) -> None:
        log = host_log(self._write, host["name"])
        service = ShellService(Prefix(Path(host["prefix"])), log)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(host["certificate"], host["key"])
        self._services.append(service)
        for port, context in ((HTTP_PORT, None), (HTTPS_PORT, tls)):
            self._servers.append(WinRMServer((host["address"], port), service, self._credentials, log, context))

    def start(self) -> None:
        """Answer from now on."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop listening and end what runs in the shells."""
        for server in self._servers:
            server.shutdown()
        for service in self._services:
            service.close()


def main(config_file: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = json.loads(Path(config_file).read_text(encoding="utf-8"))
    # pyspnego's NTLM acceptor looks passwords up in a file of its own format.
    with tempfile.NamedTemporaryFile("w", suffix=".ntlm") as users, open(config["log"], "a", encoding="utf-8") as log:
        users.write(f":{config['user']}:{config['password']}\n")
        users.flush()
        os.environ["NTLM_USER_FILE"] = users.name
        endpoints = Endpoints(config, log)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        endpoints.start()
        stop.wait()
        endpoints.stop()


if __name__ == "__main__":
    main(sys.argv[1])
