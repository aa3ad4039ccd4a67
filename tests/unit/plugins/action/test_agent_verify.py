# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_verify's action plugin decides by itself: the wait for a fresh agent, what fails the task, whether it may register."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_verify
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import agent_record, conclude
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.agent import Check, Expectation
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import Listing
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError, SignInError
from host_facts import AGENT_ID, host

OLD = "00000000-0000-0000-0000-00000000000b"


def agent(identifier: str = AGENT_ID, status: str = "active") -> dict[str, t.Any]:
    return {"id": identifier, "machineName": "sync1.contoso.lab", "status": status, "agentGroups": [{"id": "G"}]}


def listed(*agents: dict[str, t.Any], domains: tuple[str, ...] = ("contoso.lab",)) -> Listing:
    groups = [{"id": "G", "publishedResources": [{"resourceName": name} for name in domains]}]
    return Listing(list(agents), groups, 0.0)


BUSY = Listing([], [], 0.0, problem="Graph answered 503", passing=True)
REFUSED = Listing([], [], 0.0, problem="not permitted")
FRESH = listed(agent())


@dataclasses.dataclass
class Directory:
    """The cloud as it answers in turn; the last answer stays."""

    answers: list[Listing]
    asked: int = 0
    with_agents: bool = True

    def listing(self, not_older_than: float = 0.0, configurations_not_older_than: float = 0.0) -> Listing:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A clock that sleeping moves on."""
    now = types.SimpleNamespace(at=0.0)

    def sleep(seconds: float) -> None:
        now.at += seconds

    monkeypatch.setattr(agent_verify, "time", types.SimpleNamespace(time=lambda: now.at, monotonic=lambda: now.at, sleep=sleep))
    return now


@pytest.mark.parametrize(
    ("answers", "status", "asked"),
    [
        ([FRESH], "confirmed", 0),
        ([listed(), listed(agent(status="inactive")), FRESH], "confirmed", 2),
        # The agent is there before its domains are.
        ([listed(agent(), domains=()), FRESH], "confirmed", 1),
        # An older record of the machine is still active for an hour after a new registration.
        ([listed(agent(OLD)), FRESH], "confirmed", 1),
        ([BUSY, BUSY, FRESH], "confirmed", 2),
        # What will not change is not waited for.
        ([REFUSED], "unknown", 0),
        # The deadline: 60 seconds in steps of five.
        ([listed()], "absent", 12),
        ([BUSY], "unknown", 12),
    ],
)
def test_fresh_agent_is_waited_for(clock: types.SimpleNamespace, answers: list[Listing], status: str, asked: int) -> None:
    directory = Directory(answers[1:] or answers)
    expect = Expectation(domains=("contoso.lab",))
    record = agent_record(host(), expect, t.cast(t.Any, directory), answers[0], 60)
    assert record is not None
    assert (record["status"], directory.asked) == (status, asked)


def test_host_that_is_not_registered_is_not_waited_for(clock: types.SimpleNamespace) -> None:
    directory = Directory([listed()])
    agent_record(host(product__tenant_id=None), Expectation(), t.cast(t.Any, directory), listed(), 60)
    assert directory.asked == 0


@pytest.mark.parametrize(
    ("status", "failing"),
    [("pass", set()), ("warn", {"warn"}), ("unknown", set()), ("fail", {"warn", "fail"})],
)
@pytest.mark.parametrize("fail_on", ["fail", "warn", "never"])
def test_verdict_fails_the_task_only_where_it_was_told_to(status: str, failing: set[str], fail_on: str) -> None:
    result: dict[str, t.Any] = {"agent": {"version": "1.1.2505.0", "fqdn": "sync1.contoso.lab"}}
    checks = [Check("version", "pass", "any", "1"), Check("tls", status, "on", "off", "turn it on")]
    if fail_on in failing:
        with pytest.raises(AgentError, match="tls"):
            conclude(checks, fail_on, result)
    else:
        conclude(checks, fail_on, result)
    assert ("turn it on" in result["msg"]) is (status != "pass")


DRIFTED = [Check("tenant", "fail", "registered", "not registered", repaired_by=("register",))]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """The action plugin without a task."""
    monkeypatch.setattr(agent_verify.ActionModule, "__init__", lambda self: None)
    action = agent_verify.ActionModule()
    action._secrets = set()
    return action


def test_sign_in_that_may_not_register_is_found_where_the_host_needs_it(verify: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: t.Any) -> t.Any:
        raise SignInError("There is no sign-in: run playbooks/sign_in.yml first.")

    monkeypatch.setattr(agent_verify, "acquire", refuse)
    access = t.cast(t.Any, "the tenant")
    (check,) = verify._agent_sign_in(access, DRIFTED)
    assert (check.name, check.status) == ("sign_in", "fail")
    assert "run playbooks/sign_in.yml first" in check.actual
    assert verify._agent_sign_in(access, [Check("tenant", "pass", "registered", "registered")]) == []
    assert verify._agent_sign_in(None, DRIFTED) == []


def test_token_for_the_registration_is_kept_out_of_the_result(verify: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_verify, "acquire", lambda *_: types.SimpleNamespace(value="canary", upn="admin@contoso.lab"))
    (check,) = verify._agent_sign_in(t.cast(t.Any, "the tenant"), DRIFTED)
    assert (check.status, check.actual) == ("pass", "of admin@contoso.lab")
    assert "canary" in verify._secrets
