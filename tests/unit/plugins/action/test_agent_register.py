# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_register's action plugin does when the connection is lost while the host registers: it keeps the turn until that has ended."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_register
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_register import ActionModule
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import RemoteError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._task.action import Reply
from host_facts import host

BUSY, ENDED = host(installing=True), host()
AWAY = ConnectionResetError("Connection reset by peer")


class Host(ActionModule):
    """An action whose connection breaks while it registers, on a host that answers in turn after that; the last answer stays."""

    _agent_host = "sync1"

    def __init__(self, answers: list[HostFacts | Exception], broken_by: Exception = AWAY) -> None:
        self._connection = types.SimpleNamespace(reset=lambda: None)
        self.answers, self.broken_by, self.asked = answers, broken_by, 0

    def _agent_register(self, *arguments: t.Any) -> None:
        raise self.broken_by

    def _agent_payload(self, name: str, kind: t.Any, parameters: dict[str, t.Any], **options: t.Any) -> t.Any:
        assert name == "facts"
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer, changed=False)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A clock that sleeping moves on."""
    now = types.SimpleNamespace(at=0.0)

    def sleep(seconds: float) -> None:
        now.at += seconds

    monkeypatch.setattr(agent_register, "time", types.SimpleNamespace(monotonic=lambda: now.at, sleep=sleep))
    return now


def take_turn(broken: Host, timeout: int = 60) -> None:
    plan = t.cast(t.Any, types.SimpleNamespace(signs_in=False))
    broken._agent_take_turn({"timeout": timeout}, t.cast(t.Any, None), plan, t.cast(t.Any, None), {})


@pytest.mark.parametrize(
    ("answers", "asked", "seconds"),
    [
        ([ENDED], 1, 0),
        ([AWAY, AWAY, BUSY, BUSY, ENDED], 5, 20),
        ([RemoteError("no JSON"), ENDED], 2, 5),
        # What does not end by itself is over at the time limit of the registration.
        ([BUSY], 12, 60),
        ([AWAY], 12, 60),
    ],
)
def test_turn_is_kept_until_the_host_has_ended(
    clock: types.SimpleNamespace, answers: list[HostFacts | Exception], asked: int, seconds: int
) -> None:
    broken = Host(answers)
    with pytest.raises(AnsibleConnectionFailure, match="The connection to sync1 was lost while it registered"):
        take_turn(broken)
    assert (broken.asked, clock.at) == (asked, seconds)


def test_failure_of_its_own_is_told_at_once() -> None:
    broken = Host([ENDED], broken_by=RemoteError("the step failed"))
    with pytest.raises(RemoteError, match="the step failed"):
        take_turn(broken)
    assert broken.asked == 0


def test_host_that_cannot_be_asked_any_more_is_told() -> None:
    with pytest.raises(TypeError):
        take_turn(Host([TypeError("a defect")]))
