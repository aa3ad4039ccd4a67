# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the lab's C# (tests/lab/managed) with the compiler that PowerShell brings along."""

from __future__ import annotations

from pathlib import Path

from cloudlab.windows.prefix import Prefix, windows_path

MANAGED = Path(__file__).parents[2] / "managed"
_SCRIPT = MANAGED / "build.ps1"


def compile_library(prefix: Prefix, source: str, target: Path) -> None:
    """Compile a source into a library of the target's name.

    Raises:
        RuntimeError: it does not compile; the compiler's errors are in the text.
    """
    arguments = ("-File", windows_path(_SCRIPT), "-SourcePath", windows_path(MANAGED / source), "-OutputPath", windows_path(target))
    # Without the start-up hook CompiledOnce.cs: it stands in front of the compiler that is called here.
    plain = {"DOTNET_STARTUP_HOOKS": ""}
    prefix.run("powershell.exe", "-NoProfile", "-NonInteractive", *arguments, environment=plain)
