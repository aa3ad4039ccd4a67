# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the WinRM endpoints of all hosts of a lab: python -m cloudlab.windows CONFIG.

CONFIG is JSON: user, password, log (a file), control {address, key}, hosts [{name, address, computer, domain, prefix, certificate,
key}]. Ends at SIGTERM; the hosts themselves are started and ended by the lab, and restarted here.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from cloudlab.end_signal import EndSignal
from cloudlab.windows import control
from cloudlab.windows.host import Host
from cloudlab.windows.server import host_log


class Endpoints:
    """The endpoints of all hosts."""

    def __init__(self, config: dict[str, Any], log: TextIO) -> None:
        self._file, self._lock = log, threading.Lock()
        credentials = f"{config['user']}:{config['password']}"
        self._hosts = {host["name"]: Host(host, credentials, host_log(self.log, host["name"])) for host in config["hosts"]}

    def log(self, line: str) -> None:
        """Write a line into the log."""
        with self._lock:
            print(f"{time.time():.3f} {line}", file=self._file, flush=True)

    def start(self) -> None:
        """Answer from now on."""
        for host in self._hosts.values():
            host.start()

    def stop(self) -> None:
        """Stop listening and end what runs in the shells."""
        for host in self._hosts.values():
            host.stop()

    def cut(self) -> int:
        """Break every open connection and return how many there were."""
        return sum(host.cut(receiving=False) for host in self._hosts.values())

    def cut_receiving(self) -> int:
        """Break the connections that wait for the answer to a Receive, and return how many there were."""
        return sum(host.cut(receiving=True) for host in self._hosts.values())

    def restart_host(self, name: str) -> None:
        """Restart one host and return when it is up."""
        if name not in self._hosts:
            raise ValueError(f"there is no such host; the lab has {', '.join(self._hosts)}.")
        self._hosts[name].restart()


def main(config_file: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = json.loads(Path(config_file).read_text(encoding="utf-8"))
    # pyspnego's NTLM acceptor looks passwords up in a file of its own format; it goes with the lab's folder, however this ends.
    folder = Path(config_file).parent
    with tempfile.NamedTemporaryFile("w", suffix=".ntlm", dir=folder) as users, open(config["log"], "a", encoding="utf-8") as log:
        users.write(f":{config['user']}:{config['password']}\n")
        users.flush()
        os.environ["NTLM_USER_FILE"] = users.name
        endpoints = Endpoints(config, log)
        ended = EndSignal()
        commands: control.Commands = {
            "cut": endpoints.cut,
            "cut-receiving": endpoints.cut_receiving,
            "restart-host": endpoints.restart_host,
        }
        # Before the hosts answer: who waits for them may then give commands.
        control.serve(config["control"]["address"], config["control"]["key"], commands, endpoints.log)
        endpoints.start()
        ended.wait()
        endpoints.stop()


if __name__ == "__main__":
    main(sys.argv[1])
