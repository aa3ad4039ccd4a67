# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent on a lab host, arranged and looked at from outside the host: its files, its services, its rows under Programs and Features."""

from __future__ import annotations

import dataclasses
import re
import shutil
from functools import partial
from pathlib import Path

from cloudlab.limits import wait_for
from cloudlab.paths import PACKAGES
from cloudlab.windows.prefix import Prefix

AGENT, UPDATER = "AADConnectProvisioningAgent", "AzureADConnectAgentUpdater"
FOLDER = "Program Files/Microsoft Azure AD Connect Provisioning Agent"
PACKAGE_CACHE = "ProgramData/Package Cache"
TRACES = "ProgramData/Microsoft/Azure AD Connect Provisioning Agent/Trace"
_CERTIFICATES = r"SOFTWARE\Microsoft\SystemCertificates\MY\Certificates"
_UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"


@dataclasses.dataclass(frozen=True)
class InstalledAgent:
    """What of the agent is on a host."""

    prefix: Prefix

    @property
    def folder(self) -> Path:
        """The agent's folder."""
        return self.prefix.drive / FOLDER

    @property
    def configuration(self) -> Path:
        """The agent's configuration file."""
        return self.folder / f"{AGENT}.exe.config"

    def bring(self, package: str) -> None:
        """Put a package of the lab into C:\\packages."""
        folder = self.prefix.drive / "packages"
        folder.mkdir(exist_ok=True)
        shutil.copy(PACKAGES / f"{package}.exe", folder)

    def starts(self) -> int:
        """Return how often the agent has started so far."""
        return sum(file.read_text(encoding="utf-8").count("started.") for file in (self.prefix.drive / TRACES).glob("*.log"))

    def state(self, service: str) -> str:
        """Return a service's state in Windows' word: RUNNING, STOPPED ..."""
        found = re.search(r"STATE\s*:\s*\d+\s+(\w+)", self.prefix.run("sc.exe", "query", service))
        assert found, f"sc.exe does not name the state of {service}"
        return found[1]

    def stop(self, *services: str) -> None:
        """Stop services that run, and return when they have stopped."""
        for service in services:
            self.prefix.run("sc.exe", "stop", service)
            wait_for(f"the end of {service}", partial(self._is_stopped, service), seen=partial(self.state, service))

    def _is_stopped(self, service: str) -> bool:
        return self.state(service) == "STOPPED"

    def certificates(self) -> set[str]:
        """Return the thumbprints of the certificates in the machine's own store."""
        return set(re.findall(r"\\([0-9A-F]{40})\s", self.prefix.run("reg.exe", "query", rf"HKLM\{_CERTIFICATES}", "/s")))

    def take_rows(self) -> None:
        """Take the agent's and its updater's rows away from Programs and Features."""
        for software in (r"HKLM\SOFTWARE", r"HKLM\SOFTWARE\Wow6432Node"):
            rows = re.split(r"\n(?=HKEY)", self.prefix.run("reg.exe", "query", rf"{software}\{_UNINSTALL}", "/s").replace("\r", ""))
            for row in rows:
                if re.search(r"DisplayName +REG_SZ +.*(Provisioning Agent|Agent Updater)", row):
                    self.prefix.run("reg.exe", "delete", row.splitlines()[0], "/f")
