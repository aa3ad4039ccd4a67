# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks a lab host by its registry and files, from outside it, and looks at it with agent_verify.

A change from outside takes a second; one over WinRM would be a remote execution of its own.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import typing as t
from collections.abc import Mapping
from pathlib import Path

from cloudlab.testing.ansible_runs import Run, run_playbook
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.server_registry import server_registry

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

MACHINE = "HKEY_LOCAL_MACHINE"
LAB_KEY = rf"{MACHINE}\SOFTWARE\Cloud Sync Lab"
DIRECTORY = rf"{LAB_KEY}\Directory"

Changes = Mapping[str, Mapping[str, str | int]]


@dataclasses.dataclass(frozen=True)
class Look:
    """What agent_verify has returned, and its run."""

    result: dict[str, t.Any]
    run: Run

    @property
    def checks(self) -> dict[str, dict[str, t.Any]]:
        """The checks by their names."""
        return {check["name"]: check for check in self.result["checks"]}

    @property
    def statuses(self) -> dict[str, str]:
        """The checks' statuses by their names."""
        return {name: check["status"] for name, check in self.checks.items()}


class Host:
    """One host of the lab: what a test has added to its registry goes away with `mend`."""

    def __init__(self, lab: Lab, name: str, folder: Path) -> None:
        self.name = name
        self.prefix = Prefix(lab.state / "hosts" / name)
        self._lab, self._folder, self._looks = lab, folder, 0
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
        """Remove a key that the golden host has; mend brings it back."""
        self.prefix.run("reg.exe", "delete", key, "/f")

    def mend(self) -> None:
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

    def look(self, **variables: t.Any) -> Look:
        """Look at the host with agent_verify."""
        self._looks += 1
        results = self._folder / f"look-{self._looks}.json"
        values = {"host": self.name, "results": str(results), **variables}
        run = run_playbook(str(Path(__file__).with_name("look.yml")), inventory=self._lab.inventory, extra_vars=values)
        assert run.returncode == 0, run.output
        return Look(json.loads(results.read_text(encoding="utf-8")), run)
