# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a host: its server, its services of automatic start, and what Windows writes into the registry at each start."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlab.windows.prefix import Prefix

_CONTROL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet"
_LOGON_SCREEN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked"


def boot(prefix: Prefix, computer: str, domain: str, settings: Mapping[str, Mapping[str, str | int]] | None = None) -> None:
    """Start a host and give it its name; further registry settings go in with it.

    Wine sets a computer name from the real machine's at each start, so ours comes after that. The log-on screen's key is what
    ansible.windows.win_reboot waits for.
    """
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
