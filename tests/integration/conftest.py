# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection in a lab: runs of its playbooks, with their reports."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cloudlab.package.build import RELEASES
from cloudlab.testing.ansible_runs import ROOT, Run, run_playbook
from cloudlab.testing.fixtures import LabState, ansible, lab, playbook, require_python
from cloudlab.testing.running_lab import Lab
from direct_host import DirectHost
from installed_agent import InstalledAgent

#: The fixtures of every lab, offered to the tests here.
__all__ = ["ansible", "lab", "playbook"]


@dataclasses.dataclass(frozen=True)
class LabRun(Run):
    """A run of a playbook against the lab, with the folder of its output and report."""

    folder: Path

    @property
    def report(self) -> dict[str, t.Any]:
        """The run's report."""
        return t.cast(dict[str, t.Any], json.loads((self.folder / "report.json").read_text(encoding="utf-8")))

    @property
    def rows(self) -> dict[str, dict[str, t.Any]]:
        """The report's hosts by name."""
        return {row["host"]: row for row in self.report["hosts"]}


RunPlaybook = Callable[..., LabRun]


@pytest.fixture(scope="module")
def ansible_playbook(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> RunPlaybook:
    """Return what runs a playbook against the lab: ansible_playbook("site.yml", "--check", python="3.13", extra_vars={...}).

    Every run's output is kept; a test that fails prints where. The report goes to a folder of the run's own, which is the
    attribute report of the returned run.
    """

    def call(
        playbook: str, *arguments: str, extra_vars: dict[str, t.Any] | None = None, python: str = "3.11", **options: t.Any
    ) -> LabRun:
        require_python(python)
        folder = tmp_path_factory.mktemp(re.sub(r"\W", "-", Path(playbook).stem))
        variables = {**role_variables(folder), **(extra_vars or {})}
        path = ROOT / "playbooks" / playbook  # one that is absolute already stays as it is
        done = run_playbook(path, *arguments, inventory=lab.inventory, extra_vars=variables, python=python, **options)
        (folder / "output.log").write_text(done.output, encoding="utf-8")
        print(f"{playbook} {' '.join(arguments)} (Python {python}): {done.seconds:.0f} s")
        print(f"{done.recap_text}\noutput in {folder / 'output.log'}")
        return LabRun(**dataclasses.asdict(done), folder=folder)

    return call


DirectHosts = Callable[[str], DirectHost]


@pytest.fixture(scope="module")
def direct_host(lab: Lab) -> Iterator[DirectHosts]:
    """Return what gives a host, by its name, on which modules run without Ansible."""
    hosts = {name: DirectHost(lab, name) for name in lab.hosts}
    yield hosts.__getitem__
    for host in hosts.values():
        host.close()


@pytest.fixture(scope="session")
def lab_states() -> dict[str, LabState]:
    """The states that tests start from: `registered` has every host as it should be, installed, registered, running."""
    makers = [Path(__file__), Path(__file__).with_name("direct_host.py")]
    return {"registered": LabState([*makers, *(ROOT / name for name in ("meta", "playbooks", "plugins", "roles"))], register)}


def register(lab: Lab) -> None:
    """Bring every host from nothing to a registered agent, by the modules alone; that site.yml does the same, test_site.py holds."""
    hosts = [DirectHost(lab, name) for name in lab.hosts]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(install, hosts))
        for host in hosts:
            succeed(host, "agent_register", host.known("ca_path", "cloud", "domains", "lock_dir", "sign_in", "tenant_id"))
    finally:
        for host in hosts:
            host.close()


def install(host: DirectHost) -> None:
    """Install the newest release on a host."""
    name = f"release-{RELEASES[-1]}"
    InstalledAgent(host.prefix).bring(name)
    options = {"accept_eula": True, "path": rf"C:\packages\{name}.exe"}
    succeed(host, "agent_install", {**options, **host.known("publisher", "root_thumbprints")})


def succeed(host: DirectHost, module: str, options: dict[str, t.Any]) -> None:
    """Run a module that must not fail."""
    result = host.run(module, options)
    assert not result["failed"], result["msg"]


def role_variables(report_dir: Path) -> dict[str, t.Any]:
    """Return the variables that every run of the role is given here."""
    return {"provisioning_agent_accept_eula": True, "provisioning_agent_report_dir": str(report_dir)}
