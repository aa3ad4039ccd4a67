# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in the lab, in order: refusals, a prediction, the first run, a second one. What breaks later: test_repair.py.

Each step is one run of a playbook over WinRM for all tests about it; a step's fixture asks for the step before it.
"""

from __future__ import annotations

import typing as t

import pytest
import yaml
from role_runs import phases
from watched_run import host_files, require_no_secret

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import LabRun, RunPlaybook

LAB_HOSTS = 2
#: What is wrong with each host's variables, and what its refusal says.
BAD_INPUTS: dict[str, tuple[dict[str, t.Any], str]] = {
    "licence": ({"accepted": False}, "set 'provisioning_agent_accept_eula: true'"),
    "cloud": ({"provisioning_agent_cloud": "AzureMoon"}, "write one of AzureCloud"),
    "tenant": ({"provisioning_agent_tenant_id": "contoso.lab"}, "8-4-4-4-12 hexadecimal digits"),
    "domains": ({"provisioning_agent_domains": []}, "name at least one Active Directory domain"),
    "kept_files": ({}, "would leave the token of the sign-in and the domains' passwords there in a file"),
    "file": ({"provisioning_agent_source": "file", "provisioning_agent_src": "/nowhere.exe"}, "give the path of the package"),
}


@pytest.fixture(scope="module")
def refused(lab: Lab, ansible_playbook: RunPlaybook, tmp_path_factory: pytest.TempPathFactory) -> LabRun:
    """A run for hosts of whose variables one is wrong each; all of them are the lab's first host. Ansible keeps its files there."""
    address = lab.data["hosts"][0]["address"]
    hosts = {name: {"ansible_host": address, "accepted": True, **variables} for name, (variables, _) in BAD_INPUTS.items()}
    inventory = tmp_path_factory.mktemp("refused") / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"agents": {"children": {"refused": {"hosts": hosts}}}}), encoding="utf-8")
    variables = {"target_hosts": "refused", "provisioning_agent_accept_eula": "{{ accepted }}"}
    before = lab.requests_to_hosts()
    keeping = {"ANSIBLE_KEEP_REMOTE_FILES": "true"}
    done = ansible_playbook("site.yml", "-i", str(inventory), extra_vars=variables, environment=keeping)
    assert lab.requests_to_hosts() == before
    return done


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_bad_input_is_refused_before_a_host_is_touched(name: str, refused: LabRun) -> None:
    assert refused.recap[name]["failed"] == 1
    assert refused.rows[name]["failed_phase"] == "preflight"
    assert BAD_INPUTS[name][1] in refused.rows[name]["message"]


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
    require_no_secret([*first.folder.iterdir(), *(lab.state / "logs").iterdir(), *host_files(lab)], lab.secrets)


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
