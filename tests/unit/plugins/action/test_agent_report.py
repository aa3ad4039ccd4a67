# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_report writes once what all hosts have come to, and what cannot be written is a warning."""

from __future__ import annotations

import json
import resource
import typing as t
from pathlib import Path

import pytest
from ansible.utils.display import Display
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._report.report import host_result
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run import notes
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from module_runs import run_module
from report_hosts import HEALTHY, SKIPPED, work

Results = dict[str, dict[str, t.Any]]


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run of its own, and its warnings."""
    found: list[str] = []
    monkeypatch.setattr(notes, "RUN_STORE", RunStore())
    monkeypatch.setattr(Display, "warning", lambda _, text: found.append(text))
    return found


def results(*names: str, **changes: t.Any) -> Results:
    """Return the results of hosts that are as wanted."""
    healthy = {name: {**HEALTHY, "agent": {**HEALTHY["agent"], "agent_id": f"agent of {name}"}} for name in names}
    return {name: {**host_result(work(healthy[name], after=SKIPPED)), "host": name, **changes} for name in names}


def report(
    dest: str | Path, host: str, found: Results, *, hosts: tuple[str, ...] = ("a", "b"), failed: tuple[str, ...] = (), check: bool = False
) -> dict[str, t.Any]:
    """Run the module for one host of a play, in which some have failed."""
    hostvars = {name: {"provisioning_agent_result": found[name]} if name in found else {} for name in hosts}
    left = [name for name in hosts if name not in failed]
    variables = {"hostvars": hostvars, "ansible_play_hosts_all": list(hosts), "ansible_play_hosts": left, **hostvars[host]}
    result = run_module("agent_report", {"dest": str(dest)}, None, host=host, variables=variables, check=check)
    assert (result["failed"], result["changed"]) == (False, False)
    return result


def statuses(folder: Path) -> dict[str, str]:
    """Return what the report says of each host."""
    return {row["host"]: row["status"] for row in json.loads((folder / "report.json").read_text(encoding="utf-8"))["hosts"]}


def test_first_host_writes_for_all(tmp_path: Path) -> None:
    found = results("a", "b")
    assert report(tmp_path, "a", found)["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "compliant"}
    assert not report(tmp_path, "b", found)["written"]


def test_host_without_a_result_leaves_the_report_alone(tmp_path: Path) -> None:
    assert report(tmp_path, "a", results("a"))["written"]
    assert not report(tmp_path, "b", results("a"))["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "not_run"}


def test_later_result_is_written_too(tmp_path: Path) -> None:
    assert report(tmp_path, "a", results("a"))["written"]
    assert report(tmp_path, "b", results("a", "b"))["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "compliant"}


def test_second_use_of_the_role_in_a_play_is_written_too(tmp_path: Path) -> None:
    report(tmp_path, "a", results("a", "b"))
    again = results("a", "b", started="2026-11-25T20:00:00.000000Z", status="drift")
    assert report(tmp_path, "a", again)["written"]
    assert statuses(tmp_path) == {"a": "drift", "b": "drift"}


def test_result_of_an_earlier_play_is_none_of_this_one(tmp_path: Path) -> None:
    found = results("a") | results("b", play="before")
    assert report(tmp_path, "b", found)["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "not_run"}


def test_failed_host_without_a_result_of_this_play_has_failed(tmp_path: Path) -> None:
    found = results("a") | results("b", play="before")
    assert report(tmp_path, "a", found, hosts=("a", "b", "c", "d"), failed=("b", "c"))["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "failed", "c": "failed", "d": "not_run"}


def test_host_that_has_failed_after_its_result_has_failed(tmp_path: Path) -> None:
    """A second use of the role in a play may be refused before its first task."""
    found = results("a") | results("b", message="The agent is as wanted.") | results("c", status="drift", failed=True, message="Stopped.")
    assert report(tmp_path, "a", found, hosts=("a", "b", "c"), failed=("b", "c"))["written"]
    assert statuses(tmp_path) == {"a": "compliant", "b": "failed", "c": "drift"}
    rows = {row["host"]: row for row in json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["hosts"]}
    assert "after this result (compliant): The agent is as wanted. Read the run's output" in rows["b"]["message"]
    assert rows["c"]["message"] == "Stopped."


def test_each_folder_gets_its_report(tmp_path: Path) -> None:
    report(tmp_path / "one", "a", results("a", "b"))
    assert report(tmp_path / "two" / "deep", "b", results("a", "b"))["written"]
    assert statuses(tmp_path / "one") == statuses(tmp_path / "two" / "deep")


def test_folder_and_files_are_not_for_everybody(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    report(folder, "a", results("a", "b"))
    assert folder.stat().st_mode & 0o777 == 0o750
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {"report.html": 0o640, "report.json": 0o640}


def test_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    report(tmp_path, "a", results("a", "b"))
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_folder_that_cannot_be_written_is_one_warning(tmp_path: Path, warnings: list[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    found = results("a", "b")
    assert not report(file / "report", "a", found)["written"]
    assert not report(file / "report", "b", found)["written"]
    (warning,) = warnings
    assert f"cannot be written to '{file}/report' on the controller (Not a directory)" in warning
    assert "'provisioning_agent_report_dir'" in warning


def test_report_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "report.html").mkdir()
    report(tmp_path, "a", results("a", "b"))
    assert len(warnings) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_folder_that_ansible_was_started_in_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    report("reports", "a", results("a", "b"))
    assert len(warnings) == 1


def test_relative_folder_begins_where_ansible_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.chdir(tmp_path)
    assert report("reports", "a", results("a", "b"))["dest"] == str(tmp_path / "reports")
    assert statuses(tmp_path / "reports")


def test_prediction_is_reported_as_one(tmp_path: Path) -> None:
    assert report(tmp_path, "a", results("a", "b"), check=True)["written"]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["check_mode"] is True


def test_half_a_surrogate_pair_of_a_host_is_written(tmp_path: Path) -> None:
    assert report(tmp_path, "a", results("a", "b", message="\ud800"))["written"]
    assert "\ufffd" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_full_disk_leaves_the_old_report(tmp_path: Path, warnings: list[str]) -> None:
    report(tmp_path, "a", results("a", "b"))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    again = results("a", "b", started="2026-11-25T20:00:00.000000Z", status="drift")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that comes with it, and the write fails as on a full disk: after a part of the file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limit[1]))
    try:
        assert not report(tmp_path, "a", again)["written"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    (warning,) = warnings
    assert "cannot be written" in warning and "File too large" in warning
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
