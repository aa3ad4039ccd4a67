# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that answers each payload with what a test has put there, so that a whole action runs in this process without a connection."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from unittest import mock

from ansible.utils.display import Display
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import load_payload
from module_runs import run_module

Data = dict[str, t.Any]

PAYLOADS = ("facts", "download", "install", "remove", "register")


@dataclasses.dataclass
class Asked:
    """One payload that was run: its name, its open and its secret parameters."""

    name: str
    parameters: Data
    secret: Data


class FakeHost:
    """What an action talks to. For each payload its answers one after another; the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[Data, bool]]] = {}
        self.asked: list[Asked] = []
        self.lines: list[str] = []
        self.files: list[tuple[str, str]] = []
        self.pipelining = True

    def answer(self, name: str, content: Data, *, changed: bool = False) -> None:
        """Let a payload answer with this after what it answers already."""
        self.answers.setdefault(name, []).append((content, changed))

    @property
    def names(self) -> list[str]:
        """The payloads that were run, in their order."""
        return [request.name for request in self.asked]

    def run(self, module: str, options: Data, *, check_mode: bool = False) -> Data:
        """Run a module, and return its result."""
        say = mock.patch.object(Display, "display", lambda _, line, **options: self.lines.append(line))
        with say:
            return run_module(module, options, self, check=check_mode, pipelining=self.pipelining)

    def win_powershell(self, arguments: Data, *, check: bool) -> Data:
        """Answer a payload."""
        name = next(payload for payload in PAYLOADS if load_payload(payload) == arguments["script"])
        secret = {parameter["name"]: parameter["value"] for parameter in arguments["sensitive_parameters"]}
        self.asked.append(Asked(name, arguments["parameters"], secret))
        answers = self.answers[name]
        content, changed = answers.pop(0) if len(answers) > 1 else answers[0]
        return {"result": json.dumps(content), "changed": changed}

    def put_file(self, local: str, remote: str) -> None:
        """Note a file that is copied to the host."""
        self.files.append((local, remote))
