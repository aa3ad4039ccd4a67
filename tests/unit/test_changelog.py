# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changelog's parts fit each other: fragments have known sections, and CHANGELOG.md has what changelog.yaml has."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHANGELOGS = ROOT / "changelogs"
CONFIG: dict[str, t.Any] = yaml.safe_load((CHANGELOGS / "config.yaml").read_text(encoding="utf-8"))
RELEASES: dict[str, t.Any] = yaml.safe_load((CHANGELOGS / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
FRAGMENTS = sorted(file for file in (CHANGELOGS / "fragments").iterdir() if file.suffix in {".yml", ".yaml"})
SECTIONS = {name for name, _ in CONFIG["sections"]} | {CONFIG["trivial_section_name"]}


def problems(fragment: t.Any) -> list[str]:
    """Return what is wrong with a fragment's content."""
    if not isinstance(fragment, dict):
        return ["it has no sections"]
    prelude = CONFIG["prelude_section_name"]
    found = [f"the section {name} is not known" for name in fragment if name not in SECTIONS | {prelude}]
    for name, entries in fragment.items():
        if name == prelude:
            found += [] if isinstance(entries, str) else [f"{name} is no text"]
        elif not isinstance(entries, list) or not all(isinstance(entry, str) and entry for entry in entries):
            found.append(f"the section {name} is no list of sentences")
    return found


def test_fragments_fit() -> None:
    found = {file.name: problems(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in FRAGMENTS}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("fragment", "count"),
    [
        ({"bugfixes": ["agent_install - one."]}, 0),
        ({"release_summary": "One."}, 0),
        ({"fixes": ["one"]}, 1),
        ({"bugfixes": "one"}, 1),
        ({"bugfixes": [{"one": "two"}]}, 1),
        ({"release_summary": ["One."]}, 1),
        (["one"], 1),
        (None, 1),
    ],
)
def test_fragment_that_does_not_fit_is_seen(fragment: t.Any, count: int) -> None:
    assert len(problems(fragment)) == count


def test_changelog_has_every_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    assert re.findall(r"^## v(\S+)$", text, re.MULTILINE) == sorted(RELEASES, reverse=True)
    for name, release in RELEASES.items():
        for entry in (entry for entries in release["changes"].values() if isinstance(entries, list) for entry in entries):
            assert entry[:20].replace("``", "") in text.replace("<code>", "").replace("</code>", ""), (name, entry)


def test_version_of_the_collection_is_released_or_has_fragments() -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    assert version in RELEASES or FRAGMENTS
