# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things: what is built once (.build in the repository), and the state of a running lab."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parents[1]
REPOSITORY = LAB.parents[1]
NATIVE = LAB / "native"
BUILD = REPOSITORY / ".build"

POWERSHELL = BUILD / "powershell" / "win-x64"
PKI = BUILD / "pki"
GOLDEN = BUILD / "golden"
PACKAGES = BUILD / "packages"
STAMPS = BUILD / "stamps"
SNAPSHOTS = BUILD / "snapshots"


@dataclass(frozen=True)
class State:
    """The folder of one running lab (mode 0700); it goes away with the lab."""

    path: Path

    @classmethod
    def default(cls) -> State:
        """The folder that CLOUDLAB_STATE names, else .lab in the repository."""
        return cls(Path(os.environ.get("CLOUDLAB_STATE", REPOSITORY / ".lab")).resolve())

    @property
    def file(self) -> Path:
        """What the lab consists of, JSON."""
        return self.path / "state.json"

    @property
    def inventory(self) -> Path:
        """The Ansible inventory of the lab's hosts."""
        return self.path / "inventory.yml"

    @property
    def hosts(self) -> Path:
        """One folder for each host."""
        return self.path / "hosts"

    @property
    def logs(self) -> Path:
        """The logs of the lab's servers."""
        return self.path / "logs"

    def config(self, name: str) -> Path:
        """The configuration file of one of the lab's servers."""
        return self.path / f"{name}.json"
