# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m cloudlab.microsoft --config FILE`: serve until the process is ended."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cloudlab.end_signal import EndSignal
from cloudlab.microsoft.config import Config
from cloudlab.microsoft.server import Server


def main() -> int:
    """Serve, and return the process' exit code."""
    parser = argparse.ArgumentParser(prog="cloudlab.microsoft", description="Microsoft's side of the lab.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file with the settings (cloudlab.microsoft.config)")
    config = Config.load(parser.parse_args().config)
    ended = EndSignal()
    server = Server(config)
    try:
        server.start()
    except OSError as error:
        where = f"{config.address}, ports {config.port} and {config.realm_port}"
        print(f"Microsoft's side cannot listen on {where}: {error}. End what listens there, or run the lab as root.", file=sys.stderr)
        return 1
    print(f"Microsoft's side listens on {server.url}", flush=True)
    ended.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
