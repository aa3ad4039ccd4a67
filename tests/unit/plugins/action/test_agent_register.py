# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_register's action plugin does when the connection is lost while the host registers: it keeps the lock until that has ended."""

from __future__ import annotations

import contextlib
import json
import types
import typing as t
from pathlib import Path

import pytest
from ansible import constants
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_register
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_register import ActionModule
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import RemoteError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.connection import LostConnectionError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._task.action import Reply
from fake_host import FakeHost
from host_facts import AGENT_ID, TENANT, UNREADABLE, empty_data, host, host_data

BUSY, ENDED = host(installing=True), host()
AWAY = ConnectionResetError("Connection reset by peer")


class Host(ActionModule):
    """An action whose connection breaks while it registers, on a host whose later answers come one after another; the last one stays."""

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


def register_locked(broken: Host, timeout: int = 60) -> None:
    plan = t.cast(t.Any, types.SimpleNamespace(signs_in=False))
    broken._agent_register_locked({"timeout": timeout, "execution_timeout": 60}, t.cast(t.Any, None), plan, t.cast(t.Any, None), {})


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
def test_lock_is_kept_until_the_host_has_ended(
    clock: types.SimpleNamespace, answers: list[HostFacts | Exception], asked: int, seconds: int
) -> None:
    broken = Host(answers)
    with pytest.raises(AnsibleConnectionFailure, match="The connection to sync1 was lost while it registered"):
        register_locked(broken)
    assert (broken.asked, clock.at) == (asked, seconds)


def test_lost_registration_says_once_why_it_is_lost() -> None:
    """The payload's own connection error has been made a sentence before it comes here."""
    lost = LostConnectionError("The connection to sync1 is lost (reset): run this again when it answers.")
    lost.__cause__ = AWAY
    with pytest.raises(LostConnectionError) as raised:
        register_locked(Host([ENDED], broken_by=lost))
    assert str(raised.value) == (
        f"The connection to sync1 was lost while it registered ({AWAY}), which may have gone on there. "
        "Run this again: what is done already is left alone."
    )


def test_failure_of_its_own_is_reported_at_once() -> None:
    broken = Host([ENDED], broken_by=RemoteError("the step failed"))
    with pytest.raises(RemoteError, match="the step failed"):
        register_locked(broken)
    assert broken.asked == 0


def test_host_that_cannot_be_asked_any_more_is_reported() -> None:
    with pytest.raises(TypeError):
        register_locked(Host([TypeError("a defect")]))


DOMAIN = {"name": "contoso.lab", "username": r"CONTOSO\admin", "password": "canary-domain"}
ALL_WELL: dict[str, t.Any] = {
    "busy": False,
    "unanswered": False,
    "steps": [{"name": "domain", "target": "contoso.lab", "changed": True, "error": None, "codes": [], "exceptions": []}],
    "domains": ["contoso.lab"],
    "proxy": {"origin": "winhttp", "url": "http://proxy:8080"},
    "error": "",
    "service_error": "",
    "facts": host_data(),
}
FRESH = host_data(
    product__tenant_id=None, certificates=[], services__0__account=r"NT SERVICE\AADConnectProvisioningAgent", domains=None
)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sign in to nowhere; each token that was fetched is noted."""
    fetched: list[str] = []

    def acquire(access: t.Any, audience: str) -> t.Any:
        fetched.append(audience)
        return types.SimpleNamespace(value="canary-token", upn="admin@contoso.lab")

    monkeypatch.setattr(agent_register, "acquire", acquire)
    return fetched


def register(sync1: FakeHost, tmp_path: Path, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    given = {
        "tenant_id": TENANT,
        "sign_in": {"method": "access_token", "access_token": "canary-given"},
        "domains": [DOMAIN],
        "lock_dir": str(tmp_path),
        **options,
    }
    result = sync1.run("agent_register", given, check_mode=check_mode)
    assert "canary" not in json.dumps(result)
    return result


def answering(before: dict[str, t.Any], /, **answer: t.Any) -> FakeHost:
    sync1 = FakeHost()
    sync1.answer("facts", before)
    sync1.answer("register", {**ALL_WELL, **answer}, changed=True)
    return sync1


def test_registered_agent_is_left_alone(token: list[str], tmp_path: Path) -> None:
    sync1 = answering(host_data())
    result = register(sync1, tmp_path)
    assert (result["changed"], result["failed"], sync1.names, token) == (False, False, ["facts"], [])
    assert (result["tenant_id"], result["agent_id"], result["domains"]) == (TENANT, AGENT_ID, ["contoso.lab"])
    assert result["msg"] == f"The agent is registered to {TENANT} and serves its domains."


def test_fresh_agent_is_registered(token: list[str], tmp_path: Path) -> None:
    sync1 = answering(FRESH)
    result = register(sync1, tmp_path)
    assert (result["changed"], result["failed"], sync1.names, token) == (True, False, ["facts", "register"], ["registration"])
    request = json.loads(sync1.asked[1].secret["Request"])
    assert (request["access_token"], request["upn"], request["tenant_id"]) == ("canary-token", "admin@contoso.lab", TENANT)
    assert request["gmsa"] == {"name": "", "username": DOMAIN["username"], "password": DOMAIN["password"]}
    assert [domain["name"] for domain in request["domains"]] == ["contoso.lab"]
    assert (result["agent_id"], result["certificate"]["days_left"], result["steps"]) == (AGENT_ID, 52, ALL_WELL["steps"])


def test_each_remote_execution_has_a_limit_and_the_registration_its_own_on_top(
    token: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[int] = []

    def allow(self: ActionModule, seconds: int) -> contextlib.AbstractContextManager[None]:
        allowed.append(self._execution_timeout + seconds)
        return contextlib.nullcontext()

    monkeypatch.setattr(ActionModule, "_agent_allow", allow)
    register(answering(FRESH), tmp_path, timeout=100, execution_timeout=20)
    assert allowed == [20, 120]


def test_cut_off_registration_is_ended_without_a_sign_in(token: list[str], tmp_path: Path) -> None:
    sync1 = answering(host_data(registration_pending=True), steps=[])
    assert register(sync1, tmp_path)["failed"] is False
    assert (sync1.asked[1].parameters["Restart"], sync1.asked[1].parameters["Session"], sync1.asked[1].secret, token) == (True, "", {}, [])


def test_check_mode_signs_in_and_changes_nothing(token: list[str], tmp_path: Path) -> None:
    sync1 = answering(FRESH)
    result = register(sync1, tmp_path, check_mode=True)
    assert (result["changed"], sync1.names, token) == (True, ["facts"], ["registration"])
    assert result["msg"].startswith("The agent would be registered: not registered; the service logs on as NT SERVICE")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"busy": True}, "Another task is installing, registering or removing the agent on win1"),
        ({"error": "no module"}, "The agent's PowerShell module could not be used on win1: no module"),
        ({"error": "Could not load type 'A.B'."}, "used on win1: Could not load type 'A.B'; repair the agent"),
        ({"steps": [{**ALL_WELL["steps"][0], "error": "denied"}]}, "The step 'domain' (contoso.lab) failed: denied;"),
        ({"service_error": "it hangs"}, "The agent's service does not start: it hangs"),
        ({"facts": FRESH}, "win1 has no registration"),
        ({"facts": host_data(certificates__0__not_after="2026-11-30T00:00:00Z")}, "still ends on 2026-11-30T00:00:00Z"),
        ({"steps": [{"name": "domain"}]}, "answered with nothing for steps[0].target"),
    ],
)
def test_end_of_a_registration_is_reported(token: list[str], tmp_path: Path, answer: dict[str, t.Any], words: str) -> None:
    result = register(answering(FRESH, **answer), tmp_path)
    assert (result["failed"], result["changed"]) == (True, True)
    assert words in result["msg"]


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        (empty_data(), {}, "The agent is not installed on win1"),
        (host_data(product__tenant_id="00000000-0000-0000-0000-000000000001"), {}, "set 'force: true' to move the agent"),
        (
            {**FRESH, "platform": host_data(platform__directory__account_container=False)["platform"]},
            {},
            "The service account cannot be set on win1: The domain has lost its container",
        ),
    ],
)
def test_what_cannot_end_well_is_not_begun(
    token: list[str], tmp_path: Path, facts: dict[str, t.Any], options: dict[str, t.Any], words: str
) -> None:
    sync1 = answering(facts)
    result = register(sync1, tmp_path, **options)
    assert (result["failed"], result["changed"], sync1.names, token) == (True, False, ["facts"], [])
    assert words in result["msg"]


NO_DELEGATION = {
    **host_data(
        product__tenant_id=None,
        certificates=[],
        domains=None,
        platform__directory=UNREADABLE,
        platform__logon={"network": True, "ticket": False, "problem": ""},
    ),
}


@pytest.mark.parametrize(
    ("gmsa", "words"), [({"name": "svcSync$"}, "the service account svcSync$ fails"), (None, "looks up in the directory fails")]
)
def test_logon_that_cannot_be_used_further_is_reported_before_the_registration(
    token: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gmsa: dict[str, t.Any] | None, words: str
) -> None:
    sync1, warned = answering(NO_DELEGATION), []
    monkeypatch.setattr(agent_register.display, "warning", lambda text: warned.append((text, list(sync1.names))))
    assert register(sync1, tmp_path, gmsa=gmsa)["failed"] is False
    ((text, names),) = warned
    assert names == ["facts"]
    assert words in text
    assert text.endswith("become SYSTEM, or use CredSSP or Kerberos with delegation.")


@pytest.mark.parametrize("before", [FRESH, {**NO_DELEGATION, "platform": None}, host_data()])
def test_logon_is_not_reported_where_it_is_no_problem(
    token: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, t.Any]
) -> None:
    monkeypatch.setattr(agent_register.display, "warning", pytest.fail)
    assert register(answering(before), tmp_path, preflight=before["platform"] is not None)["failed"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tenant_id": "x"}, "no GUID"),
        ({"domains": []}, "'domains' is empty"),
        ({"domains": [{**DOMAIN, "name": "CONTOSO"}]}, "is no DNS name"),
        ({"gmsa": {"name": "svcSync"}}, "its name must end in '$'"),
        ({"certificate_renewal_days": -1}, "'certificate_renewal_days' is -1"),
        ({"sign_in": {"method": "client_secret", "client_id": "x", "client_secret": "canary"}}, "an application cannot register an agent"),
        ({"cloud": "AzureChinaCloud"}, "No registration scope is known"),
        ({"lock_dir": "locks"}, "no full path"),
        ({"execution_timeout": 0}, "'execution_timeout' is 0"),
        ({"lock_timeout": 0}, "'lock_timeout' is 0"),
    ],
)
def test_bad_input_is_refused(token: list[str], tmp_path: Path, options: dict[str, t.Any], words: str) -> None:
    sync1 = answering(FRESH)
    result = register(sync1, tmp_path, **options)
    assert result["failed"] and words in result["msg"] and "register" not in sync1.names


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_is_sent_where_ansible_keeps_its_files(
    token: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check_mode: bool
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", True)
    sync1 = answering(FRESH)
    result = register(sync1, tmp_path, check_mode=check_mode)
    assert (result["failed"], result["changed"], sync1.names, token) == (True, False, [], [])
    assert "would leave the token of the sign-in and the domains' passwords there in a file" in result["msg"]


def test_no_secret_is_sent_by_a_connection_that_writes_modules_to_files(token: list[str], tmp_path: Path) -> None:
    sync1 = answering(FRESH)
    sync1.pipelining = False
    result = register(sync1, tmp_path)
    assert (result["failed"], sync1.names) == (True, ["facts"])
    assert "use the connection winrm or psrp" in result["msg"]
