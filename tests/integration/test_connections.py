# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks over the psrp connection, on both cores, and tasks whose connection is lost, over psrp and winrm.

One host, which each test finds and leaves registered. `make matrix` runs the playbooks over psrp on a host that has nothing yet.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cloudlab.testing.ansible_runs import Run, run_playbook
from cloudlab.windows.prefix import Prefix
from installed_agent import InstalledAgent
from registration_scripts import NOT_REGISTERED
from running_task import HeldInstaller, RunningTask

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts, RunPlaybook

LAB_HOSTS = 1
LAB_STATE = "registered"
PACKAGE = "release-1.1.2505.0"


def play(lab: Lab, playbook: str, python: str, connection: str = "psrp", **values: t.Any) -> Run:
    """Run one of the playbooks beside this file, over psrp if nothing else is said."""
    path = Path(__file__).with_name(playbook)
    run = run_playbook(path, inventory=lab.inventory, extra_vars={**values, "lab_connection": connection}, python=python)
    print(f"{playbook} (Python {python}): {run.seconds:.0f} s\n{run.output}")
    return run


def register(lab: Lab, folder: Path, connection: str) -> Run:
    """Run agent_register on the host; its result is in the folder unless the host was unreachable."""
    values: dict[str, t.Any] = {"hosts_of_run": lab.hosts[0], "strategy_of_run": "linear"}
    return play(lab, "register_once.yml", "3.11", connection, **values, results=str(folder))


RegisterAgain = t.Callable[[], dict[str, t.Any]]


@pytest.fixture
def register_again(lab: Lab, direct_host: DirectHosts) -> RegisterAgain:
    """Return what registers the host once more, without Ansible, and returns the result."""
    host = direct_host(lab.hosts[0])
    return lambda: host.run("agent_register", host.known("ca_path", "cloud", "domains", "lock_dir", "sign_in", "tenant_id"))


@contextlib.contextmanager
def held_registration(lab: Lab, folder: Path, connection: str) -> Iterator[RunningTask[Run]]:
    """Register the host from nothing; Microsoft's side holds the answer back that the registration waits for, until exit."""
    lab.runspace(lab.hosts[0]).run(NOT_REGISTERED)
    lab.microsoft.reset_counters()
    lab.microsoft.fault("/registration/domains", hold=True)
    with RunningTask(lab, lab.hosts[0], partial(register, lab, folder, connection)) as task:
        try:
            task.until(lambda: "POST /registration/gmsa" in requests_to_microsoft(lab))
            yield task
        finally:
            lab.microsoft.clear_faults()


def requests_to_microsoft(lab: Lab) -> dict[str, int]:
    """Return how often each route was asked since the counters were reset."""
    return t.cast(dict[str, int], lab.microsoft.state()["counts"]["requests"])


@pytest.mark.parametrize(("playbook", "python"), [("verify.yml", "3.11"), ("site.yml", "3.13")])
def test_registered_host_is_as_wanted(playbook: str, python: str, ansible_playbook: RunPlaybook) -> None:
    done = ansible_playbook(playbook, "-vvv", extra_vars={"lab_connection": "psrp"}, python=python)
    assert done.returncode == 0, done.tail
    assert "ESTABLISH PSRP CONNECTION" in done.output
    assert "ESTABLISH WINRM CONNECTION" not in done.output
    assert done.changed_hosts == set()
    assert [row["status"] for row in done.rows.values()] == ["compliant"]


def test_registration_whose_connection_is_cut_goes_on_and_keeps_its_lock(lab: Lab, tmp_path: Path, register_again: RegisterAgain) -> None:
    with held_registration(lab, tmp_path, "psrp") as task:
        task.cut()
        # The host is asked again and again whether it still registers; the lock is kept meanwhile.
        task.until_asked(2)
    lost = task.finish()
    assert lost.recap[lab.hosts[0]]["unreachable"] == 1, lost.output
    assert "was lost while it registered (" in lost.output
    assert requests_to_microsoft(lab)["POST /registration/domains"] == 1
    again = register_again()
    assert (again["failed"], again["changed"], again["reasons"]) == (False, False, [])


@pytest.mark.parametrize(("connection", "fault"), [("psrp", "restart"), ("winrm", "restart"), ("winrm", "cut")])
def test_registration_that_ends_with_its_connection_is_made_by_the_next_run(
    lab: Lab, tmp_path: Path, register_again: RegisterAgain, connection: str, fault: str
) -> None:
    """A restart of WinRM ends what runs in its shells; after a cut, Ansible's winrm plugin itself ends the command that it has lost."""
    with held_registration(lab, tmp_path, connection) as task:
        task.cut()
        if fault == "restart":
            lab.restart_endpoints()
    lost = task.finish()
    assert lost.recap[lab.hosts[0]]["unreachable"] == 1, lost.output
    assert "was lost while it registered (" in lost.output
    again = register_again()
    assert not again["failed"], again["msg"]
    assert again["tenant_id"] == lab.data["microsoft"]["tenant"]["id"]
    assert not register_again()["changed"]


def test_installation_outlives_a_cut_connection_and_a_restart_of_winrm(lab: Lab, tmp_path: Path) -> None:
    host, results = lab.hosts[0], tmp_path / "result.json"
    InstalledAgent(Prefix(lab.state / "hosts" / host)).bring(PACKAGE)
    options = {"path": rf"C:\packages\{PACKAGE}.exe", "state": "repaired"}
    values: dict[str, t.Any] = {"host": host, "options": options, "results": str(results)}
    with HeldInstaller(lab, host, r"C:\packages\install.log", partial(play, lab, "install_once.yml", "3.13", **values)) as task:
        task.wait_for("AzureADConnectAgentUpdater.exe")
        task.cut()
        lab.restart_endpoints()
        task.until_asked()
    run = task.finish()
    result = json.loads(results.read_text(encoding="utf-8"))
    assert (result["failed"], result["changed"], result["exit_code"]) == (False, True, 0), run.output
    assert "is lost" in run.output
