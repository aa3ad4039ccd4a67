# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parser on input that nobody has thought of: it is read, or refused by one of the collection's own sentences, and never a traceback.

Hypothesis makes the input, the same in each run, and a fixed number of examples for each parser. What it starts from is what a host or
Microsoft's side has answered in the lab, with one to three of its parts replaced by something else.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import json
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_verify import described_agent, described_assessment, verdict_message
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.answers import InstallAnswer, RegisterAnswer, RemoveAnswer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.settings import (
    SETTINGS,
    settings_in_force,
    settings_predicted,
    settings_to_change,
    wanted_settings,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import assess
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import CloudAnswers
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.graph import GraphClient
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.records import Listing, find_record
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.synchronization import synchronization
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import AgentError, ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.parsing import parse_answer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.redaction import redact
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.version import is_older, parse_version
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import (
    MODULES,
    input_errors,
    needed_variables,
    read_variables,
    role_options,
    role_values,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.texts import read_texts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.facts import PackageFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._report.report import fleet_report, host_result, report_html
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token, expiry, is_out_of_time, read_token
from cloudlab import paths
from host_facts import AGENT_ID, TENANT
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from recorded_host import recorded
from report_hosts import EXPECT, WIN1

set_hypothesis_home_dir(paths.BUILD / "hypothesis")

#: What stands where something else is expected: every kind that JSON knows, with the edges of numbers and texts.
VALUES: st.SearchStrategy[t.Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", " ", "0", "-1", "9" * 5000, "\ud800", "\x00\x1b[31m", "{{ 1 }}", "1.1.2334.0", "2026-11-25T20:00:00Z"])
    | st.sampled_from([2**63, -(2**63)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)

#: Without a search for the shortest input, which takes minutes where many fail.
PHASES = (Phase.explicit, Phase.generate)
fixed = settings(max_examples=100, derandomize=True, deadline=None, database=None, phases=PHASES)


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """Return the path of every part of a value."""
    yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*path, key))


def damaged(value: t.Any) -> st.SearchStrategy[t.Any]:
    """Return a value of which up to three parts are something else, or gone."""
    everywhere = list(places(value))[1:]
    changes = st.lists(st.tuples(st.sampled_from(everywhere), st.none() | st.tuples(VALUES)), min_size=1, max_size=3)
    return changes.map(lambda chosen: changed(value, chosen))


def changed(value: t.Any, chosen: list[tuple[tuple[t.Any, ...], tuple[t.Any] | None]]) -> t.Any:
    """Return a copy with parts replaced, or taken away where there is nothing to replace them by."""
    whole = copy.deepcopy(value)
    for path, new in chosen:
        *way, last = path
        # An earlier change may have taken the place away.
        with contextlib.suppress(KeyError, IndexError, TypeError):
            parent = whole
            for key in way:
                parent = parent[key]
            if new is None:
                del parent[last]
            elif parent[last] is not parent:
                parent[last] = new[0]
    return whole


FACTS = [recorded(name) for name in ("facts", "facts_empty", "facts_installed")]
ANSWERS = [(HostFacts, "facts"), (InstallAnswer, "install"), (RemoveAnswer, "remove"), (RegisterAnswer, "register")]


@pytest.mark.parametrize(("kind", "name"), ANSWERS, ids=lambda value: value if isinstance(value, str) else "")
def test_answer_of_a_payload_fits_or_is_refused(kind: type[t.Any], name: str) -> None:
    @fixed
    @given(damaged(recorded(name)) | VALUES)
    def check(answer: t.Any) -> None:
        with contextlib.suppress(AgentError):
            assert isinstance(parse_answer(kind, json.dumps(answer), "The step 'x' on win1"), kind)

    check()


@fixed
@given(st.text() | st.just("[" * 100_000) | VALUES)
def test_answer_that_is_no_json_is_refused(text: t.Any) -> None:
    with contextlib.suppress(AgentError):
        parse_answer(PackageFacts, text, "The step 'x' on win1")


@fixed
@given(st.sampled_from(FACTS).flatmap(damaged))
def test_facts_that_fit_are_judged_and_reported(answer: t.Any) -> None:
    """Rows of Add or Remove Programs, certificates, the agent's configuration, domains, events, endpoints: all come as facts."""
    try:
        facts = parse_answer(HostFacts, json.dumps(answer), "The step 'facts' on win1")
    except AgentError:
        return
    answers = CloudAnswers(None)
    assessment = assess(facts, EXPECT, answers)
    result = {"changed": False, "agent": described_agent(facts, answers), **described_assessment(assessment)}
    result["msg"] = verdict_message(assessment.checks, facts)
    work = {"before": result, "after": {}, "phases": {}, "failure": {}, "fail_on": "fail", "check_mode": False, "repairs": True}
    report = fleet_report(["win1"], {"win1": host_result({**WIN1, **work})}, check_mode=False)
    assert report_html(report).startswith("<!DOCTYPE html>")


@fixed
@given(st.sampled_from(FACTS).flatmap(damaged))
def test_settings_of_facts_that_fit_are_compared(answer: t.Any) -> None:
    try:
        facts = parse_answer(HostFacts, json.dumps(answer), "The step 'facts' on win1")
    except AgentError:
        return
    proxy = {"state": "present", "url": "http://proxy:8080", "bypass_on_local": True, "use_default_credentials": True, "bypass_list": []}
    wanted = wanted_settings({"proxy": proxy, "user_password_length": 200, "enforce_fips_policy": False})
    assert isinstance(settings_in_force(facts), dict)
    assert set(settings_to_change(facts, wanted)) <= set(SETTINGS)
    assert settings_predicted(facts, wanted)["user_password_length"] == 200


@fixed
@given(st.text(), st.text())
@example("1." + "9" * 5000, "1.1")
@example("1.1.1.1.1", "٣.٤")
@example(" 1.1\n", "1.1.0.0")
def test_version_is_compared_or_refused(one: str, other: str) -> None:
    with contextlib.suppress(ConfigurationError):
        assert len(parse_version(one)) == 4
        assert not (is_older(one, other) and is_older(other, one))


@fixed
@given(*[st.lists(st.integers(0, 10**9 - 1), min_size=2, max_size=4)] * 2)
def test_versions_are_compared_by_their_numbers(one: list[int], other: list[int]) -> None:
    texts = [".".join(map(str, version)) for version in (one, other)]
    whole = [version + [0] * (4 - len(version)) for version in (one, other)]
    assert is_older(*texts) == (whole[0] < whole[1])


CLAIMS: dict[str, t.Any] = {
    "aud": "https://graph.microsoft.com",
    "exp": 2**33,
    "nbf": 0,
    "scp": "user_impersonation",
    "tid": TENANT,
    "upn": "admin@contoso.lab",
    "idp": "",
    "wids": ["62e90394-69f5-4237-9190-012177145e10"],
}


def encoded(claims: t.Any) -> str:
    """Return a token with these claims."""
    return f"eyJ.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


@fixed
@given(st.text() | st.builds("a.{}.b".format, st.text()) | damaged(CLAIMS).map(encoded) | VALUES.map(encoded))
@example("a." + base64.b64encode(b"[" * 100_000).decode() + ".b")
@example(encoded({**CLAIMS, "exp": float("inf")}))
@example(encoded({**CLAIMS, "wids": 5}))
def test_token_is_read_or_refused(value: str) -> None:
    with contextlib.suppress(AgentError):
        token = read_token(value, TENANT, "https://graph.microsoft.com", roles=True, application=True, now=0)
        assert (type(token.expires_at), type(token.upn), token.tenant_id.lower()) == (int, str, TENANT)
    with contextlib.suppress(AgentError):
        assert isinstance(expiry(value), float)
    with contextlib.suppress(AgentError):
        assert is_out_of_time(value) in (True, False)


AGENT = {"id": AGENT_ID, "machineName": "sync1.contoso.lab", "status": "active", "agentGroups": [{"id": "g1"}]}
GROUP = {"id": "g1", "agents": [{"id": AGENT_ID}], "publishedResources": [{"resourceName": "contoso.lab"}]}
JOB = {
    "id": "AD2AADProvisioning.1",
    "schedule": {"state": "Active"},
    "status": {
        "code": "Quarantine",
        "quarantine": {"reason": "x", "currentBegan": "2026-11-25T20:00:00Z", "nextAttempt": None, "error": {"code": "c", "message": "m"}},
        "lastExecution": {"state": "Failed", "timeEnded": "2026-11-25T20:00:00Z", "error": {"code": "c", "message": "m"}},
        "progress": [],
    },
}
PRINCIPAL = {"id": "p1", "displayName": "contoso.lab"}


class Page:
    """A page of Graph's, as requests would give it."""

    status_code, headers, content = 200, t.cast(dict[str, str], {}), b""

    def __init__(self, body: t.Any) -> None:
        self.body = body

    def json(self) -> t.Any:
        return self.body


def listed(pages: dict[str, t.Any]) -> Listing:
    """Return what Graph's client makes of these answers, by the last part of their address."""
    client = GraphClient("https://graph.lab", Token("x", 0, "", TENANT), ca_path=None, timeout=1)
    client._session.get = lambda url: Page(pages[next(name for name in pages if name in url)])  # type: ignore[method-assign]
    try:
        return Listing(client.agents(), client.agent_groups(), 0.0, configurations=client.configurations())
    except AgentError as error:
        return Listing([], None, 0.0, problem=str(error))
    finally:
        client._session.close()


@fixed
@given(
    damaged(
        {
            "agents?": {"value": [AGENT, {**AGENT, "id": "a2", "status": "inactive"}]},
            "agentGroups?": {"value": [GROUP]},
            "jobs": {"value": [JOB]},
            "servicePrincipals?": {"value": [PRINCIPAL]},
        }
    ),
    st.sampled_from([AGENT_ID, None, "other"]),
)
@example({"agents?": {"value": [{"machineName": "sync1.contoso.lab"}]}}, AGENT_ID)
@example({"agents?": {"value": [5]}, "agentGroups?": {"value": [{"id": "g1", "publishedResources": [{}]}]}}, None)
@example({"agents?": {"value": [AGENT]}, "agentGroups?": {"value": []}, "servicePrincipals?": {"value": [{"displayName": "x"}]}}, None)
def test_pages_of_graph_are_read_or_refused(pages: dict[str, t.Any], agent_id: str | None) -> None:
    whole = {**dict.fromkeys(("agents?", "agentGroups?", "jobs", "servicePrincipals?")), **pages}
    listing = listed(whole)
    record = find_record(listing, agent_id, "sync1.contoso.lab")
    assert record["status"] in ("confirmed", "inactive", "absent", "unknown")
    states = synchronization(listing, ["contoso.lab"])
    facts = parse_answer(HostFacts, json.dumps(FACTS[0]), "The step 'facts' on win1")
    assert assess(facts, dataclasses.replace(EXPECT, cloud_required=True), CloudAnswers(record, states)).checks


SETTINGS_GIVEN = {
    "proxy": {"url": "http://proxy:8080", "bypass_list": ["a"], "bypass_on_local": True, "state": "present"},
    "enforce_fips_policy": False,
    "user_password_length": 200,
    "ldap_connection_timeout": "100",
    "reset": ["referral_chasing_options"],
}


@fixed
@given(damaged(SETTINGS_GIVEN))
@example({"proxy": {"url": None}})
@example({"proxy": [5]})
def test_settings_are_taken_or_refused(given_settings: dict[str, t.Any]) -> None:
    with contextlib.suppress(ConfigurationError):
        checked = ArgumentSpecValidator(SETTINGS).validate(read_texts(SETTINGS, given_settings))
        if not checked.error_messages:
            assert set(wanted_settings(checked.validated_parameters)) <= {"proxy", "enforce_fips_policy", "tunables"}


VARIABLES: dict[str, t.Any] = {
    "accept_eula": True,
    "cloud": "AzureCloud",
    "domains": [{"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "x", "preferred_domain_controllers": ["dc1"]}],
    "endpoints": ["login.lab:443"],
    "gmsa": {"name": "CONTOSO\\svc$"},
    "reboot": "true",
    "root_thumbprints": ["0" * 40],
    "settings": SETTINGS_GIVEN,
    "sign_in": {"method": "password", "username": "admin@contoso.lab", "password": "x"},
    "source": "host",
    "tenant_id": TENANT,
    "url": "https://mirror.lab/setup.exe",
    "proxy_url": "http://proxy:8080",
    "version": "1.1",
    "wait": 5,
}


@pytest.mark.parametrize("entry_point", sorted(MODULES))
def test_variables_of_the_role_are_taken_or_refused(entry_point: str) -> None:
    needed = set(needed_variables(entry_point))

    @fixed
    @given(damaged(VARIABLES) | damaged({name: json.dumps(value) for name, value in VARIABLES.items()}))
    def check(variables: dict[str, t.Any]) -> None:
        try:
            read = read_variables({name: value for name, value in variables.items() if name in needed})
        except ConfigurationError:
            return
        errors = input_errors(read, entry_point)
        assert all(isinstance(sentence, str) and sentence for sentence in errors)
        if not errors:
            assert role_options(read, entry_point)
            assert role_values(read, entry_point)

    check()


@fixed
@given(st.text(alphabet="pasword=:\"' &;Authorization Basc/+\n", max_size=2000))
def test_secrets_are_masked_in_any_text(text: str) -> None:
    assert redact(redact(text)) == redact(text)
