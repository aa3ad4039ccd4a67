# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks a lab host by its registry and files, from outside it, and looks at it with agent_verify.

A change from outside takes a second, and so does a look without Ansible; over WinRM each would be a remote execution of its own.
"""

from __future__ import annotations

import dataclasses
import shutil
import typing as t
from collections.abc import Mapping

from cloudlab.windows.server_registry import server_registry

if t.TYPE_CHECKING:
    from direct_host import DirectHost

MACHINE = "HKEY_LOCAL_MACHINE"
LAB_KEY = rf"{MACHINE}\SOFTWARE\Cloud Sync Lab"
DIRECTORY = rf"{LAB_KEY}\Directory"

Changes = Mapping[str, Mapping[str, str | int]]


@dataclasses.dataclass(frozen=True)
class Look:
    """What agent_verify has returned."""

    result: dict[str, t.Any]

    @property
    def checks(self) -> dict[str, dict[str, t.Any]]:
        """The checks by their names."""
        return {check["name"]: check for check in self.result["checks"]}

    @property
    def statuses(self) -> dict[str, str]:
        """The checks' statuses by their names."""
        return {name: check["status"] for name, check in self.checks.items()}


class Host:
    """One host of the lab: what a test has added to its registry goes away with `restore`."""

    def __init__(self, direct: DirectHost) -> None:
        self.name, self.prefix, self._direct = direct.name, direct.prefix, direct
        self._added: dict[str, set[str]] = {}
        self._made: list[str] = []

    def forget_the_past(self) -> None:
        """Take away what other tests have left: our folder, and files that Windows replaces when it starts, such as a removed bundle's."""
        shutil.rmtree(self.prefix.drive / "ProgramData" / "entra_ops", ignore_errors=True)
        manager = rf"{MACHINE}\SYSTEM\CurrentControlSet\Control\Session Manager"
        if self._has(manager, "/v", "PendingFileRenameOperations"):
            self.prefix.run("reg.exe", "delete", manager, "/v", "PendingFileRenameOperations", "/f")

    def set(self, changes: Changes) -> None:
        """Set values of the registry."""
        self._made += [key for key in changes if not self._has(key)]
        self.prefix.import_registry(changes)
        for key, values in changes.items():
            self._added.setdefault(key, set()).update(values)

    def remove_key(self, key: str) -> None:
        """Remove a key that the golden host has; restore brings it back."""
        self.prefix.run("reg.exe", "delete", key, "/f")

    def restore(self) -> None:
        """Put the golden host's registry back, without the values that were added."""
        golden = server_registry()
        for key in self._made:
            self.remove_key(key)
        for key in set(self._added) - set(self._made):
            for name in self._added[key] - set(golden.get(key, {})):
                self.prefix.run("reg.exe", "delete", key, "/v", name, "/f")
        self._added, self._made = {}, []
        self.prefix.import_registry({key: values for key, values in golden.items() if key.startswith(MACHINE)})

    def _has(self, key: str, *options: str) -> bool:
        try:
            self.prefix.run("reg.exe", "query", key, *options)
        except RuntimeError:
            return False
        return True

    def look(self, **options: t.Any) -> Look:
        """Look at the host with agent_verify, which asks nobody in the cloud.

        An endpoint has more time than a busy machine needs for a step; one that keeps silent costs the tests as much.
        """
        known = self._direct.known("cloud", "endpoint_issuers", "tenant_id")
        return Look(self._direct.run("agent_verify", {**known, "cloud_check": "off", "fail_on": "never", "probe_timeout": 30, **options}))
