# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's snapshot becomes a lab of its own: its hosts run, their agents report to the new Microsoft side, the old lab goes on."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cloudlab.paths import SNAPSHOTS, State
from cloudlab.testing.ansible_runs import LAB, run_playbook
from cloudlab.testing.fixtures import new_lab
from cloudlab.testing.running_lab import Lab

LAB_HOSTS = 1
NAME = "test-of-snapshots"
CONFIG = Path("drive_c/Program Files/Microsoft Azure AD Connect Provisioning Agent/AADConnectProvisioningAgent.exe.config")
#: A file that has come to C:\windows since the golden host was made, and that a program writes in place.
LATER = Path("drive_c/windows/later.txt")

Look = Callable[[Lab, bool], dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Restored:
    """Two labs that are up, the first and the one of its snapshot, and what agent.ps1 returned of the host in each."""

    labs: tuple[Lab, Lab]
    looks: tuple[dict[str, t.Any], dict[str, t.Any]]


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return the function that describes a lab's first host, after its agent was made unless `only_look`."""

    def call(lab: Lab, only_look: bool) -> dict[str, t.Any]:
        results = tmp_path_factory.mktemp("agent") / "results.json"
        accounts = {name: lab.data["microsoft"][name] for name in ("user", "forest")}
        values = {"host": lab.hosts[0], **accounts, "look": only_look, "results": str(results)}
        done = run_playbook(Path(__file__).with_name("agent.yml"), inventory=lab.inventory, extra_vars=values)
        assert done.returncode == 0, done.tail
        return dict(json.loads(results.read_text(encoding="utf-8")))

    return call


@pytest.fixture(scope="module")
def taken(lab: Lab, look: Look) -> Iterator[dict[str, t.Any]]:
    """A snapshot of a registered agent whose settings name a proxy of the lab; what the host was like before."""
    before = look(lab, False)
    host = lab.state / "hosts" / lab.hosts[0]
    (host / LATER).write_text("first", encoding="utf-8")
    text = (host / CONFIG).read_text(encoding="utf-8")
    (host / CONFIG).write_text(f"{text}<!-- {lab.data['proxies']['open']['url']} -->", encoding="utf-8")
    subprocess.run([str(LAB), "--state", str(lab.state), "snapshot", NAME], check=True)
    try:
        yield before
    finally:
        shutil.rmtree(SNAPSHOTS / NAME)
        (SNAPSHOTS / f"{NAME}.lock").unlink()


@pytest.fixture(scope="module")
def restored(lab: Lab, taken: dict[str, t.Any], look: Look, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    with new_lab(tmp_path_factory, "--hosts", "1", "--from", NAME) as new:
        yield Restored((lab, new), (taken, look(new, True)))


def test_restored_host_runs_and_has_its_agent(restored: Restored) -> None:
    before, after = restored.looks
    assert after == {**before, "side": restored.labs[1].microsoft.url}
    assert after["services"] == ["Running", "Running"]
    assert len(after["keys"]) == 1


def test_agents_report_to_their_own_lab(restored: Restored) -> None:
    for lab in restored.labs:
        (agent,) = lab.microsoft.state()["agents"]
        assert (agent["id"], agent["status"]) == (restored.looks[0]["agent_id"], "active")


def test_tenant_is_kept_and_addresses_and_secrets_are_new(restored: Restored) -> None:
    first, new = (lab.data for lab in restored.labs)
    assert first["microsoft"]["tenant"] == new["microsoft"]["tenant"]
    assert first["hosts"][0]["address"] != new["hosts"][0]["address"]
    assert restored.labs[0].secrets & restored.labs[1].secrets == set()
    assert first["microsoft"]["control_key"] != new["microsoft"]["control_key"]
    kept = [file.read_bytes() for file in (SNAPSHOTS / NAME).rglob("*") if file.is_file() and "windows" not in file.parts]
    assert not [secret for secret in restored.labs[0].secrets for content in kept if secret.encode() in content]


def test_settings_name_the_new_lab_s_addresses(restored: Restored) -> None:
    texts = [(lab.state / "hosts" / "win1" / CONFIG).read_text(encoding="utf-8") for lab in restored.labs]
    assert [lab.data["proxies"]["open"]["url"] in text for lab, text in zip(restored.labs, texts, strict=True)] == [True, True]
    assert restored.labs[0].data["proxies"]["open"]["url"] not in texts[1]


def test_hosts_share_no_file_that_is_written_in_place(restored: Restored) -> None:
    folders = [*(lab.state / "hosts" / "win1" for lab in restored.labs), SNAPSHOTS / NAME / "hosts" / "win1"]
    for number, folder in enumerate(folders):
        (folder / LATER).write_text(str(number), encoding="utf-8")
    assert [(folder / LATER).read_text(encoding="utf-8") for folder in folders] == ["0", "1", "2"]
    assert len({(folder / "system.reg").stat().st_ino for folder in folders}) == 3


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize(("name", "words"), [(NAME, "2 hosts cannot come of a snapshot of 1"), ("nothing", "no snapshot nothing")])
def test_snapshot_that_does_not_serve_is_refused(name: str, words: str, tmp_path: Path) -> None:
    options = ["--hosts", "2", "--from", name]
    state = State(tmp_path / "state")
    done = subprocess.run([str(LAB), "--state", str(state.path), "up", *options], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert words in done.stderr
    assert not state.path.exists()
