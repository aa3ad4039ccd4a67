# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a host: its server, its services of automatic start, and what Windows writes into the registry at each start."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cloudlab.limits import limit
from cloudlab.windows.prefix import Prefix

_CONTROL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet"
_LOGON_SCREEN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked"
#: The limit in a host's registry, as server_registry.py puts it there: Wine's own, in milliseconds, and the stand-ins'.
_LIMITS = re.compile(rb'^"(ServicesPipeTimeout|LimitSeconds)"=dword:[0-9a-f]{8}', re.MULTILINE)


def boot(prefix: Prefix, computer: str, domain: str, settings: Mapping[str, Mapping[str, str | int]] | None = None) -> None:
    """Start a host and give it its name; further registry settings go in with it.

    Wine sets a computer name from the real machine's at each start, so ours comes after that. The log-on screen's key is what
    ansible.windows.win_reboot waits for.
    """
    _set_limits(prefix)
    prefix.keep_up()
    prefix.run("wineboot.exe")
    prefix.import_registry(
        {
            rf"{_CONTROL}\Control\ComputerName\ActiveComputerName": {"ComputerName": computer},
            rf"{_CONTROL}\Control\ComputerName\ComputerName": {"ComputerName": computer},
            rf"{_CONTROL}\Services\Tcpip\Parameters": {
                "Hostname": computer,
                "NV Hostname": computer,
                "Domain": domain,
                "NV Domain": domain,
            },
            _LOGON_SCREEN: {},
            **(settings or {}),
        }
    )


def _set_limits(prefix: Prefix) -> None:
    """Give a host that is down the limit of today: Wine reads its own when services start, before a program could write it.

    Raises:
        RuntimeError: the host was made without them.
    """
    file, seconds = prefix.path / "system.reg", min(limit(), 0xFFFFFFFF // 1000)
    values = {b"ServicesPipeTimeout": seconds * 1000, b"LimitSeconds": seconds}
    text, count = _LIMITS.subn(lambda found: b'"%s"=dword:%08x' % (found[1], values[found[1]]), file.read_bytes())
    if count != len(values):
        raise RuntimeError(f"{file} has {count} of the {len(values)} limits: make its host anew with 'lab build'.")
    file.write_bytes(text)
