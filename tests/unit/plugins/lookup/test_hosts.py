# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup of a play's hosts passes patterns that match, and refuses a play that would be left out."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.entra_ops.cloud_sync.plugins.lookup import hosts

GROUPS = {"all": ["sync1", "sync2", "other"], "agents": ["sync1", "sync2"], "empty": [], "others": ["other"]}


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """The options of the command line."""
    given: dict[str, t.Any] = {"syntax": False}
    monkeypatch.setattr(hosts.context, "CLIARGS", given)
    return given


def look(*terms: t.Any, limit: str | None = None) -> list[str]:
    """Run the lookup."""
    return hosts.LookupModule(loader=DataLoader()).run(list(terms), {"groups": GROUPS, "ansible_limit": limit})


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize(
    ("patterns", "limit"),
    [
        (["agents"], None),
        (["agents"], "sync2"),
        (["agents:!sync1"], "agents"),
        (["agents", "others"], "others,nowhere"),
        (["sync*"], "!sync1"),
        (["localhost"], None),
        (["localhost"], "localhost"),
    ],
)
def test_patterns_that_match_are_returned(patterns: list[str], limit: str | None) -> None:
    assert look(*patterns, limit=limit) == look(patterns, limit=limit) == patterns


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize(
    ("pattern", "limit", "words"),
    [
        ("", None, "No hosts are named"),
        ([], "sync1", "No hosts are named"),
        ("agnets", None, "No host of the inventory matches 'agnets'"),
        ("empty", "all", "No host of the inventory matches 'empty'"),
        ("agents", "other", "The run is for 'agents', and --limit 'other' leaves all of that out"),
        ("agents:!sync1", "sync1", "leaves all of that out"),
        ("localhost", "sync1", "The run is for 'localhost', and --limit 'sync1'"),
    ],
)
def test_play_without_hosts_is_refused(pattern: t.Any, limit: str | None, words: str) -> None:
    with pytest.raises(AnsibleLookupError, match="so nothing is done") as refused:
        look(pattern, limit=limit)
    assert words in str(refused.value)


@pytest.mark.usefixtures("options")
def test_limit_from_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / "failed.retry").write_text("sync1\n", encoding="utf-8")
    assert look("agents", limit=f"@{tmp_path}/failed.retry") == ["agents"]
    with pytest.raises(AnsibleLookupError):
        look("others", limit=f"@{tmp_path}/failed.retry")


def test_syntax_is_checked_without_hosts(options: dict[str, t.Any]) -> None:
    options["syntax"] = True
    assert look("agents", limit="other") == ["agents"]
    assert look([]) == []
