# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What payloads answer: answers recorded in the lab fit the types and hold nothing else; an error names the field of anything else."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.answers import InstallAnswer, RegisterAnswer, RemoveAnswer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.installing import judge_installation, judge_removal
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.registration import judge_registration, plan_registration
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CloudAnswers, Expectation
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.directory import account_problems
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError, RemoteError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.parsing import parse_answer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.results import as_result
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.download import judge_download
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.facts import DownloadAnswer
from host_facts import HEALTHY, host
from recorded_host import RECORDED, recorded

#: What each payload's answer must fit; a recorded answer's name begins with its payload's.
PAYLOADS: dict[str, t.Any] = {
    "download": DownloadAnswer,
    "facts": HostFacts,
    "install": InstallAnswer,
    "register": RegisterAnswer,
    "remove": RemoveAnswer,
}
KINDS = {file.stem: PAYLOADS[file.stem.partition("_")[0]] for file in RECORDED.iterdir()}
WISHES = {"tenant_id": "x", "domains": [], "gmsa": None, "force": True, "certificate_renewal_days": 14}
RULES = {"minimum_size": 1, "sha256": "", "version": ""}


def test_every_payload_is_recorded() -> None:
    assert set(PAYLOADS) <= set(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_recorded_answer_fits_and_holds_nothing_else(name: str) -> None:
    answer = recorded(name)
    parsed = as_result(parse_answer(KINDS[name], json.dumps(answer), "It"))
    optional = {field.name for field in dataclasses.fields(KINDS[name]) if field.default is not dataclasses.MISSING}
    assert {key: value for key, value in parsed.items() if key in answer or key not in optional} == answer


def paths(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """Return the path of each field of an answer, at every depth."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield (*path, step)
        yield from paths(item, (*path, step))


def changed(answer: t.Any, path: tuple[t.Any, ...], value: t.Any) -> t.Any:
    answer = copy.deepcopy(answer)
    place = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return answer


def written(path: tuple[t.Any, ...]) -> str:
    """Return how an error names a field."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def is_refused(name: str, path: tuple[t.Any, ...], value: t.Any) -> bool:
    """Return whether an answer with another value in one field is refused; what is not refused is worked on, which must go well."""
    try:
        answer = parse_answer(KINDS[name], json.dumps(changed(ANSWERS[name], path, value)), "The step on win1")
    except RemoteError as error:
        if f" for {written(path)}" not in str(error):
            pytest.fail(f"{path} is not named: {error}")
        return True
    # Other errors of the collection's own are sentences too, such as that about a version that is none.
    with contextlib.suppress(AgentError):
        work_on(name, answer)
    return False


def work_on(name: str, answer: t.Any) -> None:
    """Do with an answer all that is done with one of its kind."""
    if name.startswith("facts"):
        assess(answer, Expectation(version="1.1.0.0", domains=("x",), issuers=("x",)), CloudAnswers())
        plan_registration(answer, WISHES)
        account_problems(answer, None)
    elif name == "download":
        judge_download(answer, {"source": "host", "dest": "x", "state": "latest"}, RULES, "x", "win1")
    elif name == "register":
        judge_registration(answer, 14, "win1")
    else:
        judge = judge_installation(answer, host(), "log", 1, "win1") if name == "install" else judge_removal(answer, host(), 1, "win1")
        assert judge.found


ANSWERS: dict[str, t.Any] = {**{name: recorded(name) for name in KINDS}, "facts": HEALTHY}
EACH_FIELD = [(name, path) for name in sorted(PAYLOADS) for path in paths(ANSWERS[name])]


@pytest.mark.parametrize("value", [{}, None, "text", [], [{}], 7, True, -0.5], ids=repr)
def test_field_of_another_type_is_named_or_has_a_meaning(value: t.Any) -> None:
    refused = [path for name, path in EACH_FIELD if is_refused(name, path, value)]
    assert len(refused) > len(EACH_FIELD) / 3


def test_missing_field_is_named() -> None:
    answer = copy.deepcopy(HEALTHY)
    del answer["product"]["tenant_id"]
    with pytest.raises(RemoteError, match=r"answered with nothing for product\.tenant_id, where text was expected"):
        parse_answer(HostFacts, json.dumps(answer), "The step 'facts' on win1")


def test_host_that_was_not_asked_about_itself_leaves_that_part_out() -> None:
    left_out = ("endpoints", "clock_skew", "events", "events_problem", "connections")
    answer = {**{name: value for name, value in HEALTHY.items() if name not in left_out}, "platform": None}
    facts = parse_answer(HostFacts, json.dumps(answer), "It")
    assert (facts.endpoints, facts.clock_skew, facts.events, facts.events_problem, facts.connections) == ((), None, None, "", None)
