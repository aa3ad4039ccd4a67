# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab: lab build | up | down | status | snapshot | restart-endpoints | cut | restart-host."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from cloudlab import building, ending, lab, snapshot_store
from cloudlab.errors import LabError, sentence
from cloudlab.paths import State


def main() -> int:
    """Run one command; return the exit code."""
    try:
        arguments = _parser().parse_args()
        state = State(arguments.state.resolve()) if arguments.state else State.default()
        return int(arguments.run(state, arguments))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except OSError as error:
        print(f"lab: {sentence(error)}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Windows hosts and Microsoft's side on this machine's loopback addresses.")
    parser.add_argument("--state", type=Path, help="folder of the lab's state (default: CLOUDLAB_STATE, else .lab)")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build", help="build what every lab shares").set_defaults(run=_build)
    up = commands.add_parser("up", help="bring a lab up")
    up.add_argument("--hosts", type=_host_count, default=3, help="how many Windows hosts (default: 3)")
    up.add_argument("--from", dest="snapshot", metavar="NAME", help="as the snapshot of this name was, instead of new")
    up.add_argument("--keep-going", action="store_true", help="come up without the hosts that could not be set up, twice")
    up.set_defaults(run=_up)
    commands.add_parser("down", help="end the lab and remove its state").set_defaults(run=_down)
    status = commands.add_parser("status", help="show the lab")
    status.add_argument("--json", action="store_true", help="as JSON, secrets left out")
    status.set_defaults(run=_status)
    snapshot = commands.add_parser("snapshot", help="keep what the lab is now, for 'up --from'; its hosts restart")
    snapshot.add_argument("name", help="the snapshot's name; what had it before goes")
    snapshot.set_defaults(run=_snapshot)
    commands.add_parser("restart-endpoints", help="restart WinRM everywhere: commands in shells end").set_defaults(run=_restart_endpoints)
    commands.add_parser("cut", help="break every open WinRM connection: what runs goes on").set_defaults(run=_cut)
    restart = commands.add_parser("restart-host", help="restart a host and wait until it answers")
    restart.add_argument("name", help="the host, as 'lab status' names it")
    restart.set_defaults(run=_restart_host)
    return parser


def _host_count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 200):
        raise LabError(f"{text!r} hosts cannot be: give a number from 1 to 200.")
    return int(text)


def _build(_: State, __: argparse.Namespace) -> int:
    ending.sweep()
    building.build()
    return 0


def _up(state: State, arguments: argparse.Namespace) -> int:
    with snapshot_store.opened(arguments.snapshot) if arguments.snapshot else contextlib.nullcontext() as snapshot:
        data = lab.up(state, arguments.hosts, snapshot, keep_going=arguments.keep_going)
    for note in (*data["notes"], *data["failed"].values()):
        print(f"lab: {note}", file=sys.stderr)
    print(f"{len(data['hosts']) - len(data['failed'])} hosts are up. Inventory: {state.inventory}")
    return 0


def _down(state: State, _: argparse.Namespace) -> int:
    ending.down(state)
    print("The lab is down.")
    return 0


def _snapshot(state: State, arguments: argparse.Namespace) -> int:
    snapshot_store.take(state, arguments.name)
    print(f"The snapshot {arguments.name} was taken.")
    return 0


def _restart_endpoints(state: State, _: argparse.Namespace) -> int:
    lab.restart_endpoints(state)
    print("WinRM was restarted on every host.")
    return 0


def _cut(state: State, _: argparse.Namespace) -> int:
    print(f"Connections that were cut: {lab.cut(state)}.")
    return 0


def _restart_host(state: State, arguments: argparse.Namespace) -> int:
    lab.restart_host(state, arguments.name)
    print(f"{arguments.name} was restarted.")
    return 0


def _status(state: State, arguments: argparse.Namespace) -> int:
    data = lab.status(state)
    rows = _rows(data)
    if arguments.json:
        print(json.dumps([{"name": name, "address": address, "answers": answers} for name, address, answers in rows], indent=2))
    else:
        for name, address, answers in rows:
            print(f"{name:<18}{address:<28}{'answers' if answers else 'does not answer'}")
    return 0 if all(answers for *_, answers in rows) else 1


def _rows(data: dict[str, Any]) -> list[tuple[str, str, bool]]:
    hosts = [(host["name"], f"https://{host['address']}:5986", data["answers"][host["name"]]) for host in data["hosts"]]
    urls = {"microsoft": data["microsoft"]["url"], **{f"proxy-{name}": proxy["url"] for name, proxy in data["proxies"].items()}}
    return [*((name, url, data["answers"][name]) for name, url in urls.items()), *hosts]


if __name__ == "__main__":
    sys.exit(main())
