# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the build's command-line tools."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(*command: str | Path, directory: Path | None = None) -> None:
    """Run a tool to its end.

    Raises:
        RuntimeError: it failed; the message holds what it printed.
    """
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with code {done.returncode}: {done.stdout.strip()}")
