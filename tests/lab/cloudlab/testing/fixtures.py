# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for pytest: a lab for each file of tests, and what runs Ansible against it.

A conftest.py imports the ones that its tests use. The lab is brought up for a file's first test and brought down after its
last, however it ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import typing as t
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cloudlab import snapshot_store
from cloudlab.paths import State
from cloudlab.testing.ansible_runs import ENVIRONMENTS, LAB, ROOT, Run, run, run_playbook, tool
from cloudlab.testing.costs import note_executions
from cloudlab.testing.running_lab import Lab, Microsoft
from cloudlab.testing.set_up_notes import note

#: How many Windows hosts a lab has where a file of tests does not say, and a snapshot for tests always.
HOSTS = 3

RunPlaybook = Callable[..., Run]


@dataclasses.dataclass(frozen=True)
class LabState:
    """A state of a lab that tests start from, and what makes it.

    Attributes:
        inputs: the files and folders that decide what the state is, beside the lab's own.
        make: brings a lab that is up into the state; raises where it cannot.
    """

    inputs: Sequence[Path]
    make: Callable[[Lab], None]


@pytest.fixture(scope="session")
def lab_states() -> dict[str, LabState]:
    """The states by name that a file's LAB_STATE may ask for; a conftest.py that has some replaces this fixture."""
    return {}


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_states: dict[str, LabState]) -> Iterator[Lab]:
    """Windows hosts and Microsoft's side. CLOUDLAB_TEST_STATE names a lab that is up already and is left up.

    A file of tests says with LAB_HOSTS how many hosts it needs, and with LAB_STATE (a name of lab_states) what they start as: a snapshot
    that is taken once for the code that makes it. Without it they are new.

    A host that could not be set up answers nobody: the tests on it fail, those on the others go on.
    """
    hosts, name = getattr(request.module, "LAB_HOSTS", HOSTS), str(getattr(request.module, "LAB_STATE", ""))
    state, given = lab_states[name] if name else None, os.environ.get("CLOUDLAB_TEST_STATE")
    if state and not given:
        ensure_snapshot(name, state, tmp_path_factory)
    options = ["--hosts", str(hosts), *(["--from", name] if name else []), "--keep-going"]
    with contextlib.nullcontext(open_lab(Path(given).resolve())) if given else new_lab(tmp_path_factory, *options) as running:
        note(request.config, request.path.name, running.data)
        before = running.remote_executions()
        if state and given:
            state.make(running)
        with contextlib.closing(running):
            yield running
        note_executions(request.node.nodeid, running.remote_executions() - before)


def ensure_snapshot(name: str, state: LabState, folders: pytest.TempPathFactory) -> None:
    """Take the snapshot of a state in a lab of its own, unless it is there."""

    @contextlib.contextmanager
    def make() -> Iterator[State]:
        with new_lab(folders, "--hosts", str(HOSTS)) as found:
            state.make(found)
            yield State(found.state)

    snapshot_store.ensure(name, state.inputs, make)


@contextlib.contextmanager
def new_lab(folders: pytest.TempPathFactory, *options: str) -> Iterator[Lab]:
    """Bring a lab up with these options of `lab up`, and down in the end."""
    folder = folders.mktemp("lab") / "state"
    try:
        subprocess.run([str(LAB), "--state", str(folder), "up", *options], check=True)
        yield open_lab(folder)
    finally:
        subprocess.run([str(LAB), "--state", str(folder), "down"], check=True)


def open_lab(folder: Path) -> Lab:
    """Return the lab that is up in a folder."""
    data = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return Lab(folder, data, Microsoft(data))


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
