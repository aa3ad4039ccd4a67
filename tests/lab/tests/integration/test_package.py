# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's packages behave as the agent's bundle does: install, upgrade, refuse, roll back, uninstall.

One run of package.yml; the tests look at what it wrote down. Not here: registration and the agent's reports to
Microsoft's side, which the tests of the playbooks go through. What Wine lacks: services run as the one user of the host
whatever account they are given, and there is no Windows Installer underneath the bundle.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from cloudlab.testing.ansible_runs import run_playbook

LAB_HOSTS = 1
AGENT, UPDATER = "AADConnectProvisioningAgent", "AzureADConnectAgentUpdater"
Outcome = dict[str, t.Any]


@pytest.fixture(scope="module")
def outcome(lab: t.Any, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What package.ps1 saw on the last host."""
    results = tmp_path_factory.mktemp("package") / "results.json"
    values = {"host": lab.hosts[-1], "results": str(results)}
    playbook = Path(__file__).with_name("package.yml")
    run = run_playbook(str(playbook), inventory=lab.inventory, extra_vars=values)
    assert run.returncode == 0, run.tail
    return dict(json.loads(results.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("name", "status", "subject"),
    [
        ("release-1.1.2334.0", "Valid", "CN=Cloud Sync Lab Publisher, O=Cloud Sync Lab, C=US"),
        ("other-publisher", "Valid", "CN=Other Lab Publisher, O=Other Lab, C=US"),
        ("unsigned", "NotSigned", ""),
        ("tampered", "HashMismatch", ""),
        # Wine's WinVerifyTrust looks neither at the end of a certificate nor at a time stamp.
        ("expired", "Valid", "CN=Cloud Sync Lab Publisher, O=Cloud Sync Lab, C=US"),
        ("expired-stamped", "Valid", "CN=Cloud Sync Lab Publisher, O=Cloud Sync Lab, C=US"),
    ],
)
def test_signature_reads_as_on_windows(outcome: Outcome, name: str, status: str, subject: str) -> None:
    signature = outcome["signatures"][name]
    # .NET quotes a name's part at will.
    assert (signature["status"], signature["subject"].replace('"', "")) == (status, subject)


def test_version_resource_names_the_package(outcome: Outcome) -> None:
    product = "Microsoft Azure AD Connect Provisioning Agent Package"
    assert outcome["package"] == {
        "product": product,
        "file": "AADConnectProvisioningAgentSetup.exe",
        "version": "1.1.2505.0",
    }


def test_arguments_are_checked(outcome: Outcome) -> None:
    assert (outcome["bad_argument"], outcome["with_window"]) == (f"{87:x}", f"{1459:x}")


def test_failure_is_rolled_back(outcome: Outcome) -> None:
    assert_nothing(outcome["steps"]["failed"], f"{1603:x}")


def test_install_leaves_running_services_and_rows(outcome: Outcome) -> None:
    step = outcome["steps"]["installed"]
    assert (step["exit_code"], step["version"]) == ("0", "1.1.2334.0")
    assert step["services"] == {
        AGENT: {"state": "Running", "account": rf"NT SERVICE\{AGENT}"},
        UPDATER: {"state": "Running", "account": "LocalSystem"},
    }
    assert {row["name"] for row in step["products"]} == {
        "Microsoft Azure AD Connect Provisioning Agent",
        "Microsoft Azure AD Connect Agent Updater",
    }
    assert [row["name"] for row in step["bundles"]] == ["Microsoft Entra Provisioning Agent Package"]
    assert "i001: Burn v3.14.0.1316" in step["log"]
    assert "Exit code: 0x0" in step["log"]


def test_module_wants_a_sign_in_first(outcome: Outcome) -> None:
    message, *cmdlets = outcome["module"]
    assert "Connect-AADCloudSyncAzureAD" in message
    assert {"Add-AADCloudSyncADDomain", "Add-AADCloudSyncGMSA", "Connect-AADCloudSyncAzureAD"} <= set(cmdlets)


def test_upgrade_replaces_the_old_version_and_keeps_edits(outcome: Outcome) -> None:
    step = outcome["steps"]["upgraded"]
    assert (step["exit_code"], step["version"]) == (f"{3010:x}", "1.1.2505.0")
    assert {row["version"] for row in step["products"] + step["bundles"]} == {"1.1.2505.0"}
    assert len(step["bundles"]) == 1
    assert {service["state"] for service in step["services"].values()} == {"Running"}
    assert outcome["configuration_kept"]


@pytest.mark.parametrize(("name", "exit_code"), [("downgraded", "80070666"), ("busy", f"{1618:x}")])
def test_refusal_changes_nothing(outcome: Outcome, name: str, exit_code: str) -> None:
    step = outcome["steps"][name]
    assert (step["exit_code"], step["version"]) == (exit_code, "1.1.2505.0")
    assert {service["state"] for service in step["services"].values()} == {"Running"}


def test_wished_for_faults_happen(outcome: Outcome) -> None:
    assert_nothing(outcome["steps"]["found_busy"], f"{1618:x}")
    assert outcome["steps"]["oldest"]["exit_code"] == "0"
    assert "a line of the test" in outcome["steps"]["oldest"]["log"]


def test_upgrade_from_before_1365_resets_the_configuration(outcome: Outcome) -> None:
    assert outcome["steps"]["upgraded_oldest"]["version"] == "1.1.2505.0"
    assert outcome["configuration_reset"]


@pytest.mark.parametrize("name", ["repaired", "rows_put_back"])
def test_half_removed_product_is_put_back(outcome: Outcome, name: str) -> None:
    step = outcome["steps"][name]
    assert (step["exit_code"], step["version"]) == ("0", "1.1.2505.0")
    assert (len(step["products"]), len(step["bundles"])) == (2, 1)
    assert {service["state"] for service in step["services"].values()} == {"Running"}


def test_updater_is_left_to_other_agents(outcome: Outcome) -> None:
    step = outcome["steps"]["uninstalled_beside"]
    assert (outcome["other_agents"], outcome["other_services"]) == (["0", "0"], ["Running", "Running"])
    assert (step["exit_code"], step["version"], list(step["services"])) == ("0", None, [UPDATER])
    assert [row["name"] for row in step["products"]] == ["Microsoft Azure AD Connect Agent Updater"]


def test_windows_installer_removes_a_product(outcome: Outcome) -> None:
    assert (outcome["msiexec_unknown"], outcome["msiexec_bad"]) == (f"{1605:x}", f"{1639:x}")
    assert_nothing(outcome["steps"]["updater_removed"], "0")


def test_uninstall_leaves_nothing(outcome: Outcome) -> None:
    step = outcome["steps"]["uninstalled"]
    assert_nothing(step, "0")
    assert not step["cached"]


def assert_nothing(step: Outcome, exit_code: str) -> None:
    """The host has no trace of the product."""
    assert step["exit_code"] == exit_code
    assert (step["version"], step["services"], step["products"], step["bundles"]) == (None, {}, [], [])
    assert not step["settings"]
    assert not step["folder"]
