# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives each lab of the machine a block of loopback addresses, 127.0.<block>.x, that no other lab has, whoever runs it.

A block is held by a socket's name in Linux's abstract namespace: no file, so it belongs to no user and no umask concerns it, and the
kernel releases it when the last process that has the socket open ends, in whatever way. A lab's servers inherit the socket.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from cloudlab.errors import LabError
from cloudlab.windows.host import HTTP_PORT, HTTPS_PORT

MICROSOFT_PORT, REALM_PORT = 8443, 443
_MICROSOFT_HOST = 250
#: Where nobody listens; the proxies take it for Microsoft's side.
_PROXIED_HOST = 249
#: What the names of blocks in the abstract namespace begin with.
_NAME = "cloudlab"
_BLOCKS = range(50, 100)


@dataclass(frozen=True)
class Block:
    """A block of addresses, held until every process that has the socket open has closed it or ended; closed here by `with`."""

    number: int
    held_by: socket.socket

    def __enter__(self) -> Block:
        return self

    def __exit__(self, *_: object) -> None:
        self.held_by.close()

    def address(self, host: int) -> str:
        """Return one of its addresses; the lab's Windows hosts have 1 to 200."""
        return _address(self.number, host)

    @property
    def microsoft(self) -> str:
        """The address of Microsoft's side."""
        return self.address(_MICROSOFT_HOST)

    @property
    def proxied(self) -> str:
        """The address by which Microsoft's side is reached through the lab's proxies alone."""
        return self.address(_PROXIED_HOST)


def reserve() -> Block:
    """Hold the first block that no lab holds and where no other program listens.

    Raises:
        LabError: there is none, or this user may not listen on port 443.
    """
    for number in _BLOCKS:
        holder = _hold(number)
        if holder is None:
            continue
        try:
            usable = _is_usable(number)
        except LabError:
            holder.close()
            raise
        if usable:
            return Block(number, holder)
        holder.close()
    raise LabError(f"No block of addresses {_address(_BLOCKS.start, 0)} to {_address(_BLOCKS.stop - 1, 255)} is free: end another lab.")


def _hold(number: int) -> socket.socket | None:
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0{_NAME} {_address(number, 0)}")
    except OSError:  # its name is taken
        holder.close()
        return None
    return holder


def _is_usable(number: int) -> bool:
    """Return whether a lab could listen there: a program on every address of the machine (0.0.0.0) may be in its way."""
    microsoft, windows = _address(number, _MICROSOFT_HOST), _address(number, 1)
    listeners = [(microsoft, MICROSOFT_PORT), (microsoft, REALM_PORT), (windows, HTTP_PORT), (windows, HTTPS_PORT)]
    return all(_is_free(*listener) for listener in listeners)


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: what is left of connections that have ended is not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError as error:
            raise LabError(
                f"You may not listen on port {port}, where Microsoft's side has to: run the lab as root, or let everybody have "
                f"the port with 'sudo sysctl net.ipv4.ip_unprivileged_port_start={port}'."
            ) from error
        except OSError:
            return False
    return True


def _address(number: int, host: int) -> str:
    return f"127.0.{number}.{host}"
