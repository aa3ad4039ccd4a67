# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab host on which modules run without Ansible: the real action plugin here, its real payloads there, in one PowerShell that is kept.

A remote execution costs ten times as much as the payload that it runs. What a module decides and what its payloads do to a host is
tested here; the connection, and that a module works in a playbook, is held by the tests that run one.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
import typing as t
from pathlib import Path

import yaml
from cloudlab.windows.prefix import WINE, Prefix, windows_path
from module_runs import run_module

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

SCRIPT = Path(__file__).with_name("run_payloads.ps1")


class DirectHost:
    """One host of a lab, with the inventory's options for each module; its PowerShell ends with close()."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.name = name
        #: Which culture scripts run in: it has separators, digits, letters and a calendar of its own. '' is the invariant one.
        self.culture = ""
        self.prefix = Prefix(lab.state / "hosts" / name)
        known = yaml.safe_load(lab.inventory.read_text(encoding="utf-8"))["agents"]["vars"]
        self._known = {key.removeprefix("provisioning_agent_"): value for key, value in known.items()}
        self._powershell: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def known(self, *names: str) -> dict[str, t.Any]:
        """Return options as the lab's inventory has them."""
        return {name: self._known[name] for name in names}

    def run(self, module: str, options: dict[str, t.Any], *, check: bool = False) -> dict[str, t.Any]:
        """Run a module against the host and return its result."""
        return run_module(module, options, self, check=check, host=self.name)

    def close(self) -> None:
        """End the host's PowerShell."""
        if self._powershell:
            with self._powershell as ending, contextlib.suppress(BrokenPipeError):  # it may have ended with its host
                t.cast(t.IO[str], ending.stdin).close()
            self._powershell = None

    def put_file(self, local: str, remote: str) -> None:
        """Copy a file to a path of the host."""
        shutil.copy(local, self.prefix.unix_path(remote))

    def run_script(self, script: str, **parameters: t.Any) -> t.Any:
        """Run a script of the tests' own on the host, and return what it has put into $Ansible.Result as JSON, None if nothing."""
        answer = self.win_powershell({"script": script, "parameters": parameters, "sensitive_parameters": []}, check=False)
        assert not answer["failed"], answer["msg"]
        return None if answer["result"] is None else json.loads(answer["result"])

    def win_powershell(self, arguments: dict[str, t.Any], *, check: bool) -> dict[str, t.Any]:
        """Run a script on the host."""
        with self._lock, tempfile.TemporaryDirectory(dir=self.prefix.path) as name:
            request, answer = Path(name) / "request.json", Path(name) / "answer.json"
            request.write_text(json.dumps({**arguments, "check_mode": check, "culture": self.culture}), encoding="utf-8")
            self._ask(f"{windows_path(request)}\n{windows_path(answer)}\n")
            return t.cast(dict[str, t.Any], json.loads(answer.read_text(encoding="utf-8")))

    def _ask(self, lines: str) -> None:
        """Hand lines to the host's PowerShell, which is started where it does not run (after a restart too), and wait for its answer."""
        if self._powershell and self._powershell.poll() is not None:
            self.close()
        if self._powershell is None:
            command: list[str | Path] = [WINE, "powershell.exe", "-NoProfile", "-NonInteractive", "-File", windows_path(SCRIPT)]
            pipes: dict[str, t.Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            environment = self.prefix.environment()
            self._powershell = subprocess.Popen(command, env=environment, cwd=self.prefix.path, text=True, bufsize=1, **pipes)
        stdin, stdout = t.cast(t.IO[str], self._powershell.stdin), t.cast(t.IO[str], self._powershell.stdout)
        stdin.write(lines)
        stdin.flush()
        printed = []
        for line in stdout:
            if line.strip() == "answered":
                return
            printed.append(line)
        raise AssertionError(f"PowerShell on {self.name} has ended: {''.join(printed)}")
