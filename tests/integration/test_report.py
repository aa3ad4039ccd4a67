# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report, and which host fails for which reason, under settings that work against them; on both cores, without a lab.

All hosts, localhost too, are said to have PowerShell and to be worked on by become; plays end with the first error; PWD is not set.
"""

from __future__ import annotations

import contextlib
import json
import socket
import typing as t
from pathlib import Path

import pytest
import yaml
from cloudlab.testing.ansible_runs import ROOT, Run, run_playbook
from cloudlab.testing.fixtures import require_python

TENANT = "8d4f5c0a-1111-4222-8333-944455566677"

DOMAIN = {"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "x"}
SIGN_IN = {"method": "password", "username": "admin@contoso.lab", "password": "x"}
#: Values as `-e name=value` and the surveys of AWX send them.
TEXTS = {
    "accept_eula": "yes",
    "cloud_check": "off",
    "domains": json.dumps([DOMAIN]),
    "endpoints": '["login.contoso.lab", "graph.contoso.lab:443"]',
    "events_since": "0",
    "gmsa": json.dumps({"name": "CONTOSO\\svc$"}),
    "preflight": "false",
    "publisher": "CN=Microsoft Corporation, O=Microsoft Corporation",
    "reboot": "false",
    "reboot_timeout": "60",
    "retries": "2",
    "settings": json.dumps({"user_password_length": "200"}),
    "sign_in": json.dumps(SIGN_IN),
    "use_proxy": "no",
    "wait": "0",
}


@pytest.fixture(scope="module", params=["3.11", "3.13"])
def reported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Run, Path]]:
    """A run of report_plays.yml, and the folder of its reports."""
    require_python(request.param)
    folder = tmp_path_factory.mktemp("reports")
    (folder / "file").touch()
    with pytest.MonkeyPatch.context() as patch, closed_port() as port:
        patch.delenv("PWD", raising=False)
        inventory = folder / "inventory.yml"
        inventory.write_text(yaml.safe_dump(hosts(port)), encoding="utf-8")
        plays = ROOT / "tests" / "integration" / "report_plays.yml"
        yield run_playbook(plays, inventory=inventory, extra_vars={"reports": str(folder)}, python=request.param), folder


@contextlib.contextmanager
def closed_port() -> t.Iterator[int]:
    """Hold a port of the loopback that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def hosts(port: int) -> dict[str, t.Any]:
    """Return the inventory: two hosts that nothing is done on, one that does not answer, two with a wrong variable."""
    role = {"accept_eula": True, "tenant_id": TENANT, "sign_in": SIGN_IN, "domains": [DOMAIN]}
    connection = {"connection": "winrm", "host": "127.0.0.1", "port": port, "user": "x", "password": "x", "winrm_scheme": "http"}
    silent = {f"provisioning_agent_{name}": value for name, value in role.items()}
    silent |= {f"ansible_{name}": value for name, value in connection.items()}
    against = {"ansible_shell_type": "powershell", "ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "x"}
    groups = {
        "idle": {"hosts": {"idle1": {}, "idle2": {}}},
        "silent": {
            "hosts": {
                "lost": {},
                "wrong": {"provisioning_agent_tenant_id": "contoso.lab"},
                # Ansible itself refuses a variable of the wrong type: none of the role's tasks runs.
                "refused": {"provisioning_agent_wait": "soon"},
                "texts": {f"provisioning_agent_{name}": value for name, value in TEXTS.items()},
            },
            "vars": silent,
        },
    }
    return {"all": {"vars": against, "hosts": {"localhost": {}}, "children": groups}}


def rows(folder: Path, report: str) -> dict[str, dict[str, t.Any]]:
    """Return the rows of a report by their hosts."""
    content = json.loads((folder / report / "report.json").read_text(encoding="utf-8"))
    return {row["host"]: row for row in content["hosts"]}


def statuses(folder: Path, report: str) -> dict[str, str]:
    """Return what a report says of its hosts."""
    return {name: row["status"] for name, row in rows(folder, report).items()}


def test_result_of_an_earlier_play_is_not_reported(reported: tuple[Run, Path]) -> None:
    _, folder = reported
    assert statuses(folder, "both") == {"idle1": "compliant", "idle2": "compliant"}
    assert statuses(folder, "one") == {"idle1": "compliant", "idle2": "not_run"}


def test_report_is_whole_with_the_strategy_free(reported: tuple[Run, Path]) -> None:
    _, folder = reported
    assert statuses(folder, "free") == {"idle1": "compliant", "idle2": "compliant"}


def test_report_that_cannot_be_written_is_a_warning(reported: tuple[Run, Path]) -> None:
    run, folder = reported
    output = " ".join(run.output.split())
    assert output.count(f"The report cannot be written to '{folder}/file/none' on the controller (Not a directory)") >= 1
    assert {name: run.recap[name]["failed"] for name in ("idle1", "idle2")} == {"idle1": 0, "idle2": 0}
    assert (folder / "file").read_bytes() == b""


def test_later_batch_starts_without_a_report(reported: tuple[Run, Path]) -> None:
    run, folder = reported
    output = " ".join(run.output.split())
    assert f"The report cannot be written to '{folder}/file' on the controller (File exists)" in output
    assert "A batch of idle1 has ended." in output and "A batch of idle2 has ended." in output


def test_each_host_fails_for_its_own_reason(reported: tuple[Run, Path]) -> None:
    run, folder = reported
    found = rows(folder, "silent")
    assert {name: (row["status"], row["failed_phase"]) for name, row in found.items()} == {
        "lost": ("unreachable", None),
        "texts": ("unreachable", None),
        "wrong": ("failed", "preflight"),
    }
    assert "'provisioning_agent_tenant_id' is 'contoso.lab'" in found["wrong"]["message"]
    assert "could not be reached" in found["lost"]["message"]
    assert run.returncode != 0
    assert {name: run.recap[name]["failed"] for name in ("lost", "wrong")} == {"lost": 1, "wrong": 1}


def test_refused_host_is_not_reported_with_the_result_of_an_earlier_play(reported: tuple[Run, Path]) -> None:
    _, folder = reported
    assert statuses(folder, "before") == {"refused": "compliant"}
    assert statuses(folder, "refused") == {"idle1": "compliant", "refused": "failed"}
    assert "before the role had a result of it" in rows(folder, "refused")["refused"]["message"]
    assert statuses(folder, "later") == {"idle1": "compliant", "refused": "failed"}
