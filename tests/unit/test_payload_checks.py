# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of payloads (tests/payload_checks): each rule finds what breaks it and nothing else. One PowerShell reads all."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from cloudlab.paths import BUILD
from payload_checks.finding import Finding
from payload_checks.rules import FILE_RULES, findings
from payload_checks.walk import Source, walk

#: By rule: what breaks it, and what does not.
CASES: dict[str, list[dict[str, str]]] = yaml.safe_load(Path(__file__).with_name("payload_cases.yml").read_text(encoding="ascii"))

#: What every case may call.
LIBRARY = {
    "shared.ps1": """
function Test-Mine { param($Name) Write-Verbose -Message "$Name"; return $true }
function Get-Mine { return New-Object -TypeName System.IO.MemoryStream }
""",
    "numbers.ps1": "function Get-Number { [System.Numerics.BigInteger]::One }",
}
#: What Windows PowerShell never comes to, and types that only 5.1 has a use for.
GOOD = (
    "if ($PSVersionTable.PSVersion.Major -lt 6) { $a = 1 } else { $a = [System.Text.Json.JsonDocument] }",
    "$a = @{ b = 1 }\n$a.anything = $a.other",
    "try { $a = 1 } catch { $b = $_.Exception.GetBaseException().Response }",
    "$a = 1, 2 | ForEach-Object -Process { $_ } | Sort-Object -Unique",
    "$a = [ordered]@{ b = 1 }",
)


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    """Return all cases as PowerShell reads them, by the names of their files: always the same paths, so that they are read once."""
    folder = BUILD / "payload-checks" / "cases"
    texts = {f"{rule}-{number}-{kind}.ps1": text for rule, number, kind, text in _cases()}
    texts |= {f"good-{number}.ps1": text for number, text in enumerate(GOOD)}
    (folder / "library").mkdir(parents=True, exist_ok=True)
    files = [_write(folder / "scripts" / name, text) for name, text in texts.items()]
    files += [_write(folder / "library" / name, text) for name, text in LIBRARY.items()]
    return {source.path.name: source for source in walk(files)}


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="ascii")
    return path


def _cases() -> t.Iterator[tuple[str, int, str, str]]:
    for rule, cases in CASES.items():
        for number, case in enumerate(cases):
            yield from ((rule, number, kind, text) for kind, text in case.items())


@pytest.mark.parametrize(("rule", "number"), [(rule, number) for rule, cases in CASES.items() for number in range(len(cases))])
def test_rule_finds_what_breaks_it_and_nothing_else(sources: dict[str, Source], rule: str, number: int) -> None:
    case = CASES[rule][number]
    library = [sources[name] for name in LIBRARY]
    assert rule in {finding.rule for finding in findings([sources[f"{rule}-{number}-bad.ps1"], *library])}, case["bad"]
    assert not findings([sources[f"{rule}-{number}-good.ps1"], *library]), case["good"]


@pytest.mark.parametrize("number", range(len(GOOD)))
def test_what_windows_powershell_takes_is_left_alone(sources: dict[str, Source], number: int) -> None:
    assert not findings([sources[f"good-{number}.ps1"]]), GOOD[number]


def test_every_rule_has_cases() -> None:
    names = {rule.__name__.replace("_", "-") for rule in FILE_RULES}
    assert names <= set(CASES)


def test_finding_is_reported_with_file_and_line() -> None:
    assert Finding(Path("/a/b.ps1"), 3, "rule", "wrong").at(Path("/a")) == "b.ps1:3: wrong [rule]"
