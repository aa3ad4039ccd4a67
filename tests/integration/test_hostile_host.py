# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that answer with templates for the controller to evaluate: none is, on any core, and the report has their words. Without a lab."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import yaml
from access_tokens import token
from cloudlab.testing.ansible_runs import ENVIRONMENTS, TRUSTING, Run, run_playbook
from fake_endpoint import Answer, FakeEndpoint, Output, Refusal
from host_facts import TENANT, empty_data
from recorded_host import recorded

STAGES = ("site", "verify", "remove")
#: The hosts by what they do wrong.
REFUSING = ("shell", "command", "output")
OTHERS = ("garbage", "answer", "facts", "download", "reboot")
SIGNATURE = recorded("download")["package"]["signature"]


@dataclasses.dataclass(frozen=True)
class Hostile:
    """What is left of a run of each playbook."""

    folder: Path

    def template(self, host: str) -> str:
        """What the controller must not evaluate: it leaves a file."""
        return template(self.folder, host)

    def messages(self, stage: str) -> dict[str, str]:
        """Return what the report of a playbook says of each host."""
        report = json.loads((self.folder / stage / "report.json").read_text(encoding="utf-8"))
        return {row["host"]: row["message"] for row in report["hosts"]}


def environments() -> list[Path]:
    """Return the environments of the cores to try: one that trusts what hosts say, and the newest; or one that `make matrix` names."""
    named = os.environ.get("MATRIX_CORE")
    return [Path(named)] if named else [TRUSTING, ENVIRONMENTS["3.13"]]


@pytest.fixture(scope="module", params=environments(), ids=lambda environment: environment.name)
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """The hosts have answered each playbook."""
    if not request.param.exists():
        pytest.skip(f"the set-up has found no Python for {request.param.name}")
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "markers").mkdir()
    endpoint = FakeEndpoint({f"{stage}-{host}": given for stage in STAGES for host, given in answers(folder, stage).items()})
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump(hosts(folder, endpoint.port)), encoding="utf-8")
    with endpoint.serve(), ThreadPoolExecutor(len(STAGES)) as pool:
        for run in pool.map(partial(run_stage, inventory=inventory, python=request.param), STAGES):
            print(run.output)
    return Hostile(folder)


def run_stage(stage: str, inventory: Path, python: Path) -> Run:
    """Run a playbook, for which the endpoint has answers of its own."""
    named = os.environ.get("MATRIX_COLLECTIONS")
    return run_playbook(
        f"playbooks/{stage}.yml",
        "--forks",
        "9",
        inventory=inventory,
        extra_vars={"stage": stage, "target_hosts": "agents"},
        environment={"ANSIBLE_COLLECTIONS_PATH": named} if named else None,
        python=python,
    )


def hosts(folder: Path, port: int) -> dict[str, t.Any]:
    """Return the inventory."""
    role = {
        "accept_eula": True,
        "tenant_id": TENANT,
        # Nobody is asked for it, and it may register.
        "sign_in": {"method": "access_token", "access_token": token(exp=4_000_000_000)},
        "domains": [{"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "not a part of any word"}],
        "cloud_check": "off",
        "sync_check": "off",
        "preflight": False,
        "publisher": [SIGNATURE["subject"]],
        "root_thumbprints": [SIGNATURE["root_thumbprint"]],
        "reboot": True,
        "report_dir": str(folder) + "/{{ stage }}",
    }
    connection = {
        "connection": "winrm",
        "host": "127.0.0.1",
        "port": port,
        "user": "x",
        "password": "not a part of any word",
        "winrm_scheme": "http",
        "winrm_transport": "basic",
        "winrm_path": "/{{ stage }}-{{ inventory_hostname }}",
    }
    given = {f"provisioning_agent_{name}": value for name, value in role.items()}
    given |= {f"ansible_{name}": value for name, value in connection.items()}
    return {"agents": {"hosts": {host: {} for host in (*REFUSING, *OTHERS)}, "vars": given}}


def template(folder: Path, host: str) -> str:
    """Return a template that would leave a file of the host's name."""
    return "{{ lookup('pipe', 'touch " + str(folder / "markers" / host) + "') }}"


def answers(folder: Path, stage: str) -> dict[str, list[Answer]]:
    """Return what the hosts answer in a stage, each with a template of its own."""
    text = {host: template(folder, host) for host in (*REFUSING, *OTHERS)}
    return {
        "shell": [Refusal(text["shell"])],
        "command": [Refusal(text["command"], "Command")],
        "output": [Refusal(text["output"], "Receive")],
        "garbage": [Output(text["garbage"], 1)],
        "answer": [Output(json.dumps({"failed": True, "msg": text["answer"]}))],
        "facts": [Output(reply(facts(text["facts"])))],
        "download": [Output(reply(empty_data())), Refusal(text["download"])],
        "reboot": [*(converged() if stage == "site" else []), Refusal(text["reboot"])],
    }


def converged() -> list[Answer]:
    """Return what a host answers to site.yml until it is to be restarted, which is ansible.windows' work."""
    download = recorded("download")
    job = {"ansible_job_id": "1", "results_file": "C:\\Temp\\1", "started": 1, "finished": 0}
    steps = [
        reply(empty_data()),
        reply(download),
        reply({**empty_data(), "package": download["package"]}),
        json.dumps(job),
        reply({**recorded("install"), "exit_code": 3010}, finished=1),
        "{}",
    ]
    return [Output(step) for step in steps]


def facts(text: str) -> dict[str, t.Any]:
    """Return the facts of a recorded host, with a text in the names that it gives."""
    found = recorded("facts")
    found["host"]["fqdn"] += text
    for service in found["services"]:
        service.update(display_name=text, account=text)
    return found


def reply(content: dict[str, t.Any], **more: t.Any) -> str:
    """Return what win_powershell answers with."""
    return json.dumps({"changed": False, "result": json.dumps(content), "error": [], **more})


def test_no_template_of_a_host_is_evaluated(hostile: Hostile) -> None:
    assert list((hostile.folder / "markers").iterdir()) == []


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("host", REFUSING)
def test_report_has_the_words_of_a_host_that_refuses(hostile: Hostile, host: str, stage: str) -> None:
    assert hostile.template(host) in hostile.messages(stage)[host]


def test_report_has_the_words_of_other_hosts(hostile: Hostile) -> None:
    assert all(hostile.template("answer") in hostile.messages(stage)["answer"] for stage in STAGES)
    assert hostile.template("facts") in hostile.messages("verify")["facts"]
    assert hostile.template("download") in hostile.messages("site")["download"]
    assert hostile.template("reboot") in hostile.messages("site")["reboot"]
