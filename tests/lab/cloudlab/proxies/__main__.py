# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One forward proxy: python -m cloudlab.proxies CONFIG.

CONFIG is JSON: address, port, log (a file that gets a line for each target let through), moved (addresses of targets, and where they
really are), credentials ("user:password", optional),
inspection (optional: ca, the file to verify servers with; folder, certificate, key and leaf_key of the CA that it shows to clients).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from proxy import Proxy, sleep_loop
from proxy.http.parser import HttpParser
from proxy.http.proxy import HttpProxyBasePlugin

#: The proxy's work happens in processes of its own, which the environment reaches.
_LOG, _MOVED = "CLOUDLAB_PROXY_LOG", "CLOUDLAB_PROXY_MOVED"


class TargetLog(HttpProxyBasePlugin):
    """Writes down the target of each request that is let through: HOST:PORT of a CONNECT, else the whole address."""

    def handle_client_request(self, request: HttpParser) -> HttpParser:
        """See a request after the credentials were accepted; one inside an inspected connection has no host of its own."""
        if request.host is not None:
            target = f"{request.host.decode()}:{request.port}" if request.is_https_tunnel else str(request._url)
            with open(os.environ[_LOG], "a", encoding="utf-8") as log:
                log.write(target + "\n")
        return request

    def resolve_dns(self, host: str, port: int) -> tuple[str | None, None]:
        """Return where a target really is, None where it is what it says."""
        return json.loads(os.environ[_MOVED]).get(host), None


def options(config: dict[str, Any]) -> list[str]:
    """Return proxy.py's options; they are handed over in memory, not on a command line."""
    chosen = ["--hostname", config["address"], "--port", str(config["port"]), "--threaded", "--num-workers", "1", "--num-acceptors", "1"]
    if "credentials" in config:
        chosen += ["--basic-auth", config["credentials"]]
    if "inspection" in config:
        inspection = config["inspection"]
        chosen += ["--ca-file", inspection["ca"], "--ca-cert-dir", inspection["folder"], "--ca-cert-file", inspection["certificate"]]
        chosen += ["--ca-key-file", inspection["key"], "--ca-signing-key-file", inspection["leaf_key"]]
    return chosen


def main(config_file: str) -> None:
    """Serve until SIGTERM."""
    config = json.loads(Path(config_file).read_text(encoding="utf-8"))
    os.environ[_LOG], os.environ[_MOVED] = config["log"], json.dumps(config["moved"])
    with Proxy(options(config), plugins=[TargetLog]) as proxy:
        sleep_loop(proxy)


if __name__ == "__main__":
    main(sys.argv[1])
