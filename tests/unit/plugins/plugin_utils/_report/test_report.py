# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a host, the report of a run, and its page."""

from __future__ import annotations

import copy
import datetime
import html.parser
import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._report.report import STATUSES, fleet_report, host_result, report_html
from host_facts import CONFIRMED, host
from report_hosts import EMPTY, HEALTHY, SKIPPED, UNREACHABLE, WIN1, verified, work

CHANGED = {"changed": True, "failed": False}
ALL_RAN = {"download": CHANGED, "install": CHANGED, "register": CHANGED}
NOW = datetime.datetime(2026, 11, 25, 20, 0, tzinfo=datetime.UTC)
HOSTILE = '<script>alert("1")</script>&\'\"><img src=x onerror=alert(2)>'


def test_compliant_host_is_done_after_one_look() -> None:
    result = host_result(work(HEALTHY, after=SKIPPED))
    assert (result["status"], result["failed"], result["changed"], result["phases"]) == ("compliant", False, False, [])
    assert result["after"] == result["before"]


def test_installed_host_shows_what_ran_and_both_looks() -> None:
    result = host_result(work(EMPTY, after=HEALTHY, phases=ALL_RAN))
    assert (result["status"], result["failed"], result["changed"]) == ("compliant", False, True)
    assert result["phases"] == ["download", "install", "register"]
    assert not result["before"]["compliant"] and result["after"]["compliant"]


def test_prediction_is_drift_but_no_failure() -> None:
    result = host_result(work(EMPTY, phases=ALL_RAN, check_mode=True))
    assert (result["status"], result["failed"]) == ("drift", False)
    assert result["message"].startswith("Would run: download, install, register.")


def test_host_that_is_still_not_as_wanted_fails() -> None:
    result = host_result(work(EMPTY, after=EMPTY, phases=ALL_RAN))
    assert (result["status"], result["failed"]) == ("drift", True)


def test_verification_alone_fails_in_check_mode_too() -> None:
    assert host_result(work(EMPTY, repairs=False, check_mode=True))["failed"]


@pytest.mark.parametrize(("fail_on", "failed"), [("fail", False), ("warn", True), ("never", False)])
def test_warning_fails_the_host_only_when_asked_for(fail_on: str, failed: bool) -> None:
    warned = verified(host(services__1__present=False), CONFIRMED)
    assert host_result(work(warned, fail_on=fail_on))["failed"] is failed


@pytest.mark.parametrize("place", ["before", "after", "install"])
def test_lost_host_is_unreachable_whenever_it_was_lost(place: str) -> None:
    lost = {
        "before": work(UNREACHABLE, fail_on="never"),
        "after": work(EMPTY, after=UNREACHABLE, phases=ALL_RAN),
        "install": work(EMPTY, after=SKIPPED, phases={**ALL_RAN, "install": UNREACHABLE, "register": SKIPPED}),
    }
    result = host_result(lost[place])
    assert (result["status"], result["failed"]) == ("unreachable", True)
    assert "connection refused" in result["message"]


def test_failure_names_its_phase() -> None:
    failure = {"action": "entra_ops.cloud_sync.agent_download", "message": "The package was refused."}
    result = host_result(work(EMPTY, phases={"download": {"failed": True}, "install": {}, "register": {}}, failure=failure))
    assert (result["status"], result["failed"], result["failed_phase"]) == ("failed", True, "download")
    assert result["message"] == "The package was refused."


def test_failure_before_the_host_was_read_has_no_reading() -> None:
    result = host_result(work({}, failure={"action": "entra_ops.cloud_sync.agent_options", "message": "No."}))
    assert result["before"] is result["after"] is None
    assert result["failed_phase"] == "preflight"
    assert report_of({"win1": result})["hosts"][0]["to_do"] == ["No."]


def report_of(results: dict[str, t.Any], **options: t.Any) -> t.Any:
    found = {name: result for name, result in results.items() if result}
    return fleet_report(list(results), found, **{"check_mode": False, "now": NOW, **options})


@pytest.mark.parametrize(
    ("install", "reboot", "waits"),
    [
        ({"reboot_required": True}, {}, True),
        ({"reboot_required": True}, {"skipped": True}, True),
        ({"reboot_required": True}, {"rebooted": True}, False),
        ({"reboot_required": False}, {}, False),
    ],
)
def test_restart_that_is_still_to_come_is_reported(install: dict[str, t.Any], reboot: dict[str, t.Any], waits: bool) -> None:
    result = host_result(work(EMPTY, after=HEALTHY, phases={**ALL_RAN, "install": install, "reboot": reboot}))
    (row,) = report_of({"win1": result})["hosts"]
    assert row["reboot_required"] is waits
    assert any("Restart the host" in sentence for sentence in row["to_do"]) is waits


def test_host_that_cannot_hold_the_agent_fails_before_the_phases() -> None:
    blocked = {**EMPTY, "blockers": ["dotnet"]}
    failure = {"action": "ansible.builtin.fail", "message": "dotnet: none instead of 4.7.1."}
    for check_mode in (True, False):
        result = host_result(work(blocked, failure=failure, check_mode=check_mode))
        assert (result["status"], result["failed_phase"], result["changed"]) == ("failed", "preflight", False)
        (row,) = report_of({"win1": result})["hosts"]
        assert (row["blockers"], row["to_do"]) == (["dotnet"], [failure["message"]])


def test_restart_that_fails_is_a_phase() -> None:
    failure = {"action": "ansible.windows.win_reboot", "message": "Timed out."}
    assert host_result(work(EMPTY, phases=ALL_RAN, failure=failure))["failed_phase"] == "reboot"


def test_words_of_a_restart_are_plain_in_result_and_report() -> None:
    failure = {"action": "ansible.windows.win_reboot", "message": "no\x1b[31m restart \ud800"}
    result = host_result(work(EMPTY, failure=failure))
    assert result["message"] == "no restart \ufffd"
    rows = fleet_report(["win1"], {"win1": {**result, "message": "\x9b2Jkept\x07"}}, check_mode=False)["hosts"]
    assert rows[0]["message"] == "kept"


def test_upgrade_that_is_only_predicted_is_drift() -> None:
    result = host_result(work(HEALTHY, phases={"download": {"changed": True}, "install": {"changed": True}}, check_mode=True))
    assert (result["status"], result["failed"]) == ("drift", False)
    assert "Would run: download, install" in result["message"]


@pytest.mark.parametrize(
    ("removal", "check_mode", "status", "failed"),
    [
        ({"changed": True, "msg": "Removed.", "remains": ["The account stays."]}, False, "compliant", False),
        ({"changed": True, "msg": "It would be removed."}, True, "drift", False),
        ({"changed": False, "msg": "It is not there."}, True, "compliant", False),
        ({"changed": True, "failed": True, "msg": "No."}, False, "failed", True),
        ({"unreachable": True, "msg": "Lost."}, False, "unreachable", True),
    ],
)
def test_removal_has_a_result(removal: dict[str, t.Any], check_mode: bool, status: str, failed: bool) -> None:
    result = host_result({**WIN1, "removal": removal, "check_mode": check_mode})
    assert (result["status"], result["failed"], result["message"]) == (status, failed, removal["msg"])
    (row,) = report_of({"win1": result})["hosts"]
    assert row["version"] is None
    assert report_html(report_of({"win1": result}))
    if "remains" in removal:
        assert row["to_do"] == removal["remains"]


def test_report_counts_every_host_and_puts_the_worst_first() -> None:
    failure = {"action": "entra_ops.cloud_sync.agent_install", "message": "Exit code 1603."}
    report = report_of(
        {
            "good": host_result(work(EMPTY, after=HEALTHY, phases=ALL_RAN)),
            "drifted": host_result(work(EMPTY, repairs=False)),
            "lost": host_result(work(UNREACHABLE)),
            "broken": host_result(work(EMPTY, failure=failure)),
            "later": None,
        }
    )
    assert [row["host"] for row in report["hosts"]] == ["broken", "lost", "drifted", "later", "good"]
    assert report["counts"] == {"hosts": 5, "changed": 1, **dict.fromkeys(STATUSES, 1)}
    assert (report["schema_version"], report["generated"]) == (1, "2026-11-25T20:00:00Z")
    assert all(set(row) == set(report["hosts"][0]) for row in report["hosts"])
    assert json.loads(json.dumps(report)) == report


def test_hosts_with_one_certificate_are_named_with_each_other() -> None:
    results = {name: host_result({**work(HEALTHY), "host": name}) for name in ("sync1", "copy")}
    other = {"after": {**results["copy"]["after"], "agent": {**results["copy"]["after"]["agent"], "agent_id": "another"}}}
    report = fleet_report(["sync1", "copy", "sync3"], {**results, "sync3": {**results["copy"], **other}}, check_mode=False)
    rows = {row["host"]: row for row in report["hosts"]}
    assert {name: row["status"] for name, row in rows.items()} == {"sync1": "drift", "copy": "drift", "sync3": "compliant"}
    assert "also that of copy" in rows["sync1"]["to_do"][0]
    assert "also that of sync1" in rows["copy"]["message"]
    assert report["counts"]["drift"] == 2


def test_report_says_what_to_do_once() -> None:
    stopped = verified(host(services__0__state="stopped"), {**CONFIRMED, "status": "inactive"})
    (row,) = report_of({"win1": host_result(work(stopped, repairs=False))})["hosts"]
    assert row["to_do"] == ["Start the service AADConnectProvisioningAgent (site.yml does it)."]
    assert row["drift"] == ["install"]


def test_report_tells_which_domains_are_synchronised() -> None:
    verified_host = copy.deepcopy(HEALTHY)
    verified_host["agent"]["synchronization"][0].update(status="quarantine", next_attempt="2026-11-25T14:00:00Z")
    report = report_of({"win1": host_result(work(verified_host, after=SKIPPED)), "win2": host_result(work(EMPTY, repairs=False))})
    rows = {row["host"]: row["synchronization"] for row in report["hosts"]}
    assert rows == {
        "win1": [{"domain": "contoso.lab", "status": "quarantine", "reason": "", "next_attempt": "2026-11-25T14:00:00Z"}],
        "win2": [],
    }
    assert "contoso.lab: quarantine, next attempt 2026-11-25T14:00:00Z" in report_html(report)


def test_page_escapes_what_comes_from_hosts() -> None:
    hostile = host(host__fqdn=HOSTILE, product__install_dir=HOSTILE, services__0__state=HOSTILE, services__0__account=HOSTILE)
    cloud = {**CONFIRMED, "status": "inactive", "reason": HOSTILE}
    result = {**host_result(work(verified(hostile, cloud), repairs=False)), "message": HOSTILE}
    page = report_html(report_of({HOSTILE: result}))
    reader = Tags()
    reader.feed(page)
    assert not reader.tags & {"script", "img"}
    assert HOSTILE in reader.text
    assert not any(name.startswith("on") for name in reader.attributes)


def test_page_needs_nothing_beside_it() -> None:
    reader = Tags()
    reader.feed(report_html(report_of({"win1": host_result(work(HEALTHY))})))
    assert not reader.attributes & {"src", "srcset"}
    assert not reader.tags & {"script", "link", "iframe", "object"}


@pytest.mark.parametrize("check_mode", [True, False])
def test_page_tells_a_prediction_from_a_run(check_mode: bool) -> None:
    page = report_html(report_of({"win1": host_result(work(EMPTY, phases=ALL_RAN, check_mode=True))}, check_mode=check_mode))
    assert ("Prediction." in page) is check_mode


def test_page_of_no_hosts() -> None:
    assert "The run was about no hosts." in report_html(report_of({}))


class Tags(html.parser.HTMLParser):
    """Collects the elements, the names of the attributes and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data
