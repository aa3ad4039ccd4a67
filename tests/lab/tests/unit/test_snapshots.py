# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of labs: what another server of Microsoft's side takes up, and when one is taken, refused, waited for."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudlab import lab, snapshot_store
from cloudlab.errors import LabError
from cloudlab.paths import State
from cloudlab.snapshot import Snapshot
from microsoft_client import ADMIN, Client

HOST = "win1.contoso.lab"


def beat(client: Client, agent_id: str) -> None:
    assert client.post(f"/agents/{agent_id}/heartbeat", {"state": "running"}).status_code == 200


def agents(client: Client) -> dict[str, dict[str, Any]]:
    return {agent["id"]: agent for agent in client.control("GET", "state").json()["agents"]}


def test_another_server_knows_the_agents_that_report_to_it(client: Client, serve: Callable[..., Client]) -> None:
    agent = client.register(HOST)["agentId"]
    beat(client, agent)
    stale = client.control("POST", "stale-records", {"machine": HOST}).json()["id"]
    export = client.control("GET", "export").json()
    assert {record["id"]: record["active"] for record in export["directory"]["agents"]} == {agent: True, stale: False}
    other = serve(restored=export)
    before = agents(client)
    assert agents(other) == {agent: {**before[agent], "status": "inactive"}, stale: before[stale]}
    beat(other, agent)
    assert agents(other) == before
    # The account and the domain's group are the same ones, and registering goes on where it stopped.
    assert other.register("win2.contoso.lab")["agentId"] not in before
    after = agents(other)
    assert {record["account"] for record in after.values() if record["machineName"] != HOST} == {before[agent]["account"]}


def test_another_server_has_the_same_configurations(client: Client, serve: Callable[..., Client]) -> None:
    quarantine = {"reason": "TooManyDeletes", "since": "2026-11-24T08:00:00Z", "next_attempt": "2026-11-24T14:00:00Z"}
    client.control("POST", "configurations", {"domain": "contoso.lab", "state": "quarantine", **quarantine})
    export = client.control("GET", "export").json()
    other = serve(restored=export, configurations=["child.contoso.lab"])
    assert other.control("GET", "export").json() == export
    assert other.control("GET", "state").json()["configurations"] == {"contoso.lab": "quarantine"}


def test_export_has_no_secret(client: Client) -> None:
    answer = client.register(HOST)
    export = client.control("GET", "export").text
    assert not [secret for secret in (ADMIN["password"], answer["pfx"], answer["pfxPassword"], client.token()) if secret in export]


class Shelf:
    """Snapshots in a folder of the test's own, of labs that are a file each; the lab's code is the file `code`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.taken = folder, 0
        self.code, self.input = folder / "lab" / "code", folder / "input"
        self.code.parent.mkdir()
        for file in (self.code, self.input):
            file.write_text("one", encoding="utf-8")

    def keep(self, _: State, snapshot: Snapshot) -> None:
        self.taken += 1
        (snapshot.path / "snapshot.json").write_text(json.dumps({"hosts": ["win1"], "number": self.taken}), encoding="utf-8")

    @contextlib.contextmanager
    def make(self) -> Iterator[State]:
        yield State(self.folder / "state")

    def ensure(self) -> None:
        snapshot_store.ensure("ready", [self.input], self.make)

    def number(self) -> int:
        with snapshot_store.opened("ready") as snapshot:
            return int(snapshot.data["number"])


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(tmp_path)
    monkeypatch.setattr(snapshot_store, "SNAPSHOTS", tmp_path / "snapshots")
    monkeypatch.setattr(snapshot_store, "LAB", shelf.code.parent)
    monkeypatch.setattr(snapshot_store, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(lab, "keep", shelf.keep)
    return shelf


def test_snapshot_is_taken_once_for_the_code_that_made_it(shelf: Shelf) -> None:
    numbers = []
    for change in (None, None, shelf.input, None, shelf.code, None):
        if change:
            change.write_text("another", encoding="utf-8")
        shelf.ensure()
        numbers.append(shelf.number())
    assert numbers == [1, 1, 2, 2, 3, 3]
    assert sorted(entry.name for entry in (shelf.folder / "snapshots").iterdir()) == ["ready", "ready.lock"]


def test_snapshot_of_another_version_of_the_lab_is_refused(shelf: Shelf) -> None:
    with pytest.raises(LabError, match="no snapshot ready"), snapshot_store.opened("ready"):
        pass
    assert not (shelf.folder / "snapshots").exists()
    shelf.ensure()
    shelf.code.write_text("another", encoding="utf-8")
    with pytest.raises(LabError, match="another version of the lab"), snapshot_store.opened("ready"):
        pass


@pytest.mark.parametrize("name", ["", "../up", "Ready", "a b", ".ready"])
def test_name_that_is_no_file_s_is_refused(shelf: Shelf, name: str) -> None:
    with pytest.raises(LabError, match="cannot be a snapshot's name"):
        snapshot_store.take(State(shelf.folder), name)
    assert not (shelf.folder / "snapshots").exists()


def test_half_taken_snapshot_is_not_used(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one whose taking failed, nor what a killed process left."""
    shelf.ensure()
    shelf.input.write_text("another", encoding="utf-8")

    def fail(_: State, snapshot: Snapshot) -> None:
        (snapshot.path / "hosts").mkdir()
        raise LabError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(lab, "keep", fail)
        with pytest.raises(LabError, match="no space left"):
            shelf.ensure()
    left = shelf.folder / "snapshots" / ".ready.killed"
    left.mkdir()
    assert shelf.number() == 1
    shelf.ensure()
    assert shelf.number() == 2
    assert not left.exists()


def test_second_one_waits_for_the_first_one_s_snapshot(shelf: Shelf) -> None:
    making, go_on, second_done = threading.Event(), threading.Event(), threading.Event()

    @contextlib.contextmanager
    def slowly() -> Iterator[State]:
        making.set()
        assert go_on.wait(60)
        yield State(shelf.folder / "state")

    def second() -> None:
        shelf.ensure()
        second_done.set()

    threads = [threading.Thread(target=snapshot_store.ensure, args=("ready", [shelf.input], slowly)), threading.Thread(target=second)]
    threads[0].start()
    assert making.wait(60)
    threads[1].start()
    assert not second_done.is_set()
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert (shelf.taken, shelf.number(), second_done.is_set()) == (1, 1, True)


def test_lab_that_lacks_a_host_is_not_kept(tmp_path: Path) -> None:
    state = State(tmp_path)
    data = {"version": lab.STATE_VERSION, "failed": {"win2": "The host win2 could not be set up."}}
    state.file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(LabError, match="without its hosts win2 cannot be kept"):
        lab.keep(state, Snapshot(tmp_path / "snapshot"))


def test_agents_of_machines_that_are_not_restored_are_left_out(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path)
    kept = {"agents": [{"machine_name": "WIN1.contoso.lab"}], "groups": [1]}
    known = {"directory": {**kept, "agents": [*kept["agents"], {"machine_name": "win2.contoso.lab"}]}, "more": 2}
    state = {"hosts": [{"name": "win1"}], "microsoft": {"tenant": {"id": "t"}, "address": "127.0.50.250"}}
    snapshot.write(state, known)
    assert Snapshot(tmp_path).network == "127.0.50."
    assert Snapshot(tmp_path).known_of({HOST}) == {"directory": kept, "more": 2}
