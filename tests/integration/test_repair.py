# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registered hosts are verified; one service is stopped, one agent removed; verify.yml finds both, and site.yml repairs just these.

The hosts start from the snapshot that other files of tests start from too: one that is not as site.yml leaves a host shows here.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from cloudlab.package.build import RELEASES
from cloudlab.testing.ansible_runs import ENVIRONMENTS
from cloudlab.windows.prefix import Prefix
from installed_agent import AGENT, InstalledAgent
from role_runs import phases
from watched_run import command_lines, host_files, require_no_secret, watching

if t.TYPE_CHECKING:
    from pathlib import Path

    from cloudlab.testing.running_lab import Lab
    from conftest import LabRun, RunPlaybook

LAB_STATE = "registered"
PROXY_PASSWORD = "canary-of-the-proxy"


@pytest.fixture(scope="module")
def restored(lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The verification of the hosts as the snapshot has them."""
    lab.microsoft.reset_counters()
    return ansible_playbook("verify.yml")


def test_restored_hosts_are_as_wanted(restored: LabRun, lab: Lab) -> None:
    assert restored.returncode == 0, restored.tail
    assert set(restored.recap) == set(lab.hosts)
    assert restored.changed_hosts == set()
    assert {row["status"] for row in restored.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in restored.rows.values()} == {"confirmed"}
    assert {row["agent_id"] for row in restored.rows.values()} == {agent["id"] for agent in lab.microsoft.state()["agents"]}
    assert lab.microsoft.state()["counts"]["registrations"] == 0


@pytest.fixture(scope="module")
def broken(restored: LabRun, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The verification after the service was stopped on win1 and the agent removed from win2 as Programs and Features removes it."""
    first, second = (InstalledAgent(Prefix(lab.state / "hosts" / name)) for name in ("win1", "win2"))
    first.stop(AGENT)
    package = f"release-{RELEASES[-1]}"
    second.bring(package)
    second.prefix.run(rf"C:\packages\{package}.exe", "/uninstall", "/quiet")
    return ansible_playbook("verify.yml")


def with_proxy(configuration: str, lab: Lab) -> str:
    """Return the text of a configuration with a proxy whose address carries a password, as no option of the collection's can set it."""
    address = lab.data["proxies"]["open"]["url"].replace("://", f"://user:{PROXY_PASSWORD}@")
    proxy = f'<system.net><defaultProxy><proxy usesystemdefault="true" proxyaddress="{address}" /></defaultProxy></system.net>'
    return configuration.replace("</configuration>", f"{proxy}</configuration>")


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
    output = " ".join(broken.output.split())  # Ansible breaks long lines
    assert re.search(r"fatal: \[win1\]: FAILED! .{0,80}agent_service fail: stopped", output)
    assert re.search(r"fatal: \[win2\]: FAILED! .{0,80}installed fail: ", output)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what the run that repairs shows anybody, beside its output and its report."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def repaired(broken: LabRun, kept: Path, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """The run that repairs, with the newest core that is here; win1 has a proxy's password in the agent's configuration."""
    file = InstalledAgent(Prefix(lab.state / "hosts" / "win1")).configuration
    file.write_text(with_proxy(file.read_text(encoding="utf-8"), lab), encoding="utf-8")
    python = "3.13" if (ENVIRONMENTS["3.13"] / "bin").exists() else "3.11"
    with command_lines(kept / "command-lines.txt"):
        return ansible_playbook("site.yml", "-vvvvv", python=python, environment=watching(kept))


def test_site_repairs_the_broken_hosts_and_leaves_the_other_alone(repaired: LabRun) -> None:
    assert repaired.returncode == 0, repaired.recap_text
    changed = repaired.outcomes("changed")
    assert {pair for pair in changed if pair[0] == "win1"} == phases("install", hosts=["win1"])
    assert phases("download", "install", "register", hosts=["win2"]) <= changed
    assert repaired.recap["win3"]["changed"] == 0
    assert {row["status"] for row in repaired.rows.values()} == {"compliant"}
    assert {row["cloud"]["status"] for row in repaired.rows.values()} == {"confirmed"}


def test_no_secret_is_shown_or_left(broken: LabRun, repaired: LabRun, kept: Path, lab: Lab) -> None:
    shown = [*broken.folder.iterdir(), *repaired.folder.iterdir(), *(file for file in kept.rglob("*") if file.is_file())]
    assert {"output.log", "report.json", "ansible.log", "arguments.log", "command-lines.txt"} <= {file.name for file in shown}
    masked = f"********@{lab.data['proxies']['open']['url'].partition('://')[2]}"
    assert masked in (kept / "arguments.log").read_text(encoding="utf-8")
    require_no_secret([*shown, *(lab.state / "logs").iterdir(), *host_files(lab)], lab.secrets | {PROXY_PASSWORD})
