# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payload functions where hosts differ from the lab: cultures, values that are not set.

One remote execution; the tests look at its answer.
"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import expand_includes
from cloudlab.testing.ansible_runs import run_playbook

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

CULTURES = ("en-US", "fi-FI", "th-TH", "ar-SA", "tr-TR")

Answer = dict[str, t.Any]


@pytest.fixture(scope="module")
def answer(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """Return what function_cases.ps1 answered."""
    folder = tmp_path_factory.mktemp("functions")
    cases = Path(__file__).with_name("function_cases.ps1").read_text(encoding="ascii")
    script = folder / "script.ps1"
    script.write_text(expand_includes(cases), encoding="ascii")
    values = {"host": lab.hosts[0], "script": str(script), "results": str(folder / "results.json")}
    given = {"cultures": CULTURES}
    playbook = Path(__file__).with_name("function_cases.yml")
    run = run_playbook(str(playbook), inventory=lab.inventory, extra_vars={**values, "values": json.dumps(given)})
    assert run.returncode == 0, run.tail
    return dict(json.loads((folder / "results.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", CULTURES)
def test_times_are_the_same_in_every_culture(answer: Answer, name: str) -> None:
    found = answer["cultures"][name]
    assert (found["time"], found["event_time"]) == ("2026-11-25T20:05:09Z", "2026-11-25T20:05:09Z")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["host_time"])
    assert re.fullmatch(r"agent\.exe\.config\.20\d{6}T\d{9}Z\.bak", found["backup"])
    assert found["registry"]


@pytest.mark.parametrize("name", ["fi-FI", "th-TH"])
def test_cultures_of_the_lab_do_format_otherwise(answer: Answer, name: str) -> None:
    """One by its separators, one by its calendar; ar-SA has one of its own too, which Wine 10 does not know."""
    assert answer["cultures"][name]["careless"] != "2026-11-25T20:05:09Z"


@pytest.mark.parametrize("name", ["none", "switched_off", "without_switch"])
def test_policy_that_is_not_set_is_a_null_and_not_nothing(answer: Answer, name: str) -> None:
    assert answer["policies"][name] == [1, 1]
