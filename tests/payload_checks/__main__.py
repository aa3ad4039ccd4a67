# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what the checks find in the collection's PowerShell; the exit code is 1 if they find anything."""

from __future__ import annotations

import sys
from pathlib import Path

from cloudlab.errors import LabError
from cloudlab.processes import own_what_follows
from payload_checks.rules import findings
from payload_checks.walk import walk

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    """Check every file and return the exit code."""
    own_what_follows()
    files = sorted((REPOSITORY / "plugins").rglob("*.ps1"))
    if not files:
        raise LabError("There is no *.ps1 below plugins/: the checks look in the wrong place.")
    found = findings(walk(files))
    for finding in found:
        print(finding.at(REPOSITORY))
    print(f"PowerShell of the payloads: {len(found)} findings in {len(files)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
