# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action agent_install on a fake host: what is run there for each wish, what is predicted, and how each end is reported."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_install
from fake_host import FakeHost
from host_facts import empty_data, host_data
from module_runs import run_module
from recorded_host import RecordedHost, recorded

PATH = r"C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe"
LOG = r"C:\ProgramData\entra_ops\cloud_sync\install.log"
PACKAGE: dict[str, t.Any] = {"path": PATH, "refusal": "", "present": True, "sha256": "ab", "version": "1.1.2505.0"}
SETTINGS = {"ldap_connection_timeout": 60000}
STARTED = {"services__0__state": "stopped"}


def installed(**changes: t.Any) -> dict[str, t.Any]:
    """Return what install.ps1 answers after all went well."""
    whole = {"busy": False, "exit_code": 0, "timed_out": False, "log_tail": "", "backup": None, "settings_error": "", "service_error": ""}
    return {**whole, "facts": host_data(product__version="1.1.2505.0"), **changes}


def removed(**changes: t.Any) -> dict[str, t.Any]:
    """Return what remove.ps1 answers after all went well."""
    whole = {"busy": False, "exit_code": 0, "timed_out": False, "restart": False, "log_path": LOG, "log_tail": "", "error": ""}
    whole |= {"problems": [], "left": []}
    return {**whole, "facts": empty_data(), **changes}


def run(
    facts: dict[str, t.Any], options: dict[str, t.Any], host: FakeHost | None = None, *, check_mode: bool = False
) -> tuple[dict[str, t.Any], FakeHost]:
    host = host or FakeHost()
    host.answer("facts", facts)
    result = host.run("agent_install", {"accept_eula": True, **options}, check_mode=check_mode)
    json.dumps(result)
    return result, host


def with_answer(name: str, answer: dict[str, t.Any], *, changed: bool = True) -> FakeHost:
    host = FakeHost()
    host.answer(name, answer, changed=changed)
    return host


def test_host_as_wanted_is_left_alone() -> None:
    result, host = run(host_data(package=PACKAGE), {})
    assert (result["changed"], result["failed"], host.names) == (False, False, ["facts"])
    assert result["msg"] == "The agent 1.1.2334.0 is installed and its services run."
    assert (result["version_before"], result["version_after"], len(result["services"])) == ("1.1.2334.0", "1.1.2334.0", 2)


@pytest.mark.parametrize(
    ("facts", "options", "arguments"),
    [
        ({**empty_data(), "package": PACKAGE}, {}, ["/install"]),
        (host_data(package=PACKAGE), {"state": "latest", "environment_name": "AzureCloud"}, ["/install", "ENVIRONMENTNAME=AzureCloud"]),
        (host_data(package={**PACKAGE, "version": "1.1.2334.0"}), {"state": "repaired"}, ["/repair"]),
    ],
)
def test_package_is_run_where_it_is_needed(facts: dict[str, t.Any], options: dict[str, t.Any], arguments: list[str]) -> None:
    result, host = run(facts, options, with_answer("install", installed()))
    assert host.names == ["facts", "install"]
    parameters = host.asked[1].parameters
    named = ("BundleArguments", "PackagePath", "Sha256", "LogPath")
    assert [parameters[name] for name in named] == [arguments, PATH, "ab", LOG]
    assert (result["changed"], result["failed"], result["exit_code"], result["exit_meaning"]) == (True, False, 0, "done")
    assert (result["version_after"], result["log"]["path"], result["msg"]) == (
        "1.1.2505.0",
        LOG,
        "The agent 1.1.2505.0 is installed and its services run.",
    )


@pytest.mark.parametrize(("facts", "options"), [(host_data(**STARTED), {}), (host_data(), {"settings": SETTINGS})])
def test_what_needs_no_package_is_done_without_one(facts: dict[str, t.Any], options: dict[str, t.Any]) -> None:
    result, host = run(facts, options, with_answer("install", installed(exit_code=None, facts=host_data(), backup="b")))
    assert "PackagePath" not in host.asked[1].parameters
    assert (result["failed"], result["exit_code"], result["log"]["path"], result["backup_file"]) == (False, None, None, "b")


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        ({**empty_data(), "package": PACKAGE}, {}, [f"the package {PATH} would be run"]),
        (host_data(**STARTED), {}, ["the agent's services would be started"]),
        (host_data(), {"settings": SETTINGS}, ["the settings ldap_connection_timeout would be changed"]),
        (
            host_data(package=PACKAGE, **STARTED),
            {"state": "latest", "settings": SETTINGS},
            [f"the package {PATH} would be run; the settings ldap_connection_timeout would be changed."],
        ),
    ],
)
def test_check_mode_tells_what_would_be_done(facts: dict[str, t.Any], options: dict[str, t.Any], words: list[str]) -> None:
    result, host = run(facts, options, check_mode=True)
    assert (result["changed"], result["failed"], host.names) == (True, False, ["facts"])
    assert all(word in result["msg"] for word in words)
    assert result["diff"]["before"] != result["diff"]["after"]
    assert result["diff"]["after"]["services"]["AADConnectProvisioningAgent"] == "running, auto"


def test_package_that_is_only_predicted_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_install, "is_fetch_predicted", lambda *_: True)
    missing = {**PACKAGE, "refusal": "missing", "present": False, "version": None, "sha256": None}
    result, _ = run({**empty_data(), "package": missing}, {"version": "1.1.2505.0"}, check_mode=True)
    assert (result["failed"], result["version_after"]) == (False, "1.1.2505.0")
    assert "would be run, once it is fetched" in result["msg"]


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        (host_data(installing=True), {}, "Another task is installing or removing the agent on win1"),
        ({**empty_data(), "package": {**PACKAGE, "refusal": "unsigned"}}, {}, "carries no signature"),
        (
            host_data(product__version="1.1.2600.0", product__module_present=False, package=PACKAGE),
            {},
            "older than the installed 1.1.2600.0: a downgrade is not possible",
        ),
        (
            host_data(product__configuration__well_formed=False, product__configuration__error="line 3"),
            {"settings": SETTINGS},
            "is no well-formed XML (line 3)",
        ),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_cannot_end_well_is_not_begun(facts: dict[str, t.Any], options: dict[str, t.Any], words: str, check_mode: bool) -> None:
    result, host = run(facts, options, check_mode=check_mode)
    assert (result["failed"], result["changed"], host.names) == (True, False, ["facts"])
    assert words in result["msg"]


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        ({"exit_code": 3010}, {"failed": False, "reboot_required": True}, "is installed"),
        ({"busy": True, "exit_code": None}, {"failed": True, "exit_code": None}, "Another task is installing"),
        ({"exit_code": None, "timed_out": True}, {"failed": True, "exit_code": None}, "did not end within 1800 seconds on win1"),
        ({"exit_code": 112}, {"failed": True, "exit_code": 112, "cause": "the disk is full"}, "most likely the disk is full"),
        ({"exit_code": 1602}, {"failed": True, "cause": None}, "was cancelled; look for somebody"),
        ({"settings_error": "denied"}, {"failed": True, "exit_code": 0}, "The settings could not be changed on win1: denied"),
        ({"service_error": "denied"}, {"failed": True, "exit_code": 0}, "A service of the agent does not run on win1: denied"),
        ({"facts": host_data(**STARTED)}, {"failed": True}, f"a service does not run: read {LOG} there"),
        ({"facts": host_data(product__module_present=False)}, {"failed": True}, "there is no PowerShell module"),
    ],
)
def test_end_of_an_installation_is_reported(answer: dict[str, t.Any], expected: dict[str, t.Any], words: str) -> None:
    result, _ = run({**empty_data(), "package": PACKAGE}, {}, with_answer("install", installed(**answer)))
    assert {name: result[name] for name in expected} == expected
    assert words in result["msg"]
    assert result["changed"] is True


def test_log_is_returned_without_secrets() -> None:
    answer = installed(exit_code=1603, log_tail="PASSWORD=canary")
    result, _ = run({**empty_data(), "package": PACKAGE}, {}, with_answer("install", answer))
    assert result["failed"] and "canary" not in json.dumps(result) and "PASSWORD" in result["log"]["tail"]


def test_agent_is_removed() -> None:
    updater = host_data()["services"][1]
    left = {**empty_data(), "other_agents": ["Health"], "services": [empty_data()["services"][0], updater]}
    result, host = run(host_data(other_agents=["Health"]), {"state": "absent"}, with_answer("remove", removed(facts=left)))
    assert host.asked[1].parameters["KeepShared"] is True
    assert (result["failed"], result["changed"], result["exit_code"]) == (False, True, 0)
    assert result["msg"].startswith("The agent is removed from win1. What stays: The agent's record in the cloud")
    assert len(result["remains"]) == 4


def test_host_without_an_agent_has_nothing_removed() -> None:
    result, host = run(empty_data(), {"state": "absent"})
    assert (result["changed"], host.names, result["msg"]) == (False, ["facts"], "The agent is not on win1.")


def test_removal_is_predicted() -> None:
    result, host = run(host_data(), {"state": "absent"}, check_mode=True)
    assert (result["changed"], result["version_after"], host.names) == (True, None, ["facts"])
    assert result["diff"]["after"] == {"version": None, "services": {}, "settings": {}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"busy": True}, "Another task is installing"),
        ({"exit_code": 1603, "error": "exit code"}, "failed on win1 with exit code 1603"),
        ({"exit_code": None, "timed_out": True, "error": "exit code"}, "did not end within"),
        ({"error": "The service hangs."}, "could not be removed from win1: The service hangs. Correct that"),
        ({"facts": host_data()}, "parts of the agent are still on win1"),
    ],
)
def test_end_of_a_removal_is_reported(answer: dict[str, t.Any], words: str) -> None:
    result, _ = run(host_data(), {"state": "absent"}, with_answer("remove", removed(**answer)))
    assert result["failed"] and words in result["msg"]


def test_package_that_takes_the_updater_of_another_agent_away_is_reported() -> None:
    answer = removed(facts={**empty_data(), "other_agents": ["Health"]})
    result, _ = run(host_data(other_agents=["Health"]), {"state": "absent"}, with_answer("remove", answer))
    assert "took the updater away from win1, which Health needs" in result["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accept_eula": False}, "licence terms are not accepted"),
        ({"path": "setup.exe"}, "give the full path on the host"),
        ({"timeout": 0}, "greater than 0"),
        ({"environment_name": "a b"}, "'environment_name' is 'a b'"),
        ({"sha256": "abc"}, "hexadecimal digits"),
    ],
)
def test_bad_input_is_refused_before_the_host_is_asked(options: dict[str, t.Any], words: str) -> None:
    result, host = run(host_data(), options)
    assert result["failed"] and words in result["msg"] and host.names == []


# ---- recorded hosts: where nothing is to be done, no second payload is run ----

ALL_SETTINGS: dict[str, t.Any] = {
    "proxy": {"url": "http://127.0.0.9:8080", "bypass_list": [r".*\.contoso\.lab"]},
    "enforce_fips_policy": False,
    "ldap_connection_timeout": 60000,
    "user_password_length": 200,
}


def install(facts: str, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run the module on a host with these facts, which answers one payload alone."""
    host = RecordedHost(recorded(facts))
    result = run_module("agent_install", {"accept_eula": True, **options}, host, check=check)
    assert host.left == []
    return result


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("facts", "options"),
    [
        ("facts_installed", {}),
        ("facts_installed", {"settings": ALL_SETTINGS}),
        ("facts_installed", {"state": "latest"}),
        ("facts_installed_older_package", {"version": "1.1.2334.0"}),
        ("facts_installed_older_package", {"state": "latest"}),
        ("facts_empty", {"state": "absent"}),
    ],
)
def test_host_that_is_as_wanted_is_left_alone(facts: str, options: dict[str, t.Any], check: bool) -> None:
    result = install(facts, check=check, **options)
    assert (result["changed"], result["failed"]) == (False, False), result["msg"]
    assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("check", [False, True])
def test_downgrade_is_refused(check: bool) -> None:
    result = install("facts_installed_older_package", check=check, state="repaired")
    assert (result["changed"], result["failed"]) == (False, True)
    assert "has version 1.1.2334.0, older than the installed 1.1.2505.0: a downgrade is not possible" in result["msg"]
