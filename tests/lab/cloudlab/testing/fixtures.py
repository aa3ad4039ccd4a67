# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for pytest: a lab for each file of tests, and what runs Ansible against it.

A conftest.py imports the ones that its tests use. The lab is brought up for a file's first test and brought down after its
last, however it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cloudlab.testing.ansible_runs import ENVIRONMENTS, LAB, ROOT, Run, run, run_playbook, tool
from cloudlab.testing.costs import note_executions
from cloudlab.testing.running_lab import Lab, Microsoft

#: How many Windows hosts a lab has.
HOSTS = 3

RunPlaybook = Callable[..., Run]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Windows hosts and Microsoft's side. CLOUDLAB_TEST_STATE names a lab that is up already and is left up."""
    given = os.environ.get("CLOUDLAB_TEST_STATE")
    state = Path(given).resolve() if given else tmp_path_factory.mktemp("lab") / "state"
    try:
        if not given:
            subprocess.run([str(LAB), "--state", str(state), "up", "--hosts", str(HOSTS)], check=True)
        data = json.loads((state / "state.json").read_text(encoding="utf-8"))
        running = Lab(state, data, Microsoft(data))
        before = running.remote_executions()
        yield running
        note_executions(request.node.nodeid, running.remote_executions() - before)
    finally:
        if not given:
            subprocess.run([str(LAB), "--state", str(state), "down"], check=True)


@pytest.fixture(scope="module")
def playbook(lab: Lab) -> RunPlaybook:
    """Return what runs a playbook against the lab: playbook(path, extra_vars={...}, python="3.13")."""

    def call(path: Path, *arguments: str, python: str = "3.11", **options: t.Any) -> Run:
        require_python(python)
        done = run_playbook(path, *arguments, inventory=lab.inventory, python=python, **options)
        print(f"{path.name} {' '.join(arguments)} (Python {python}): {done.seconds:.0f} s\n{done.recap_text}")
        return done

    return call


@pytest.fixture(scope="module")
def ansible(lab: Lab) -> Callable[..., Run]:
    """Return what runs one module against the lab: ansible("win1", "ansible.windows.win_shell", "Stop-Service ...")."""

    def call(host: str, module: str, arguments: str = "", *, python: str = "3.11") -> Run:
        require_python(python)
        return run([tool("ansible", python), host, "-i", str(lab.inventory), "-m", module, "-a", arguments])

    return call


def require_python(python: str) -> None:
    """Skip a test for a Python that this machine has not got."""
    if not (ENVIRONMENTS[python] / "bin").exists():
        pytest.skip(f"no Python {python} on this machine, so no {ENVIRONMENTS[python].relative_to(ROOT)}")
