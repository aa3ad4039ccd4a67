# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What agent_verify says of an installed and registered agent under all that Microsoft's side may answer.

One host is looked at under one answer of Microsoft's after the other, without Ansible; the tests look at what each step returned.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from access_tokens import token

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab, Microsoft
    from conftest import DirectHosts, LabRun, RunPlaybook

Outcome = dict[str, t.Any]

LAB_HOSTS, LAB_STATE = 1, "registered"
HOST = "win1"
ROOT, CHILD = "contoso.lab", "emea.contoso.lab"
MACHINE = f"{HOST}.{ROOT}"
AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"
PRINCIPALS = "/graph/beta/servicePrincipals"
JOBS = f"{PRINCIPALS}/*/synchronization/jobs"
BEGAN, NEXT = "2026-11-24T08:00:00Z", "2026-11-25T14:00:00Z"
CREDENTIAL = "AzureActiveDirectoryInvalidCredential"


Arrangement = Callable[["Microsoft"], object]


class Step(t.NamedTuple):
    """What is done to Microsoft's side, and what agent_verify is given then."""

    name: str
    arrange: Arrangement
    options: dict[str, t.Any] | None = None
    domains: tuple[str, ...] = ()
    has_token: bool = False


def page_by_page(microsoft: Microsoft) -> None:
    """Put one item on a page, and leave two older records of the host behind."""
    microsoft.page_size(1)
    microsoft.leave_record(MACHINE)
    microsoft.leave_record(MACHINE)


def passing_trouble(microsoft: Microsoft) -> None:
    """Let one domain be disabled and the other in quarantine, and let the first question of each kind fail."""
    microsoft.configure(CHILD, "disabled")
    since = {"since": BEGAN, "next_attempt": NEXT, "count": 3, "message": "The account is in trouble."}
    microsoft.configure(ROOT, "quarantine", reason="EncounteredQuarantineException", code=CREDENTIAL, **since)
    microsoft.fault(AGENTS, status=503)
    microsoft.fault(PRINCIPALS, status=429, retry_after=1)


def refuse_jobs(microsoft: Microsoft) -> None:
    """Give up one domain after four weeks in quarantine, and refuse the jobs of the other."""
    microsoft.configure(CHILD, "quarantine", reason="TooManyDeletes", expired=True)
    microsoft.fault(JOBS, status=403)


def refuse(microsoft: Microsoft) -> None:
    """Refuse agents and configurations."""
    microsoft.fault(AGENTS, status=403)
    microsoft.fault(PRINCIPALS, status=403)


def hold(microsoft: Microsoft) -> None:
    """Leave each question for agents without an answer."""
    microsoft.fault(AGENTS, hold=True, times=5)


def reject_token(microsoft: Microsoft) -> None:
    """Reject the token of the first question, and be well otherwise."""
    microsoft.clear_faults()
    microsoft.configure(ROOT, "active")
    microsoft.fault(AGENTS, status=401)


STEPS = [
    Step("registered anew", page_by_page, domains=(ROOT, CHILD)),
    Step("passing trouble", passing_trouble, domains=(ROOT, CHILD)),
    Step("one domain's jobs refused", refuse_jobs, domains=(ROOT, CHILD)),
    Step("not permitted", refuse, domains=(ROOT,)),
    Step("not permitted, required", refuse, {"cloud_check": "required", "sync_check": "required"}, (ROOT,)),
    Step("time-out", hold, {"sync_check": "off", "request_timeout": 2}, (ROOT,), has_token=True),
    Step("token rejected", reject_token),
    Step("off", lambda _: None, {"cloud_check": "off"}),
]


@pytest.fixture(scope="module")
def agent(ansible_playbook: RunPlaybook) -> LabRun:
    """A look of the whole role at an agent that is registered."""
    return ansible_playbook("site.yml", "--limit", HOST)


@pytest.fixture(scope="module")
def story(lab: Lab, agent: LabRun, direct_host: DirectHosts) -> dict[str, Outcome]:
    """The outcome of each step: what agent_verify returned, and what Microsoft's side was asked."""
    host, outcomes = direct_host(HOST), {}
    known = host.known("ca_path", "cloud", "tenant_id")
    for number, step in enumerate(STEPS):
        step.arrange(lab.microsoft)
        lab.microsoft.reset_counters()
        sign_in = ready_made(lab) if step.has_token else by_password(lab, number)
        expect = {"domains": list(step.domains)} if step.domains else {}
        verified = host.run("agent_verify", {**known, "expect": expect, "fail_on": "never", "sign_in": sign_in, **(step.options or {})})
        outcomes[step.name] = {"verified": verified, "counts": lab.microsoft.state()["counts"]}
    return outcomes


def ready_made(lab: Lab) -> dict[str, str]:
    """Return a sign-in that asks nobody, so that a short limit counts for the question alone that has no answer."""
    claims = {"aud": f"{lab.microsoft.url}/graph", "tid": lab.data["microsoft"]["tenant"]["id"], "exp": 4_000_000_000}
    return {"method": "access_token", "graph_access_token": token(**claims)}


def by_password(lab: Lab, number: int) -> dict[str, str]:
    """Return a sign-in of the lab's user, which no other number has.

    To the run's memory another spelling is another sign-in, so no step is answered with what an earlier one was.
    """
    user = lab.data["microsoft"]["user"]
    return {"method": "password", "username": spelling(user["upn"], number), "password": user["password"]}


def spelling(name: str, number: int) -> str:
    """Return a spelling of a user's name that no other number has."""
    letters = [place for place, letter in enumerate(name) if letter.isalpha()]
    chosen = {place for bit, place in enumerate(letters) if number >> bit & 1}
    return "".join(letter.upper() if place in chosen else letter for place, letter in enumerate(name))


def checks(outcome: Outcome) -> dict[str, dict[str, t.Any]]:
    """Return the checks of the cloud's side by their names."""
    return {check["name"]: check for check in outcome["verified"]["checks"] if check["name"].startswith(("cloud", "synchronization"))}


def statuses(outcome: Outcome) -> dict[str, str]:
    return {name: check["status"] for name, check in checks(outcome).items()}


def asked(outcome: Outcome, route: str) -> int:
    """Return how often a route was asked."""
    return int(outcome["counts"]["requests"].get(f"GET {route}", 0))


def test_site_leaves_an_active_agent_whose_domain_is_synchronised(agent: LabRun, lab: Lab) -> None:
    assert agent.returncode == 0, agent.tail
    assert agent.rows[HOST]["status"] == "compliant"
    found = {check["name"]: check["status"] for check in agent.rows[HOST]["checks"]}
    assert (found["cloud"], found["cloud_records"], found[f"synchronization {ROOT}"]) == ("pass", "pass", "pass")
    assert lab.microsoft.state()["overlapping_registrations"] == []


def test_all_pages_are_read_and_older_records_named(story: dict[str, Outcome]) -> None:
    outcome = story["registered anew"]
    record = outcome["verified"]["agent"]["cloud"]
    assert (record["status"], record["matched_by"], record["machine_name"]) == ("confirmed", "agent_id", MACHINE)
    assert len(record["stale"]) == 2
    assert outcome["counts"]["graph_listings"] == 3
    assert checks(outcome)["cloud_records"]["actual"] == ", ".join(record["stale"])
    assert "ten days" in checks(outcome)["cloud_records"]["remedy"]


def test_domain_without_configuration_is_a_warning_with_what_to_do(story: dict[str, Outcome]) -> None:
    outcome = story["registered anew"]
    expected = {"cloud": "pass", "cloud_records": "warn", f"synchronization {ROOT}": "pass", f"synchronization {CHILD}": "warn"}
    assert statuses(outcome) == expected
    states = outcome["verified"]["agent"]["synchronization"]
    assert [(state["domain"], state["status"], len(state["jobs"])) for state in states] == [(ROOT, "active", 2), (CHILD, "none", 0)]
    assert "make a configuration" in checks(outcome)[f"synchronization {CHILD}"]["remedy"]


def test_throttling_and_passing_trouble_are_sat_out(story: dict[str, Outcome]) -> None:
    outcome = story["passing trouble"]
    assert checks(outcome)["cloud"]["status"] == "pass"
    # Three agents and two configurations, one on a page, and one question more for each that went wrong.
    assert (asked(outcome, AGENTS), asked(outcome, PRINCIPALS)) == (4, 3)


def test_quarantine_is_a_failure_with_reason_since_when_and_next_attempt(story: dict[str, Outcome]) -> None:
    outcome = story["passing trouble"]
    check = checks(outcome)[f"synchronization {ROOT}"]
    assert (check["status"], check["repaired_by"]) == ("fail", [])
    for part in ("EncounteredQuarantineException", BEGAN, NEXT, CREDENTIAL):
        assert part in check["actual"]
    assert "registered at the same time" in check["remedy"]
    state = outcome["verified"]["agent"]["synchronization"][0]
    assert (state["next_attempt"], state["jobs"][0]["quarantine"]["count"]) == (NEXT, 3)
    assert checks(outcome)[f"synchronization {CHILD}"]["status"] == "warn"
    assert "enable its configuration" in checks(outcome)[f"synchronization {CHILD}"]["remedy"]


def test_refusal_for_one_domain_leaves_the_other_right(story: dict[str, Outcome]) -> None:
    outcome = story["one domain's jobs refused"]
    refused, given_up = (checks(outcome)[f"synchronization {domain}"] for domain in (ROOT, CHILD))
    assert (refused["status"], given_up["status"]) == ("unknown", "fail")
    assert "not permitted to read synchronization jobs" in refused["actual"]
    assert "four weeks" in given_up["actual"]
    assert "StagedDelete" in given_up["remedy"]


@pytest.mark.parametrize(("step", "status"), [("not permitted", "unknown"), ("not permitted, required", "fail")])
def test_refusal_is_no_verdict_unless_one_is_required(story: dict[str, Outcome], step: str, status: str) -> None:
    outcome = story[step]
    assert statuses(outcome) == {"cloud": status, f"synchronization {ROOT}": status}
    assert "not permitted" in checks(outcome)["cloud"]["actual"]
    assert outcome["verified"]["compliant"] == (status == "unknown")
    # The agent's own module names the domains where the cloud does not.
    assert outcome["verified"]["agent"]["domains"] == [ROOT]


def test_time_out_is_named_and_what_is_off_is_not_asked(story: dict[str, Outcome]) -> None:
    outcome = story["time-out"]
    assert statuses(outcome) == {"cloud": "unknown"}
    assert "did not answer within 2 seconds" in checks(outcome)["cloud"]["actual"]
    assert outcome["verified"]["agent"]["synchronization"] is None
    assert outcome["counts"]["configuration_listings"] == 0


def test_rejected_token_is_renewed_once(story: dict[str, Outcome]) -> None:
    outcome = story["token rejected"]
    assert checks(outcome)["cloud"]["status"] == "pass"
    assert asked(outcome, AGENTS) == 4
    # The rejected one, and the one in its place.
    assert outcome["counts"]["tokens_issued"] == 2


def test_domains_are_the_agent_s_own_where_none_are_expected(story: dict[str, Outcome]) -> None:
    assert statuses(story["token rejected"])[f"synchronization {ROOT}"] == "pass"
    assert f"synchronization {CHILD}" not in statuses(story["token rejected"])


def test_nobody_is_asked_when_all_is_off(story: dict[str, Outcome]) -> None:
    outcome = story["off"]
    assert statuses(outcome) == {}
    assert (outcome["verified"]["agent"]["cloud"], outcome["verified"]["agent"]["synchronization"]) == (None, None)
    # The agent itself says all the while that it runs, and the host tries whether it reaches Microsoft's side.
    assert set(outcome["counts"]["requests"]) <= {"POST /agents/<agent_id>/heartbeat", "HEAD (none)"}


@pytest.mark.usefixtures("story")
def test_cloud_is_asked_once_for_all_hosts_and_forks(lab: Lab, ansible_playbook: RunPlaybook, tmp_path: Path) -> None:
    address = next(host["address"] for host in lab.data["hosts"] if host["name"] == HOST)
    names = [f"alias{number}" for number in range(3)]
    fleet = {"fleet": {"hosts": {name: {"ansible_host": address} for name in names}}}
    aliases = {"agents": {"children": fleet}}
    (tmp_path / "fleet.yml").write_text(yaml.safe_dump(aliases), encoding="utf-8")
    lab.microsoft.page_size(100)
    lab.microsoft.clear_faults()
    lab.microsoft.reset_counters()
    seen = ansible_playbook("verify.yml", "-i", str(tmp_path / "fleet.yml"), "--forks", "3", extra_vars={"target_hosts": "fleet"})
    assert sorted(seen.rows) == names
    assert {row["cloud"]["status"] for row in seen.rows.values()} == {"confirmed"}
    counts = lab.microsoft.state()["counts"]
    assert (counts["graph_listings"], counts["configuration_listings"], counts["tokens_issued"]) == (1, 1, 1)
