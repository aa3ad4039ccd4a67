# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_install on real packages over WinRM: every state, upgrade and exit code, settings, broken connections, removal.

Three stories, one host each, told at the same time by install_steps.yml; the tests look at what each step returned. Every story ends with
a host that has nothing of the agent.
"""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from cloudlab.testing.ansible_runs import ENVIRONMENTS, Run, run_playbook
from cloudlab.windows.prefix import Prefix

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

Outcomes = dict[str, dict[str, t.Any]]

OLDEST, OLD, NEW = "release-1.1.1107.0", "release-1.1.2334.0", "release-1.1.2505.0"
LAB_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Cloud Sync Lab"
AGENT, UPDATER = "AADConnectProvisioningAgent", "AzureADConnectAgentUpdater"
FOLDER = Path("drive_c/Program Files/Microsoft Azure AD Connect Provisioning Agent")
#: What must not come out of an installer's log.
CANARIES = ("canary-one", "canary-two", "canary-three")

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
CONFIGURATION = r"$config = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\AADConnectProvisioningAgent.exe.config'"
OTHER_AGENTS = r"""
$side = (Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Cloud Sync Lab').MicrosoftSide
foreach ($name in 'pta-agent', 'health-agent') {
    $file = "C:\packages\$name.exe"
    if (-not [System.IO.File]::Exists($file)) { Invoke-WebRequest -Uri "$side/packages/$name.exe" -OutFile $file -UseBasicParsing }
    Start-Process -FilePath $file -ArgumentList 'ACTION', '/quiet' -Wait
}
$services = @(Get-Service -Name 'AzureADConnectAgentUpdater', 'AzureADConnectAuthenticationAgent' -ErrorAction SilentlyContinue)
$services | ForEach-Object { $_.Status.ToString() }
"""
ROWS_GONE = r"""
foreach ($view in 'Registry64', 'Registry32') {
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', $view)
    $root = $hive.OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall', $true)
    foreach ($name in $root.GetSubKeyNames()) {
        $display = "$($root.OpenSubKey($name).GetValue('DisplayName'))"
        if ($display -match 'Provisioning Agent|Agent Updater') { $root.DeleteSubKeyTree($name) }
    }
}
"""
#: How often the agent has started so far.
STARTS = r"""
@(Get-Content -Path 'C:\ProgramData\Microsoft\Azure AD Connect Provisioning Agent\Trace\*.log' | Select-String -Pattern 'started\.').Count
"""
#: A service, a folder and a registry key that no row under Programs and Features belongs to.
LEFT_OVER = r"""
$folder = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent'
$null = New-Item -Path $folder -ItemType Directory
Copy-Item -LiteralPath C:\packages\release-1.1.2505.0.exe -Destination "$folder\AADConnectProvisioningAgent.exe"
$null = New-Service -Name AADConnectProvisioningAgent -BinaryPathName "`"$folder\AADConnectProvisioningAgent.exe`"" -StartupType Manual
$null = New-Item -Path 'HKLM:\SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent' -Force
"""
#: The bundle's process may still be going away when Ansible hears of its end.
CACHE_GONE = r"""
$cache = 'C:\ProgramData\Package Cache'
for ($try = 0; [System.IO.Directory]::Exists($cache) -and $try -lt 300; $try++) {
    try { [System.IO.Directory]::Delete($cache, $true) }
    catch [System.IO.IOException], [System.UnauthorizedAccessException] { $problem = $_ }
    if ([System.IO.Directory]::Exists($cache)) { Start-Sleep -Milliseconds 100 }
}
if ([System.IO.Directory]::Exists($cache)) { throw $problem }
[System.IO.File]::WriteAllText('C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\mine.txt', 'x')
"""
FILES_GONE = r"""
Stop-Service -Name AADConnectProvisioningAgent
Remove-Item -LiteralPath 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\AADConnectProvisioningAgent.exe',
    'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\Microsoft.CloudSync.PowerShell.dll'
"""


def path(package: str) -> str:
    """Where a step's package lies on the host."""
    return rf"C:\packages\{package}.exe"


def faults(**values: int | str) -> str:
    """Return a script that sets the bundle's faults to just these."""
    lines = ["$key = 'HKLM:\\SOFTWARE\\Cloud Sync Lab'"]
    names = "SetupExitCode, SetupBusyTimes, SetupLogText, SetupHold"
    lines.append(f"Remove-ItemProperty -LiteralPath $key -Name {names} -ErrorAction SilentlyContinue")
    for name, value in values.items():
        kind, text = ("DWord", str(value)) if isinstance(value, int) else ("String", f"'{value}'")
        lines.append(f"Set-ItemProperty -LiteralPath $key -Name {name} -Value {text} -Type {kind}")
    return "\n".join(lines)


def value(key: str, name: str, content: str) -> str:
    """Return a script that sets one value of the registry."""
    return f"\nSet-ItemProperty -LiteralPath 'HKLM:\\{key}' -Name {name} -Value {content}"


VAULT = r"SYSTEM\CurrentControlSet\Services\VaultSvc"
LIFE: list[dict[str, t.Any]] = [
    {"name": "first", "package": OLDEST, "install": {"path": path(OLDEST), "settings": SETTINGS}, "predict": True},
    {"name": "second", "install": {"path": path(OLDEST), "settings": SETTINGS}, "predict": True},
    {
        "name": "upgrade",
        "script": f"{faults(SetupExitCode=3010)}\n{CONFIGURATION}\n$text = [System.IO.File]::ReadAllText($config)\n"
        f"[System.IO.File]::WriteAllText($config, $text.Replace('</configuration>', '{EDITS}</configuration>'))",
        "package": OLD,
        "install": {"path": path(OLD), "state": "latest"},
        "predict": True,
    },
    {
        "name": "upgrade while busy",
        "script": faults(SetupBusyTimes=2),
        "package": NEW,
        "install": {"path": path(NEW), "state": "latest"},
    },
    {"name": "latest again", "install": {"path": path(NEW), "state": "latest"}},
    {"name": "newer than asked for", "install": {"path": path(OLD), "version": "1.1.2334.0"}},
    {"name": "downgrade", "install": {"path": path(OLD), "state": "repaired"}},
    {"name": "files gone", "script": FILES_GONE, "install": {"path": path(NEW)}},
    {"name": "rows gone", "script": ROWS_GONE, "install": {"path": path(NEW)}, "predict": True},
    {
        "name": "malformed",
        "script": f"{CONFIGURATION}\nCopy-Item -LiteralPath $config -Destination C:\\packages\\good.config\n"
        "[System.IO.File]::WriteAllText($config, '<configuration><runtime></configuration>')",
        "install": {"path": path(NEW), "settings": {"proxy": {"state": "absent"}}},
    },
    {
        "name": "reset",
        "script": f"{CONFIGURATION}\nCopy-Item -LiteralPath C:\\packages\\good.config -Destination $config\n{STARTS}",
        "install": {
            "path": path(NEW),
            "settings": {"proxy": {"state": "absent"}, "enforce_fips_policy": True, "reset": ["user_password_length"]},
        },
        "predict": True,
    },
    {
        "name": "stopped",
        "script": f"Stop-Service -Name AADConnectProvisioningAgent, AzureADConnectAgentUpdater\n{STARTS}",
        "install": {"path": path(NEW)},
    },
    {
        "name": "removed beside others",
        "script": OTHER_AGENTS.replace("ACTION", "/install"),
        "install": {"state": "absent"},
        "predict": True,
    },
    {"name": "removed alone", "script": OTHER_AGENTS.replace("ACTION", "/uninstall"), "install": {"state": "absent"}},
    {"name": "removed again", "install": {"state": "absent"}},
]
TROUBLE: list[dict[str, t.Any]] = [
    {
        "name": "failed",
        "script": faults(
            SetupExitCode=1603,
            SetupLogText="Verify that you have sufficient privileges to start system services. "
            f'PASSWORD="{CANARIES[0]}" http://user:{CANARIES[1]}@proxy -AccessToken {CANARIES[2]}',
        ),
        "package": OLDEST,
        "install": {"path": path(OLDEST)},
    },
    {"name": "vault", "script": faults() + value(VAULT, "Start", "4"), "install": {"path": path(OLDEST)}},
    {
        "name": "too long",
        "script": faults(SetupHold=1) + value(VAULT, "Start", "3"),
        "install": {"path": path(OLDEST), "timeout": 8},
    },
    {"name": "recovered", "script": faults(), "install": {"path": path(OLDEST)}},
    {
        "name": "upgrade over two",
        "script": faults(SetupExitCode=1641),
        "package": NEW,
        "install": {"path": path(NEW), "state": "latest"},
    },
    {
        "name": "removed without its bundle",
        "script": faults() + CACHE_GONE,
        "install": {"state": "absent"},
    },
    {"name": "removed without a row", "script": LEFT_OVER, "install": {"state": "absent"}},
]


def tell(lab: Lab, host: str, steps: list[dict[str, t.Any]], folder: Path, python: str = "3.11") -> tuple[Outcomes, Run]:
    """Go through steps on a host and return what came of each, and the run."""
    results = folder / "results.json"
    playbook = Path(__file__).with_name("install_steps.yml")
    values = {"host": host, "steps": steps, "results": str(results)}
    run = run_playbook(str(playbook), inventory=lab.inventory, extra_vars=values, python=python)
    (folder / "output.log").write_text(run.output, encoding="utf-8")
    print(f"{host}: {run.seconds:.0f} s, output in {folder / 'output.log'}")
    assert results.exists(), run.output
    return dict(json.loads(results.read_text(encoding="utf-8"))), run


@pytest.fixture(scope="module")
def stories(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Outcomes, Run]]:
    """Return what came of both stories, told at the same time."""
    with ThreadPoolExecutor(2) as pool:
        told = {
            name: pool.submit(tell, lab, host, steps, tmp_path_factory.mktemp(name))
            for name, host, steps in (("life", lab.hosts[0], LIFE), ("trouble", lab.hosts[1], TROUBLE))
        }
        return {name: future.result() for name, future in told.items()}


@pytest.fixture(scope="module")
def life(stories: dict[str, tuple[Outcomes, Run]]) -> Outcomes:
    """From nothing over every state to nothing."""
    return stories["life"][0]


@pytest.fixture(scope="module")
def trouble(stories: dict[str, tuple[Outcomes, Run]]) -> Outcomes:
    """Everything that goes wrong."""
    return stories["trouble"][0]


def real(outcomes: Outcomes, name: str) -> dict[str, t.Any]:
    """Return the result of a step."""
    return dict(outcomes[name]["real"])


def test_every_result_has_the_same_keys(life: Outcomes, trouble: Outcomes) -> None:
    parts = (part for outcome in (*life.values(), *trouble.values()) for part in (outcome["check"], outcome["real"]))
    results = [part for part in parts if "version_after" in part]
    keys = {frozenset(set(result) - {"exception", "warnings", "deprecations", "failed_when_result"}) for result in results}
    assert len(keys) == 1
    assert len(results) > len(LIFE) + len(TROUBLE)


@pytest.mark.parametrize("name", [str(step["name"]) for step in LIFE if step.get("predict")])
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


def test_upgrade_from_before_1365_keeps_settings_and_edits(life: Outcomes, lab: Lab) -> None:
    result = real(life, "upgrade")
    assert (result["version_before"], result["version_after"], result["exit_code"]) == ("1.1.1107.0", "1.1.2334.0", 3010)
    assert result["reboot_required"]
    assert result["settings"] == IN_FORCE
    # The story's last look at the file was before the settings were reset.
    text = (lab.state / "hosts" / lab.hosts[0] / "drive_c" / "packages" / "good.config").read_text(encoding="utf-8")
    assert 'autoflush="true"' in text
    assert 'key="Mine"' in text
    assert 'proxyaddress="http://127.0.0.9:8080"' in text


def test_installation_of_something_else_is_waited_for(life: Outcomes) -> None:
    result = real(life, "upgrade while busy")
    assert (result["version_after"], result["exit_code"], result["reboot_required"]) == ("1.1.2505.0", 0, False)
    assert result["settings"] == IN_FORCE


@pytest.mark.parametrize("name", ["latest again", "newer than asked for", "removed again"])
def test_host_that_is_as_wanted_is_left_alone(life: Outcomes, name: str) -> None:
    assert (real(life, name)["changed"], real(life, name)["failed"]) == (False, False)


def test_downgrade_is_refused(life: Outcomes) -> None:
    result = real(life, "downgrade")
    assert result["failed"]
    assert "older than the installed 1.1.2505.0: a downgrade is not possible" in result["msg"]


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
    assert {one["state"] for one in result["services"]} == {"running"}


def test_change_of_settings_restarts_the_agent_once(life: Outcomes) -> None:
    assert life["stopped"]["output"][0] - life["reset"]["output"][0] == 1


def test_stopped_services_are_started(life: Outcomes) -> None:
    result = real(life, "stopped")
    assert (result["changed"], result["exit_code"]) == (True, None)
    assert {one["state"] for one in result["services"]} == {"running"}


def test_removal_leaves_the_updater_to_other_agents(life: Outcomes) -> None:
    assert life["removed beside others"]["output"] == ["Running", "Running"]
    result = real(life, "removed beside others")
    assert (result["changed"], result["failed"], result["version_after"]) == (True, False, None)
    assert {one["name"]: one["present"] for one in result["services"]} == {AGENT: False, UPDATER: True}
    assert "Microsoft Entra Connect Health Agent" in " ".join(result["remains"])


def test_updater_goes_with_the_last_agent(life: Outcomes) -> None:
    assert life["removed alone"]["output"] == ["Running"]
    result = real(life, "removed alone")
    assert (result["changed"], result["failed"]) == (True, False)
    assert not any(one["present"] for one in result["services"])


@pytest.mark.parametrize("number", [0, 1])
def test_removal_leaves_no_file(life: Outcomes, trouble: Outcomes, lab: Lab, number: int) -> None:
    host = lab.state / "hosts" / lab.hosts[number]
    assert not (host / FOLDER).exists()
    assert not (host / FOLDER.with_name("Azure AD Connect Provisioning Agent Updater")).exists()


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


def test_secrets_in_the_log_are_masked(trouble: Outcomes, stories: dict[str, tuple[Outcomes, Run]]) -> None:
    assert real(trouble, "failed")["log"]["tail"].count("********") == len(CANARIES)
    # The script that plants them is in the output of no task.
    assert not [canary for canary in CANARIES if canary in stories["trouble"][1].output]


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
    assert not any(one["present"] for one in result["services"])


# ---- broken connections ----


class HeldTask:
    """An installation or removal on the last host whose installer waits in its middle until it is released, at the latest at exit."""

    def __init__(self, lab: Lab, step: dict[str, t.Any], log: str, folder: Path, python: str = "3.11") -> None:
        self.lab, self.host = lab, lab.hosts[-1]
        self._prefix = Prefix(lab.state / "hosts" / self.host)
        self._log = self._prefix.unix_path(log)
        self._log.unlink(missing_ok=True)
        self._hold(1)
        self._pool = ThreadPoolExecutor(1)
        self._told: Future[tuple[Outcomes, Run]] = self._pool.submit(tell, lab, self.host, [{"name": "held", **step}], folder, python)

    def __enter__(self) -> HeldTask:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _hold(self, number: int) -> None:
        self._prefix.import_registry({LAB_KEY: {"SetupHold": number}})

    def wait_for(self, words: str) -> None:
        """Return when the installer's log has these words, and the task asks for the installer's end."""
        self.until(lambda: self._log.exists() and words in self._log.read_text(encoding="utf-8"))
        before = self._requests().count(f"{self.host} Command")
        self.until(lambda: self._requests().count(f"{self.host} Command") > before)

    def _requests(self) -> str:
        return (self.lab.state / "logs" / "windows.log").read_text(encoding="utf-8")

    def until(self, happened: Callable[[], bool]) -> None:
        """Try until something has happened while the task goes on; it must not take for ever."""
        deadline = time.monotonic() + 300
        while not happened():
            assert time.monotonic() < deadline and self.is_running(), "it did not happen"
            time.sleep(0.2)

    def cut(self) -> None:
        """Break the task's connection in the middle of a request: one that is idle is made anew without a word."""
        before = self._requests().count("ended early")

        def is_broken() -> bool:
            self.lab.cut_connections()
            return self._requests().count("ended early") > before

        self.until(is_broken)

    def is_running(self) -> bool:
        """Whether the task goes on."""
        return not self._told.done()

    def finish(self) -> tuple[dict[str, t.Any], Run]:
        """Let the installer go on and return what came of the task."""
        self._hold(0)
        try:
            outcomes, run = self._told.result()
        finally:
            self._pool.shutdown()
        return real(outcomes, "held"), run


@pytest.fixture(scope="module")
def installation(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, t.Any], Run, dict[str, t.Any]]:
    """Install, cut the connection in the middle, restart WinRM, and try a second installation beside it; returns both results."""
    step = {"package": NEW, "install": {"path": path(NEW)}}
    with HeldTask(lab, step, r"C:\packages\install.log", tmp_path_factory.mktemp("installation")) as held:
        held.wait_for("AzureADConnectAgentUpdater.exe")
        held.cut()
        lab.restart_endpoints()
        second, _ = tell(lab, held.host, [{"name": "second", "install": {"path": path(NEW)}}], tmp_path_factory.mktemp("second"))
        assert held.is_running()
    return *held.finish(), real(second, "second")


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
    with HeldTask(lab, {"install": {"state": "absent"}}, log, tmp_path_factory.mktemp("removal"), python) as held:
        held.wait_for("Command Line")
        held.cut()
    return held.finish()


def test_removal_outlives_a_cut_connection(removal: tuple[dict[str, t.Any], Run]) -> None:
    result, run = removal
    assert (result["failed"], result["exit_code"], result["version_after"]) == (False, 0, None)
    assert "is lost" in run.output


def test_removal_goes_in_the_documented_order(removal: tuple[dict[str, t.Any], Run], lab: Lab) -> None:
    """The updater first, then the package, which takes the agent along; what the host still has tells by its times."""
    folder = lab.state / "hosts" / lab.hosts[-1] / "drive_c/ProgramData/entra_ops/cloud_sync"
    (updater,) = folder.glob("uninstall-*.log")
    assert "Removing: Microsoft Azure AD Connect Agent Updater" in updater.read_text(encoding="utf-8")
    assert updater.stat().st_mtime < (folder / "uninstall.log").stat().st_mtime
