# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A detached job: what is asked of the host, and what is made of answers that a lab does not give at will."""

from __future__ import annotations

import types
import typing as t

import pytest
import requests
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import RemoteError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host import detached
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.detached import DetachedJob
from winrm.exceptions import WinRMTransportError

STARTED = {"ansible_job_id": "j1.2", "results_file": r"C:\Users\x\.ansible_async\j1.2", "started": 1, "finished": 0}
RUNNING = {"started": 1, "finished": 0}
DONE = {"finished": 1, "changed": True, "result": "{}"}
HALF_WRITTEN = {"finished": 1, "failed": True, "msg": "Could not parse job output: "}
LOST = AnsibleConnectionFailure("gone")
CLEANED = {"erased": "x"}


class Action:
    """An action plugin whose host gives these answers one after another."""

    def __init__(self, *answers: t.Any) -> None:
        self._task, self._answers = types.SimpleNamespace(async_val=0), list(answers)
        self.calls: list[tuple[str, str, int]] = []
        self.resets = 0
        self._connection = types.SimpleNamespace(reset=self._reset)

    def _reset(self) -> None:
        self.resets += 1
        raise LOST

    def _execute_module(self, name: str, module_args: dict[str, t.Any], task_vars: t.Any, wrap_async: bool = False) -> t.Any:
        self.calls.append((name.rpartition(".")[2], module_args.get("mode", ""), self._task.async_val))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no time pass between two questions, and collect the warnings."""
    warnings: list[str] = []
    monkeypatch.setattr(detached.time, "sleep", lambda _: None)
    monkeypatch.setattr(detached.display, "warning", warnings.append)
    return warnings


def run(action: Action, seconds: int = 100) -> dict[str, t.Any] | None:
    """Run a module detached."""
    return DetachedJob(action, {"inventory_hostname": "win1"}, seconds, 60).run("ansible.windows.win_powershell", {"script": "x"})


def test_job_is_started_asked_for_and_cleaned_up() -> None:
    action = Action(STARTED, RUNNING, DONE, CLEANED)
    assert run(action) == DONE
    assert action.calls == [
        ("win_powershell", "", 160),
        ("async_status", "status", 0),
        ("async_status", "status", 0),
        ("async_status", "cleanup", 0),
    ]


def test_job_on_a_slow_host_has_as_long_as_a_start_may_take() -> None:
    action = Action(STARTED, DONE, CLEANED)
    slow = {"inventory_hostname": "win1", "ansible_win_async_startup_timeout": 300}
    assert DetachedJob(action, slow, 100, 60).run("ansible.windows.win_powershell", {}) == DONE
    assert action.calls[0] == ("win_powershell", "", 400)


def test_lost_connection_is_made_anew(no_waiting: list[str]) -> None:
    action = Action(STARTED, LOST, LOST, DONE, CLEANED)
    assert run(action) == DONE
    assert action.resets == 2
    assert "the connection to win1 is lost" in no_waiting[0].lower()


@pytest.mark.parametrize(
    "error", [requests.exceptions.ConnectionError("aborted"), WinRMTransportError("http", 500, "no such shell"), ConnectionResetError()]
)
def test_error_that_a_connection_plugin_lets_through_is_a_lost_connection(error: Exception) -> None:
    assert run(Action(STARTED, error, DONE, CLEANED)) == DONE


def test_error_of_another_kind_is_not_swallowed() -> None:
    with pytest.raises(ValueError, match="ours"):
        run(Action(STARTED, ValueError("ours"), DONE, CLEANED))


def test_answer_read_while_it_is_written_is_asked_for_again() -> None:
    assert run(Action(STARTED, HALF_WRITTEN, HALF_WRITTEN, DONE, CLEANED)) == DONE


def test_answer_that_stays_half_written_is_a_failure() -> None:
    assert run(Action(STARTED, *[HALF_WRITTEN] * 6, CLEANED)) == HALF_WRITTEN


def test_host_that_stays_away_is_unreachable() -> None:
    with pytest.raises(AnsibleConnectionFailure):
        run(Action(STARTED, LOST), seconds=-100)


def test_job_that_does_not_end_is_named() -> None:
    with pytest.raises(RemoteError, match=r"j1\.2 did not end within"):
        run(Action(STARTED, RUNNING), seconds=-100)


def test_host_that_cannot_run_jobs_leaves_it_to_the_connection(no_waiting: list[str]) -> None:
    action = Action({"failed": True, "msg": "Unable to find type JavaScriptSerializer"})
    assert run(action) is None
    assert "cannot run a job of its own (Unable to find type JavaScriptSerializer)" in no_waiting[0]


def test_host_that_is_lost_at_the_start_is_unreachable() -> None:
    with pytest.raises(AnsibleConnectionFailure, match="it may run there"):
        run(Action(requests.exceptions.ConnectionError("aborted")))


def test_job_that_may_have_started_is_not_started_again() -> None:
    action = Action({"failed": True, "msg": "Ansible encountered a timeout while waiting for the async task to start"})
    with pytest.raises(RemoteError, match="ansible_win_async_startup_timeout"):
        run(action)
    assert len(action.calls) == 1
