# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_verify's action plugin decides by itself: the wait for a fresh agent, what fails the task, whether it may register."""

from __future__ import annotations

import dataclasses
import json
import types
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_verify
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import agent_record
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import Expectation
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import Listing
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import SignInError
from fake_host import FakeHost
from host_facts import AGENT_ID, TENANT, UNREADABLE, empty_data, host, host_data

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
    """The cloud as it answers one time after another; the last answer stays."""

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


@pytest.fixture
def sync1(clock: types.SimpleNamespace) -> FakeHost:
    """A host that is as wanted."""
    sync1 = FakeHost()
    sync1.answer("facts", host_data())
    return sync1


def verify(sync1: FakeHost, **options: t.Any) -> dict[str, t.Any]:
    return sync1.run("agent_verify", {"cloud_check": "off", "sync_check": "off", **options})


def test_host_as_wanted_is_read_once_and_passes(sync1: FakeHost) -> None:
    result = verify(sync1, expect={"tenant_id": TENANT, "domains": ["contoso.lab"]})
    assert (result["failed"], result["changed"], result["compliant"], result["drift"], result["blockers"]) == (False, False, True, [], [])
    assert result["obstacles"] == []
    assert result["msg"] == "The agent 1.1.2334.0 on sync1.contoso.lab is as it should be."
    assert (result["agent"]["agent_id"], result["agent"]["domains"], result["agent"]["cloud"]) == (AGENT_ID, ["contoso.lab"], None)
    assert (sync1.names, sync1.lines) == (["facts"], [])
    json.dumps(result)


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, set()),
        ({"services__1__present": False}, {"warn"}),
        ({"platform__directory": UNREADABLE}, set()),
        ({"services__0__state": "stopped"}, {"warn", "fail"}),
    ],
)
@pytest.mark.parametrize("fail_on", ["fail", "warn", "never"])
def test_verdict_fails_the_task_only_where_it_was_told_to(changes: dict[str, t.Any], failing: set[str], fail_on: str) -> None:
    sync1 = FakeHost()
    sync1.answer("facts", host_data(**changes))
    result = verify(sync1, fail_on=fail_on)
    assert result["failed"] is (fail_on in failing)
    assert bool(sync1.lines) is (" instead of " in result["msg"]) is bool(changes)


def test_host_that_answers_amiss_is_reported_with_the_field(sync1: FakeHost) -> None:
    sync1.answers["facts"] = [(host_data(platform__windows__build={}), False)]
    result = verify(sync1)
    assert result["failed"] and result["compliant"] is None
    assert "answered with {} for platform.windows.build, where a number was expected" in result["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wait": -1}, "'wait' is -1"),
        ({"registration_check": True}, "give 'tenant_id' and 'sign_in'"),
        ({"cloud_check": "required"}, "'cloud_check' is required"),
        ({"endpoints": ["http://x"]}, "HOST:PORT"),
        ({"expect": {"version": "new"}}, "no version of the agent"),
    ],
)
def test_bad_input_is_refused_before_the_host_is_asked(sync1: FakeHost, options: dict[str, t.Any], words: str) -> None:
    result = verify(sync1, **options)
    assert result["failed"] and words in result["msg"]
    assert sync1.names == []


SIGN_IN = {"method": "access_token", "access_token": "canary"}
REGISTERS = {"registration_check": True, "sign_in": SIGN_IN, "tenant_id": TENANT}


def test_sign_in_that_may_not_register_is_found_where_the_host_needs_it(sync1: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: t.Any) -> t.Any:
        raise SignInError("There is no sign-in: run playbooks/sign_in.yml first.")

    monkeypatch.setattr(agent_verify, "acquire", refuse)
    assert "sign_in" not in {check["name"] for check in verify(sync1, **REGISTERS)["checks"]}
    sync1.answers["facts"] = [(empty_data(), False)]
    result = verify(sync1, **REGISTERS)
    check = result["checks"][-1]
    assert (check["name"], check["status"], result["blockers"]) == ("sign_in", "fail", ["sign_in"])
    assert "run playbooks/sign_in.yml first instead of a token" in result["msg"]
    (obstacle,) = result["obstacles"]
    assert (obstacle.startswith("sign_in: "), f"sign_in fail: {obstacle.removeprefix('sign_in: ')}" in result["msg"]) == (True, True)
    assert "sign_in" not in {check["name"] for check in verify(sync1, **{**REGISTERS, "registration_check": False})["checks"]}


def test_token_for_the_registration_is_kept_out_of_the_result(sync1: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_verify, "acquire", lambda *_: types.SimpleNamespace(value="secret-token", upn="admin of secret-token"))
    sync1.answers["facts"] = [(empty_data(), False)]
    result = verify(sync1, **REGISTERS)
    assert result["checks"][-1]["status"] == "pass"
    assert "secret-token" not in json.dumps(result)


def test_what_a_host_writes_reaches_no_terminal_as_it_is() -> None:
    fake = FakeHost()
    text = "CONTOSO\\me\x1b[2J\x1b]0;title\x07\x9b31m\u202e\ud800"
    fake.answer("facts", host_data(services__0__account=text, host__fqdn=f"sync1{text}"))
    expect = {"service_account": "CONTOSO\\other$"}
    result = fake.run("agent_verify", {"cloud_check": "off", "sync_check": "off", "fail_on": "never", "expect": expect})
    assert result["agent"]["services"][0]["account"] == "CONTOSO\\me\ufffd"
    for shown in (json.dumps(result, ensure_ascii=False), *fake.lines):
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\ud800"} & set(shown)
    assert any("CONTOSO\\me\ufffd" in line for line in fake.lines)
