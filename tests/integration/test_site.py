# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in the lab, told in order: refusals, a prediction, the first run, a second one, two hosts broken and repaired.

Each step is one run of a playbook over WinRM for all tests about it; a step's fixture asks for the step before it.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

import pytest
from cloudlab.testing.ansible_runs import ROOT, run_playbook

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import LabRun, RunPlaybook

PHASES = {
    "download": "download | Bring the package to the host and prove it",
    "install": "install | Install the agent and start its services",
    "register": "register | Register the agent with the tenant and add its domains",
}
ROLE = "entra_ops.cloud_sync.provisioning_agent : "
#: What a JSON web token looks like.
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")

BAD_INPUTS = {
    "licence": ({"provisioning_agent_accept_eula": False}, "set 'provisioning_agent_accept_eula: true'"),
    "cloud": ({"provisioning_agent_cloud": "AzureMoon"}, "write one of AzureCloud"),
    "tenant": ({"provisioning_agent_tenant_id": "contoso.lab"}, "8-4-4-4-12 hexadecimal digits"),
    "domains": ({"provisioning_agent_domains": []}, "name at least one Active Directory domain"),
    "file": ({"provisioning_agent_source": "file", "provisioning_agent_src": "/nowhere.exe"}, "give the path of the package"),
}


def phases(*names: str, hosts: t.Iterable[str]) -> set[tuple[str, str]]:
    """Return the pairs (host, task) of these phases on these hosts."""
    return {(host, ROLE + PHASES[name]) for host, name in itertools.product(hosts, names)}


def flat(text: str) -> str:
    """Return a run's output without the line breaks that Ansible puts into long messages."""
    return " ".join(text.split())


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_bad_input_is_refused_before_a_host_is_touched(name: str, lab: Lab, ansible_playbook: RunPlaybook) -> None:
    variables, words = BAD_INPUTS[name]
    before = lab.requests_to_hosts()
    refused = ansible_playbook("site.yml", "--limit", "win1", extra_vars=variables)
    assert refused.returncode != 0
    assert words in flat(refused.output)
    assert refused.rows["win1"]["failed_phase"] == "preflight"
    assert lab.requests_to_hosts() == before


@pytest.fixture(scope="module")
def tampered(lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """A run whose package was changed after it was signed."""
    url = f"{lab.data['microsoft']['url']}/packages/tampered.exe"
    return ansible_playbook("site.yml", "--limit", "win1", extra_vars={"provisioning_agent_url": url})


def test_tampered_package_is_refused_and_nothing_installed(tampered: LabRun, lab: Lab) -> None:
    row = tampered.rows["win1"]
    assert tampered.returncode != 0
    assert (row["status"], row["failed_phase"], row["phases"]) == ("failed", "download", ["download"])
    assert "changed after it was signed" in row["message"]
    assert row["version"] is None
    assert not list((lab.state / "hosts" / "win1").glob("drive_c/ProgramData/entra_ops/**/*.exe"))
    assert lab.microsoft.state()["agents"] == []


@pytest.fixture(scope="module")
def predicted(tampered: LabRun, ansible_playbook: RunPlaybook) -> LabRun:
    """The prediction of the first run."""
    return ansible_playbook("site.yml", "--check")


@pytest.fixture(scope="module")
def first(predicted: LabRun, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The first run, as talkative as an operator would make it."""
    lab.microsoft.reset_counters()
    return ansible_playbook("site.yml", "-vvv")


def test_prediction_changes_nothing(predicted: LabRun, lab: Lab) -> None:
    assert predicted.returncode == 0
    assert predicted.report["check_mode"]
    assert {row["status"] for row in predicted.rows.values()} == {"drift"}
    assert not list((lab.state / "hosts").glob("*/drive_c/Program Files/Microsoft Azure AD Connect Provisioning Agent"))


def test_first_run_changes_what_was_predicted(predicted: LabRun, first: LabRun, lab: Lab) -> None:
    assert first.returncode == 0, first.recap_text
    assert predicted.outcomes("changed") == phases("download", "install", "register", hosts=lab.hosts)
    assert first.outcomes("changed") == predicted.outcomes("changed")


def test_first_run_ends_with_active_agents(first: LabRun, lab: Lab) -> None:
    agents = lab.microsoft.state()["agents"]
    assert len(agents) == len(lab.hosts)
    assert {agent["status"] for agent in agents} == {"active"}
    assert {agent["id"] for agent in agents} == {row["agent_id"] for row in first.rows.values()}
    assert {row["status"] for row in first.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in first.rows.values()} == {"confirmed"}


def test_first_run_signs_in_once_and_registers_one_host_at_a_time(first: LabRun, lab: Lab) -> None:
    state = lab.microsoft.state()
    assert state["counts"]["registrations"] == len(lab.hosts)
    assert state["overlapping_registrations"] == []


def test_secrets_stay_secret(first: LabRun, lab: Lab) -> None:
    written = {"output and report": first.folder.iterdir(), "logs": (lab.state / "logs").iterdir(), "hosts": host_files(lab)}
    for place, files in written.items():
        for file in files:
            content = file.read_bytes()
            assert not [secret for secret in lab.secrets if secret.encode() in content], f"{place}: {file.name}"
            assert not TOKEN.search(content), f"{place}: {file.name}"


def host_files(lab: Lab) -> t.Iterator[Path]:
    """Return the files of the hosts that the run can have written: data, temporary files, the registry."""
    for host in lab.hosts:
        root = lab.state / "hosts" / host
        folders = [root / "drive_c" / name for name in ("ProgramData", "users", "windows/temp")]
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
        yield from [*files, *root.glob("*.reg")]


@pytest.fixture(scope="module")
def second(first: LabRun, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The second run."""
    lab.microsoft.reset_counters()
    return ansible_playbook("site.yml")


def test_second_run_changes_nothing(second: LabRun, lab: Lab) -> None:
    assert second.returncode == 0
    assert set(second.recap) == set(lab.hosts)
    assert {counts["changed"] for counts in second.recap.values()} == {0}
    assert {row["status"] for row in second.rows.values()} == {"compliant"}


def test_second_run_moves_no_package_and_asks_the_cloud_once(second: LabRun, lab: Lab) -> None:
    counts = lab.microsoft.state()["counts"]
    assert counts["download_bytes"] == 0
    assert counts["registrations"] == 0
    # Nothing is to be registered: the one token is Graph's.
    assert (counts["tokens_issued"], counts["graph_listings"]) == (1, 1)


def test_verification_passes_with_the_other_core(second: LabRun, ansible_playbook: RunPlaybook) -> None:
    verified = ansible_playbook("verify.yml", python="3.13")
    assert verified.returncode == 0
    assert {row["status"] for row in verified.rows.values()} == {"compliant"}


@pytest.fixture(scope="module")
def broken(second: LabRun, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The verification after the service was stopped on win1 and the agent removed from win2."""
    done = run_playbook(str(ROOT / "tests" / "integration" / "break_hosts.yml"), inventory=lab.inventory)
    assert done.returncode == 0, done.tail
    return ansible_playbook("verify.yml")


def test_verification_finds_the_broken_hosts(broken: LabRun) -> None:
    assert broken.returncode != 0
    assert {host for host, counts in broken.recap.items() if counts["failed"]} == {"win1", "win2"}
    assert {host: row["drift"] for host, row in broken.rows.items()} == {
        "win1": ["install"],
        "win2": ["download", "install", "register"],
        "win3": [],
    }
    assert "agent_service" in broken.rows["win1"]["message"]
    assert "installed" in broken.rows["win2"]["message"]
    assert broken.changed_hosts == set()


def test_verification_names_the_host_and_the_check(broken: LabRun) -> None:
    output = flat(broken.output)
    assert re.search(r"fatal: \[win1\]: FAILED! .{0,80}agent_service fail: stopped", output)
    assert re.search(r"fatal: \[win2\]: FAILED! .{0,80}installed fail: ", output)


@pytest.fixture(scope="module")
def repaired(broken: LabRun, ansible_playbook: RunPlaybook) -> LabRun:
    """The run that repairs."""
    return ansible_playbook("site.yml")


def test_site_repairs_the_broken_hosts_and_leaves_the_other_alone(repaired: LabRun) -> None:
    assert repaired.returncode == 0, repaired.recap_text
    changed = repaired.outcomes("changed")
    assert {pair for pair in changed if pair[0] == "win1"} == phases("install", hosts=["win1"])
    assert ("win2", ROLE + PHASES["install"]) in changed
    assert repaired.recap["win3"]["changed"] == 0
    assert {row["status"] for row in repaired.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in repaired.rows.values()} == {"confirmed"}
