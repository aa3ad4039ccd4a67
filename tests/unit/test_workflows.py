# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows of the hosted builder and the hooks of pre-commit run what the repository has: targets of make, scripts, folders."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted(file.name for file in (ROOT / ".github" / "workflows").iterdir())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]

Mapping = dict[str, t.Any]


def workflow(name: str) -> Mapping:
    """Return a workflow; its triggers stand under "on", which YAML 1.1 takes for true where it is not quoted."""
    return t.cast(Mapping, yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")))


def steps(name: str) -> list[Mapping]:
    """Return the steps of all jobs of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def paths(command: str) -> list[str]:
    """Return the paths of the repository that a command names."""
    return re.findall(r"(?<![\w./-])(?:\.?[a-z_]+/)+[\w.*-]*", command)


def problems(command: str) -> list[str]:
    """Return what a command names that the repository does not have."""
    targets = [f"make {name}" for name in re.findall(r"\bmake ([a-z-]+)", command) if name not in TARGETS | {"python"}]
    files = [path for path in paths(command) if not path.startswith(".build/") and not (ROOT / path).exists()]
    scripts = [word for word in re.findall(r"(?m)^(\.[a-z]+/\w+)$", command) if (ROOT / word).exists()]
    return [*targets, *files, *(f"{script} is not executable" for script in scripts if not os.access(ROOT / script, os.X_OK))]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_has_what_the_builder_demands(name: str) -> None:
    found = workflow(name)
    assert set(found) <= {"name", "on", "permissions", "jobs", "env", "defaults", "concurrency"}
    assert found["on"] and found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert job["runs-on"] and job["timeout-minutes"] > 0 and job["steps"]
    for step in steps(name):
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"name", "uses", "with", "run", "if", "env", "shell", "id", "working-directory"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_named_with_their_version(name: str) -> None:
    assert [step["uses"] for step in steps(name) if "uses" in step and not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_commands_of_a_workflow_are_there(name: str) -> None:
    commands = [step["run"] for step in steps(name) if "run" in step]
    assert commands
    assert [problem for command in commands for problem in problems(command)] == []


@pytest.mark.parametrize("hook", [hook for repository in HOOKS for hook in repository["hooks"]], ids=lambda hook: hook["id"])
def test_hooks_need_no_network_and_are_there(hook: Mapping) -> None:
    assert {repository["repo"] for repository in HOOKS} == {"local"} and hook["language"] == "system"
    program = ROOT / hook["entry"].split()[0]
    assert os.access(program, os.X_OK), f"make setup makes no {hook['entry'].split()[0]}"
    assert problems(hook["entry"]) == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("make test", []),
        ("make tests", ["make tests"]),
        (".ci/run", []),
        (".ci/runs", [".ci/runs"]),
        ("apt-get install -y git make python3", []),
        ("Invoke-Pester -Path tests/unit/powershell -CI", []),
        ("Invoke-Pester -Path tests/powershell -CI", ["tests/powershell"]),
        (".build/venv/bin/pytest -q tests/unit/test_gone.py", ["tests/unit/test_gone.py"]),
    ],
)
def test_what_is_not_there_is_seen(command: str, found: list[str]) -> None:
    assert problems(command) == found
