# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks do before they touch a host: whom they are for, and variables that arrive as text; on both cores, without a lab."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from cloudlab.testing.ansible_runs import Run, run_playbook
from cloudlab.testing.fixtures import require_python

#: Nothing is asked of anybody: the tenant's id is refused first.
NO_TENANT = {"provisioning_agent_tenant_id": "contoso.lab"}

Playbook = t.Callable[..., Run]


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    """Return what runs a playbook for two agents and another host, none of which exists."""
    inventory = tmp_path / "inventory.yml"
    groups: dict[str, t.Any] = {"agents": {"hosts": {"sync1": {}, "sync2": {}}}, "others": {"hosts": {"other": {}}}}
    inventory.write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")

    def call(name: str, *arguments: str, python: str = "3.11", **variables: t.Any) -> Run:
        require_python(python)
        return run_playbook(f"playbooks/{name}.yml", *arguments, inventory=inventory, extra_vars=variables, python=python)

    return call


def flat(run: Run) -> str:
    """Return a run's output without the line breaks that Ansible puts into long messages."""
    return " ".join(run.output.split())


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize(
    ("name", "arguments", "variables", "words"),
    [
        ("remove", ("--limit", "sync1"), {}, "No hosts are named, so nothing is done: name them with -e target_hosts=GROUP."),
        ("remove", ("--limit", "other"), {"target_hosts": "agents"}, "The run is for 'agents', and --limit 'other' leaves all of that out"),
        ("sign_in", ("--limit", "sync1"), NO_TENANT, "The run is for 'localhost', and --limit 'sync1' leaves all of that out"),
        ("verify", (), {"target_hosts": ["agnets", "snyc1"]}, "No host of the inventory matches 'agnets,snyc1'"),
    ],
)
def test_run_for_no_host_fails(
    playbook: Playbook, python: str, name: str, arguments: tuple[str, ...], variables: dict[str, t.Any], words: str
) -> None:
    run = playbook(name, *arguments, python=python, **variables)
    assert run.returncode != 0
    assert words in flat(run)
    assert not run.recap


def test_limit_that_leaves_hosts_is_kept(playbook: Playbook) -> None:
    listed = playbook("verify", "--limit", "sync1,other", "--list-hosts")
    assert listed.returncode == 0, listed.tail
    assert "hosts (1): sync1" in flat(listed)


def test_syntax_is_checked_without_an_inventory(playbook: Playbook) -> None:
    assert playbook("remove", "--syntax-check").returncode == 0


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_batch_may_be_the_text_of_a_list(playbook: Playbook, python: str) -> None:
    run = playbook("site", python=python, batch="[1, 1]")
    assert "Unexpected Exception" not in run.output
    assert run.recap["sync1"]["failed"] == 1
    assert "sync2" not in run.recap  # a batch of which all hosts have failed ends the run


def test_sign_in_reads_its_description_from_a_text(playbook: Playbook) -> None:
    described = playbook("sign_in", **NO_TENANT, provisioning_agent_sign_in=json.dumps({"cache_path": "relative"}))
    assert "'contoso.lab', which is no GUID" in flat(described)
    assert "ok: [localhost]" in described.output
    wrong = playbook("sign_in", **NO_TENANT, provisioning_agent_sign_in="username=admin@contoso.lab")
    assert "'provisioning_agent_sign_in' is no dictionary: write a text of it as JSON" in flat(wrong)
