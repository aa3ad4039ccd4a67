# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_install on real packages: every state, upgrade and exit code, settings, removal, and broken connections.

Two stories, one host each, played at the same time without Ansible; the tests look at what each step returned. Both end with a host that
has nothing of the agent. After them an installation and a removal in playbooks lose their connections.
"""

from __future__ import annotations

import json
import shutil
import typing as t
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cloudlab.paths import PACKAGES
from cloudlab.testing.ansible_runs import ENVIRONMENTS, Run, run_playbook
from cloudlab.windows.prefix import Prefix
from installed_agent import AGENT, FOLDER, PACKAGE_CACHE, UPDATER, InstalledAgent
from running_task import LAB_KEY, HeldInstaller

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts
    from direct_host import DirectHost

Outcomes = dict[str, dict[str, t.Any]]

LAB_HOSTS = 2
OLDEST, OLD, NEW = "release-1.1.1107.0", "release-1.1.2334.0", "release-1.1.2505.0"
AGENT_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent"
VAULT = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\VaultSvc"
#: Agents of Microsoft's that share the updater, and the service of one of them.
OTHERS, OTHER_AGENT = ("pta-agent", "health-agent"), "AzureADConnectAuthenticationAgent"
#: What must not come out of an installer's log.
CANARIES = ("canary-one", "canary-two", "canary-three")
FAILURE = (
    "Verify that you have sufficient privileges to start system services. "
    f'PASSWORD="{CANARIES[0]}" http://user:{CANARIES[1]}@proxy -AccessToken {CANARIES[2]}'
)

SETTINGS: dict[str, t.Any] = {
    "proxy": {"url": "http://127.0.0.9:8080", "bypass_list": [r".*\.contoso\.lab"]},
    "enforce_fips_policy": False,
    "ldap_connection_timeout": 60000,
    "user_password_length": 200,
}
IN_FORCE = {
    **SETTINGS,
    "proxy": {**SETTINGS["proxy"], "bypass_on_local": True, "use_default_credentials": True},
}
#: What an administrator writes by hand: a trace and an application setting.
EDITS = '<system.diagnostics><trace autoflush="true" /></system.diagnostics><appSettings><add key="Mine" value="1" /></appSettings>'


def path(package: str) -> str:
    """Where a step's package lies on the host."""
    return rf"C:\packages\{package}.exe"


# ---- what is done to a host before a step ----


def faults(host: InstalledAgent, **values: int | str) -> None:
    """Set the bundle's faults to just these."""
    none: dict[str, int | str] = {"SetupExitCode": 0, "SetupBusyTimes": 0, "SetupLogText": "", "SetupHold": 0}
    host.prefix.import_registry({LAB_KEY: {**none, **values}})


def edit(host: InstalledAgent) -> None:
    """Write into the configuration by hand, and let the next upgrade ask for a restart."""
    faults(host, SetupExitCode=3010)
    text = host.configuration.read_text(encoding="utf-8")
    host.configuration.write_text(text.replace("</configuration>", f"{EDITS}</configuration>"), encoding="utf-8")


def occupy(host: InstalledAgent) -> str:
    """Let another installation be under way twice; returns the configuration."""
    faults(host, SetupBusyTimes=2)
    return host.configuration.read_text(encoding="utf-8")


def stop_all(host: InstalledAgent) -> int:
    """Stop the agent's services; returns how often the agent has started so far."""
    host.stop(AGENT, UPDATER)
    return host.starts()


def disable_vault(host: InstalledAgent) -> None:
    """Disable Credential Manager."""
    faults(host)
    host.prefix.import_registry({VAULT: {"Start": 4}})


def hold(host: InstalledAgent) -> None:
    """Let the installer wait in its middle, on a host that has what it needs."""
    faults(host, SetupHold=1)
    host.prefix.import_registry({VAULT: {"Start": 3}})


def take_files(host: InstalledAgent) -> None:
    """Take away the agent's program and its module."""
    host.stop(AGENT)
    for name in ("AADConnectProvisioningAgent.exe", "Microsoft.CloudSync.PowerShell.dll"):
        (host.folder / name).unlink()


def spoil(host: InstalledAgent) -> None:
    """Leave a configuration that is no XML, and the good one beside it."""
    host.configuration.rename(host.configuration.with_suffix(".good"))
    host.configuration.write_text("<configuration><runtime></configuration>", encoding="utf-8")


def repair(host: InstalledAgent) -> int:
    """Put the good configuration back; returns how often the agent has started so far."""
    host.configuration.with_suffix(".good").replace(host.configuration)
    return host.starts()


def take_cache(host: InstalledAgent) -> None:
    """Take away the bundle that the uninstallation needs, and leave a file of the administrator's in the agent's folder."""
    faults(host)
    shutil.rmtree(host.prefix.drive / PACKAGE_CACHE)
    (host.folder / "mine.txt").write_text("x", encoding="utf-8")


def leave_over(host: InstalledAgent) -> None:
    """Leave a service, a folder and a registry key that no row under Programs and Features belongs to."""
    host.folder.mkdir()
    shutil.copy(PACKAGES / f"{NEW}.exe", host.folder / "AADConnectProvisioningAgent.exe")
    program = rf"C:\{FOLDER}\AADConnectProvisioningAgent.exe".replace("/", "\\")
    host.prefix.run("sc.exe", "create", AGENT, "binPath=", f'"{program}"', "start=", "demand")
    host.prefix.import_registry({AGENT_KEY: {}})


def install_others(host: InstalledAgent) -> dict[str, str]:
    """Install agents of Microsoft's that share the updater; returns how the updater and one of them are."""
    for name in OTHERS:
        host.bring(name)
        host.prefix.run(path(name), "/install", "/quiet")
    return {name: host.state(name) for name in (UPDATER, OTHER_AGENT)}


def uninstall_others(host: InstalledAgent) -> dict[str, str]:
    """Uninstall them; returns how the updater is, which they leave."""
    for name in OTHERS:
        host.prefix.run(path(name), "/uninstall", "/quiet")
    return {UPDATER: host.state(UPDATER)}


class Step(t.NamedTuple):
    """A step of a story: what is done to the host before, and the options of agent_install, which may be asked for a prediction first."""

    name: str
    package: str | None = None
    arrange: Callable[[InstalledAgent], t.Any] | None = None
    predict: bool = False
    options: dict[str, t.Any] | None = None


LIFE = [
    Step("first", OLDEST, predict=True, options={"settings": SETTINGS}),
    Step("second", OLDEST, predict=True, options={"settings": SETTINGS}),
    Step("upgrade", OLD, edit, predict=True, options={"state": "latest"}),
    Step("upgrade while busy", NEW, occupy, options={"state": "latest"}),
    Step("files gone", NEW, take_files),
    Step("rows gone", NEW, InstalledAgent.take_rows, predict=True),
    Step("malformed", NEW, spoil, options={"settings": {"proxy": {"state": "absent"}}}),
    Step(
        "reset",
        NEW,
        repair,
        predict=True,
        options={"settings": {"proxy": {"state": "absent"}, "enforce_fips_policy": True, "reset": ["user_password_length"]}},
    ),
    Step("stopped", NEW, stop_all),
    Step("removed beside others", arrange=install_others, predict=True, options={"state": "absent"}),
    Step("removed alone", arrange=uninstall_others, options={"state": "absent"}),
]
TROUBLE = [
    Step("failed", OLDEST, lambda host: faults(host, SetupExitCode=1603, SetupLogText=FAILURE)),
    Step("vault", OLDEST, disable_vault),
    Step("too long", OLDEST, hold, options={"timeout": 8}),
    Step("recovered", OLDEST, faults),
    Step("upgrade over two", NEW, lambda host: faults(host, SetupExitCode=1641), options={"state": "latest"}),
    Step("removed without its bundle", arrange=take_cache, options={"state": "absent"}),
    Step("removed without a row", arrange=leave_over, options={"state": "absent"}),
]


def play(host: DirectHost, steps: list[Step]) -> Outcomes:
    """Go through steps on a host and return for each the outcome of arranging it, of its prediction and of the step itself."""
    agent = InstalledAgent(host.prefix)
    outcomes: Outcomes = {}
    for step in steps:
        options = {"accept_eula": True, **host.known("publisher", "root_thumbprints"), **(step.options or {})}
        if step.package:
            agent.bring(step.package)
            options["path"] = path(step.package)
        outcomes[step.name] = {
            "arranged": step.arrange(agent) if step.arrange else None,
            "check": host.run("agent_install", options, check=True) if step.predict else {},
            "real": host.run("agent_install", options),
        }
    return outcomes


@pytest.fixture(scope="module")
def stories(lab: Lab, direct_host: DirectHosts) -> dict[str, Outcomes]:
    """Return the outcome of both stories, run at the same time."""
    with ThreadPoolExecutor(2) as pool:
        played = {
            "life": pool.submit(play, direct_host(lab.hosts[0]), LIFE),
            "trouble": pool.submit(play, direct_host(lab.hosts[1]), TROUBLE),
        }
        return {name: future.result() for name, future in played.items()}


@pytest.fixture(scope="module")
def life(stories: dict[str, Outcomes]) -> Outcomes:
    """From nothing over every state to nothing."""
    return stories["life"]


@pytest.fixture(scope="module")
def trouble(stories: dict[str, Outcomes]) -> Outcomes:
    """Everything that goes wrong."""
    return stories["trouble"]


def real(outcomes: Outcomes, name: str) -> dict[str, t.Any]:
    """Return the result of a step."""
    return dict(outcomes[name]["real"])


def test_every_result_has_the_same_keys(life: Outcomes, trouble: Outcomes) -> None:
    parts = (part for outcome in (*life.values(), *trouble.values()) for part in (outcome["check"], outcome["real"]))
    results = [part for part in parts if "version_after" in part]
    keys = {frozenset(set(result) - {"exception", "warnings", "deprecations", "failed_when_result"}) for result in results}
    assert len(keys) == 1
    assert len(results) > len(LIFE) + len(TROUBLE)


@pytest.mark.parametrize("name", [step.name for step in LIFE if step.predict])
def test_prediction_is_what_happens(life: Outcomes, name: str) -> None:
    predicted, happened = life[name]["check"], life[name]["real"]
    assert (predicted["changed"], predicted["failed"]) == (happened["changed"], happened["failed"])
    if not happened["failed"]:
        assert predicted["version_after"] == happened["version_after"]
        assert predicted["settings"] == happened["settings"]
        assert predicted["diff"]["before"] == happened["diff"]["before"]
        assert predicted["diff"]["after"]["services"].get(AGENT) == happened["diff"]["after"]["services"].get(AGENT)


def test_first_installation_applies_the_settings(life: Outcomes) -> None:
    result = real(life, "first")
    assert (result["version_before"], result["version_after"], result["exit_code"]) == (None, "1.1.1107.0", 0)
    assert result["settings"] == IN_FORCE
    assert result["diff"]["after"] == {
        "version": "1.1.1107.0",
        "services": {AGENT: "running, auto", UPDATER: "running, auto"},
        "settings": IN_FORCE,
    }


def test_second_installation_changes_nothing(life: Outcomes) -> None:
    result = real(life, "second")
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]


def test_upgrade_from_before_1365_keeps_settings_and_edits(life: Outcomes) -> None:
    result = real(life, "upgrade")
    assert (result["version_before"], result["version_after"], result["exit_code"]) == ("1.1.1107.0", "1.1.2334.0", 3010)
    assert result["reboot_required"]
    assert result["settings"] == IN_FORCE
    text = life["upgrade while busy"]["arranged"]
    assert 'autoflush="true"' in text
    assert 'key="Mine"' in text
    assert 'proxyaddress="http://127.0.0.9:8080"' in text


def test_installation_of_something_else_is_waited_for(life: Outcomes) -> None:
    result = real(life, "upgrade while busy")
    assert (result["version_after"], result["exit_code"], result["reboot_required"]) == ("1.1.2505.0", 0, False)
    assert result["settings"] == IN_FORCE


@pytest.mark.parametrize("name", ["files gone", "rows gone"])
def test_half_removed_product_is_put_back(life: Outcomes, name: str) -> None:
    result = real(life, name)
    assert (result["changed"], result["failed"], result["version_after"]) == (True, False, "1.1.2505.0")


def test_malformed_configuration_is_refused(life: Outcomes) -> None:
    result = real(life, "malformed")
    assert (result["changed"], result["failed"]) == (False, True)
    assert "is no well-formed XML" in result["msg"]


def test_settings_are_taken_away_again(life: Outcomes, lab: Lab) -> None:
    result = real(life, "reset")
    assert result["settings"] == {"ldap_connection_timeout": 60000}
    assert result["backup_file"].endswith(".bak")
    assert {service["state"] for service in result["services"]} == {"running"}


def test_change_of_settings_restarts_the_agent_once(life: Outcomes) -> None:
    assert life["stopped"]["arranged"] - life["reset"]["arranged"] == 1


def test_stopped_services_are_started(life: Outcomes) -> None:
    result = real(life, "stopped")
    assert (result["changed"], result["exit_code"]) == (True, None)
    assert {service["state"] for service in result["services"]} == {"running"}


def test_removal_leaves_the_updater_to_other_agents(life: Outcomes) -> None:
    assert life["removed beside others"]["arranged"] == {UPDATER: "RUNNING", OTHER_AGENT: "RUNNING"}
    result = real(life, "removed beside others")
    assert (result["changed"], result["failed"], result["version_after"]) == (True, False, None)
    assert {service["name"]: service["present"] for service in result["services"]} == {AGENT: False, UPDATER: True}
    assert "Microsoft Entra Connect Health Agent" in " ".join(result["remains"])


def test_updater_goes_with_the_last_agent(life: Outcomes) -> None:
    assert life["removed alone"]["arranged"] == {UPDATER: "RUNNING"}
    result = real(life, "removed alone")
    assert (result["changed"], result["failed"]) == (True, False)
    assert not any(service["present"] for service in result["services"])


@pytest.mark.parametrize("number", [0, 1])
def test_removal_leaves_no_file(stories: dict[str, Outcomes], lab: Lab, number: int) -> None:
    folder = Prefix(lab.state / "hosts" / lab.hosts[number]).drive / FOLDER
    assert not folder.exists()
    assert not folder.with_name("Azure AD Connect Provisioning Agent Updater").exists()


CAUSES = {
    "vault": (1603, "Credential Manager (VaultSvc) is disabled"),
    "failed": (1603, "may not log on"),
}


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_failure_names_its_likely_cause(trouble: Outcomes, name: str) -> None:
    code, words = CAUSES[name]
    result = real(trouble, name)
    assert result["failed"]
    assert result["exit_code"] & 0xFFFF == code & 0xFFFF
    assert words in result["cause"]
    assert result["cause"] in result["msg"]


def test_failure_is_rolled_back_and_explained(trouble: Outcomes) -> None:
    result = real(trouble, "failed")
    assert (result["failed"], result["exit_code"], result["version_after"]) == (True, 1603, None)
    assert "Exit code: 0x643" in result["log"]["tail"]


def test_secrets_in_the_log_are_masked(trouble: Outcomes) -> None:
    assert real(trouble, "failed")["log"]["tail"].count("********") == len(CANARIES)
    assert not [canary for canary in CANARIES if canary in json.dumps(trouble)]


def test_installer_that_does_not_end_is_stopped_and_can_be_run_again(trouble: Outcomes) -> None:
    stopped, again = real(trouble, "too long"), real(trouble, "recovered")
    assert "did not end within 8 seconds" in stopped["msg"]
    assert (again["failed"], again["version_after"]) == (False, "1.1.1107.0")


def test_upgrade_over_two_releases_asks_for_a_restart(trouble: Outcomes) -> None:
    result = real(trouble, "upgrade over two")
    assert (result["version_before"], result["version_after"]) == ("1.1.1107.0", "1.1.2505.0")
    assert (result["exit_code"], result["reboot_required"]) == (1641, True)


@pytest.mark.parametrize("name", ["removed without its bundle", "removed without a row"])
def test_removal_takes_away_what_no_uninstaller_does(trouble: Outcomes, name: str) -> None:
    result = real(trouble, name)
    assert (result["changed"], result["failed"], result["version_after"]) == (True, False, None)
    assert not any(service["present"] for service in result["services"])


# ---- broken connections ----


Held = HeldInstaller[tuple[dict[str, t.Any], Run]]


def held(lab: Lab, options: dict[str, t.Any], log: str, folder: Path, python: str = "3.11") -> Held:
    """Install or remove on the last host, with an installer that waits in its middle; finish() returns the task's result and the run."""
    host = lab.hosts[-1]

    def play() -> tuple[dict[str, t.Any], Run]:
        values = {"host": host, "options": options, "results": str(folder / "result.json")}
        run = run_playbook(Path(__file__).with_name("install_once.yml"), inventory=lab.inventory, extra_vars=values, python=python)
        print(f"{host}: {run.seconds:.0f} s\n{run.output}")
        return json.loads((folder / "result.json").read_text(encoding="utf-8")), run

    return HeldInstaller(lab, host, log, play)


@pytest.fixture(scope="module")
def installation(
    lab: Lab, direct_host: DirectHosts, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, t.Any], Run, dict[str, t.Any]]:
    """Install, cut the connection in the middle, restart WinRM, and try a second installation beside it; returns both results."""
    host, options = direct_host(lab.hosts[-1]), {"path": path(NEW)}
    InstalledAgent(host.prefix).bring(NEW)
    with held(lab, options, r"C:\packages\install.log", tmp_path_factory.mktemp("installation")) as task:
        task.wait_for("AzureADConnectAgentUpdater.exe")
        task.cut()
        lab.restart_endpoints()
        second = host.run("agent_install", {"accept_eula": True, **options})
        assert task.is_running()
    return *task.finish(), second


def test_installation_outlives_a_cut_connection_and_a_restart_of_winrm(installation: tuple[dict[str, t.Any], Run, t.Any]) -> None:
    result, run, _ = installation
    assert (result["failed"], result["exit_code"], result["version_after"]) == (False, 0, "1.1.2505.0")
    assert "is lost" in run.output


def test_second_task_is_refused_meanwhile(installation: tuple[t.Any, Run, dict[str, t.Any]]) -> None:
    _, _, second = installation
    assert second["failed"]
    assert "Another task is installing or removing the agent" in second["msg"]


@pytest.fixture(scope="module")
def removal(installation: t.Any, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, t.Any], Run]:
    """Remove with the other core, where the machine has it, and cut the connection in the middle."""
    python = "3.13" if (ENVIRONMENTS["3.13"] / "bin").exists() else "3.11"
    log = r"C:\ProgramData\entra_ops\cloud_sync\uninstall.log"
    for earlier in Prefix(lab.state / "hosts" / lab.hosts[-1]).unix_path(log).parent.glob("uninstall*.log"):
        earlier.unlink()
    with held(lab, {"state": "absent"}, log, tmp_path_factory.mktemp("removal"), python) as task:
        task.wait_for("Command Line")
        task.cut()
    return task.finish()


def test_removal_outlives_a_cut_connection(removal: tuple[dict[str, t.Any], Run]) -> None:
    result, run = removal
    assert (result["failed"], result["exit_code"], result["version_after"]) == (False, 0, None)
    assert "is lost" in run.output


def test_removal_goes_in_the_documented_order(removal: tuple[dict[str, t.Any], Run], lab: Lab) -> None:
    """The updater first, then the package, which takes the agent along; what the host still has shows by its times."""
    folder = lab.state / "hosts" / lab.hosts[-1] / "drive_c/ProgramData/entra_ops/cloud_sync"
    (updater,) = folder.glob("uninstall-*.log")
    assert "Removing: Microsoft Azure AD Connect Agent Updater" in updater.read_text(encoding="utf-8")
    assert updater.stat().st_mtime < (folder / "uninstall.log").stat().st_mtime
