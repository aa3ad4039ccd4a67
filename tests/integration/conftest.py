# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for each file of tests: brought up for its first test, brought down after its last, however it ends."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from ansible_runs import ENVIRONMENTS, LAB, ROOT, Run, run, run_playbook, tool
from cloudlab import lab as cloudlab
from cloudlab.paths import State
from cloudlab.proxies.plan import log_of

#: How many Windows hosts a lab has.
HOSTS = 3


class Microsoft:
    """The lab's side of Microsoft, through its control interface."""

    def __init__(self, data: dict[str, t.Any]) -> None:
        self.url = data["microsoft"]["url"]
        self._session = requests.Session()
        self._session.headers["X-Lab-Key"] = data["microsoft"]["control_key"]
        self._ca = data["pki"]["ca"]

    def state(self) -> dict[str, t.Any]:
        """Return the agents, the domains and the counts of requests."""
        return self._ask("GET", "state")

    def reset_counters(self) -> None:
        """Count requests from zero."""
        self._ask("POST", "reset-counters")

    def fault(self, route: str, **fault: t.Any) -> None:
        """Make a route fail: status=503, times=2 ..."""
        self._ask("POST", "faults", {"route": route, **fault})

    def clear_faults(self) -> None:
        """Take back the faults that have not happened yet."""
        self._ask("DELETE", "faults")

    def configure(self, domain: str, state: str, **quarantine: t.Any) -> None:
        """Set a domain's sync configuration: none, disabled, active, or quarantine with reason=, code=, message=, since= ..."""
        self._ask("POST", "configurations", {"domain": domain, "state": state, **quarantine})

    def page_size(self, size: int) -> None:
        """Set how many items are on one of Graph's pages."""
        self._ask("POST", "page-size", {"size": size})

    def leave_record(self, machine: str) -> str:
        """Leave an inactive record of a machine behind, as its reinstallation does, and return its id."""
        return str(self._ask("POST", "stale-records", {"machine": machine})["id"])

    def forget(self, machine: str) -> None:
        """Drop every record of a machine."""
        self._ask("POST", "forget", {"machine": machine})

    def forget_overlaps(self) -> None:
        """Forget which registrations were under way at the same time."""
        self._ask("DELETE", "overlaps")

    def answer_device_code(self, code: str, **answer: t.Any) -> None:
        """Do what a person does on the sign-in page: upn="..." signs in, declined=True refuses."""
        self._ask("POST", "device-codes", {"user_code": code, **answer})

    def block_device_codes(self, blocked: bool) -> None:
        """Switch Conditional Access's policy for authentication flows."""
        self._ask("POST", "conditional-access", {"block_device_codes": blocked})

    def _ask(self, method: str, name: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        answer = self._session.request(method, f"{self.url}/lab/{name}", json=body, timeout=30, verify=self._ca)
        answer.raise_for_status()
        return t.cast(dict[str, t.Any], answer.json() if answer.content else {})


@dataclasses.dataclass(frozen=True)
class Lab:
    """A lab that is up.

    Attributes:
        state: its folder.
        data: what its state.json holds: hosts, windows, microsoft, proxies, pki.
        microsoft: its side of Microsoft.
    """

    state: Path
    data: dict[str, t.Any]
    microsoft: Microsoft

    @property
    def inventory(self) -> Path:
        """Its inventory for Ansible."""
        return self.state / "inventory.yml"

    @property
    def hosts(self) -> list[str]:
        """The names of its Windows hosts."""
        return [host["name"] for host in self.data["hosts"]]

    def requests_to_hosts(self) -> int:
        """Return how many WinRM requests the hosts have answered or refused so far."""
        return len((self.state / "logs" / "windows.log").read_text(encoding="utf-8").splitlines())

    def restart_endpoints(self) -> None:
        """Restart WinRM on every host: connections break, commands in shells end, what broke away from its shell lives on."""
        cloudlab.restart_endpoints(State(self.state))

    def cut_connections(self) -> int:
        """Break every open WinRM connection, requests in progress included; return how many there were. What runs goes on."""
        return cloudlab.cut(State(self.state))

    def restart_host(self, name: str) -> None:
        """Restart a host and return when it answers again."""
        cloudlab.restart_host(State(self.state), name)

    def proxied(self, name: str) -> list[str]:
        """Return the targets that a proxy ("open", "basic", "inspecting") has let through so far: HOST:PORT, or URLs for http."""
        log = log_of(State(self.state), name)
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    @property
    def secrets(self) -> set[str]:
        """Every password of the lab that a run could let slip."""
        microsoft = self.data["microsoft"]
        return {
            self.data["windows"]["password"],
            self.data["proxies"]["basic"]["password"],
            microsoft["forest"]["password"],
            *(domain["password"] for domain in microsoft["forest"]["domains"]),
            *(person["password"] for person in microsoft["people"].values()),
            *(one[key] for one in microsoft["applications"].values() for key in ("secret", "expired_secret") if key in one),
        }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Windows hosts and Microsoft's side. CLOUDLAB_TEST_STATE names a lab that is up already and is left up."""
    given = os.environ.get("CLOUDLAB_TEST_STATE")
    state = Path(given).resolve() if given else tmp_path_factory.mktemp("lab") / "state"
    try:
        if not given:
            subprocess.run([str(LAB), "--state", str(state), "up", "--hosts", str(HOSTS)], check=True)
        data = json.loads((state / "state.json").read_text(encoding="utf-8"))
        yield Lab(state, data, Microsoft(data))
    finally:
        if not given:
            subprocess.run([str(LAB), "--state", str(state), "down"], check=True)


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
        variables = {"provisioning_agent_accept_eula": True, "provisioning_agent_report_dir": str(folder), **(extra_vars or {})}
        done = run_playbook(playbook, *arguments, inventory=lab.inventory, extra_vars=variables, python=python, **options)
        (folder / "output.log").write_text(done.output, encoding="utf-8")
        print(f"{playbook} {' '.join(arguments)} (Python {python}): {done.seconds:.0f} s")
        print(f"{done.recap_text}\noutput in {folder / 'output.log'}")
        return LabRun(**dataclasses.asdict(done), folder=folder)

    return call


@pytest.fixture(scope="module")
def registered(ansible_playbook: RunPlaybook) -> LabRun:
    """Every host as it should be: installed, registered, running."""
    done = ansible_playbook("site.yml")
    assert done.returncode == 0, done.output
    return done


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
