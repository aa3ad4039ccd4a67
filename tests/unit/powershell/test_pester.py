# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the Pester tests of this folder (*.Tests.ps1), all in one PowerShell; each file is a test here.

They test the payloads' functions that need no host, and in payloads.Tests.ps1 payloads that need no tenant. The same files run under
Windows PowerShell by `Invoke-Pester tests/unit/powershell`.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from cloudlab.paths import GOLDEN, POWERSHELL
from cloudlab.windows.boot import boot
from cloudlab.windows.prefix import Prefix, clone, windows_path

FOLDER = Path(__file__).parent
FILES = sorted(file.name for file in FOLDER.glob("*.Tests.ps1"))

Results = dict[str, dict[str, t.Any]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Return for each file how many tests passed, and what failed."""
    folder = tmp_path_factory.mktemp("pester")
    host, outcome = clone(Prefix(GOLDEN), folder / "host"), folder / "outcome.json"
    arguments = [windows_path(path) for path in (FOLDER / "Invoke-Tests.ps1", POWERSHELL.parent / "modules/Pester", FOLDER, outcome)]
    boot(host, "WIN1", "contoso.lab")
    try:
        host.run("powershell.exe", "-NoProfile", "-NonInteractive", "-File", *arguments)
    finally:
        host.stop()
    return t.cast(Results, json.loads(outcome.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FILES)
def test_file_passes(results: Results, name: str) -> None:
    assert results[name]["failed"] == []
    assert results[name]["passed"] > 0
