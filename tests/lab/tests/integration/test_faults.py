# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on and what ends when WinRM restarts, a connection is cut, or a host restarts."""

from __future__ import annotations

import json
import shutil
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import winrm
from cloudlab.limits import limit
from cloudlab.package.build import RELEASES
from cloudlab.paths import PACKAGES
from cloudlab.testing.ansible_runs import ENVIRONMENTS, LAB
from cloudlab.windows.prefix import Prefix
from winrm.exceptions import WinRMTransportError

LAB_HOSTS = 1
#: Prints when its process was started, which no later process shares (Wine hands process ids out again), then never ends.
SLEEP = "[System.Console]::WriteLine((Get-Process -Id $PID).StartTime.Ticks); Start-Sleep -Seconds 86400"
#: Ends once a file is there, and says so.
WAIT = "while (-not (Test-Path -LiteralPath {flag})) {{ Start-Sleep -Milliseconds 200 }}; Remove-Item -LiteralPath {flag}; 'went on'"
FLAG = r"C:\windows\Temp\cut.txt"
#: What a restart changes, and what it must not.
LOOK = (
    "ConvertTo-Json -Compress -InputObject @{ "
    "booted = (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc(); "
    "services = @(Get-Service -Name 'AAD*', 'AzureADConnect*' | ForEach-Object -Process { '{0} {1}' -f $_.Name, $_.Status }); "
    "computer = [System.Environment]::MachineName }"
)


@pytest.fixture
def protocol(lab: t.Any) -> winrm.Protocol:
    """A client of the first host's WinRM."""
    return client(lab)


@pytest.fixture
def shell(protocol: winrm.Protocol) -> str:
    """A remote shell on the first host."""
    return str(protocol.open_shell())


def client(lab: t.Any) -> winrm.Protocol:
    """A client of its own, which shares no connection with others."""
    windows = lab.data["windows"]
    return winrm.Protocol(
        f"https://{lab.data['hosts'][0]['address']}:5986/wsman",
        transport="ntlm",
        username=windows["user"],
        password=windows["password"],
        ca_trust_path=lab.data["pki"]["ca"],
    )


def start(protocol: winrm.Protocol, shell: str, script: str) -> str:
    """Start a PowerShell script in a shell and return the command's id."""
    return str(protocol.run_command(shell, "powershell", ["-NoProfile", "-NonInteractive", "-Command", script]))


def first_line(protocol: winrm.Protocol, shell: str, command: str) -> str:
    """Return what a command that runs on has printed first."""
    output = b""
    while b"\n" not in output:
        output += protocol.get_command_output_raw(shell, command)[0]
    return output.decode().split()[0]


def result_of(lab: t.Any, script: str) -> str:
    """Run a PowerShell script on the first host through a client of its own."""
    protocol = client(lab)
    shell = protocol.open_shell()
    output, errors, code = protocol.get_command_output(shell, start(protocol, shell, script))
    protocol.close_shell(shell)
    assert code == 0, errors
    return str(output.decode().strip())


def runs(lab: t.Any, started: str) -> bool:
    """Whether the process that was started at that tick runs still."""
    return result_of(lab, f"[bool]@(Get-Process | Where-Object -FilterScript {{ $_.StartTime.Ticks -eq {started} }})") == "True"


def test_detached_task_outlives_a_restart_of_winrm(lab: t.Any, playbook: Callable[..., t.Any]) -> None:
    values = {"host": lab.hosts[0], "lab": str(LAB), "state": str(lab.state), "limit": limit()}
    run = playbook(Path(__file__).with_name("faults.yml"), extra_vars=values)
    assert run.returncode == 0, run.tail


def test_command_ends_with_a_restart_of_winrm(lab: t.Any, protocol: winrm.Protocol, shell: str) -> None:
    started = first_line(protocol, shell, start(protocol, shell, SLEEP))
    assert runs(lab, started)
    lab.restart_endpoints()
    assert not runs(lab, started)


def test_process_of_wmi_is_in_no_shell(lab: t.Any, protocol: winrm.Protocol, shell: str) -> None:
    line = "powershell.exe -NoProfile -NonInteractive -Command Start-Sleep -Seconds 86400"
    create = f"(Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{{ CommandLine = '{line}' }}).ProcessId"
    ticks = f"[System.Console]::WriteLine((Get-Process -Id ({create})).StartTime.Ticks); Start-Sleep -Seconds 86400"
    started = first_line(protocol, shell, start(protocol, shell, ticks))
    protocol.close_shell(shell)
    assert runs(lab, started)
    result_of(lab, f"Get-Process | Where-Object -FilterScript {{ $_.StartTime.Ticks -eq {started} }} | Stop-Process -Force")


def test_command_goes_on_when_its_connection_is_cut(lab: t.Any, protocol: winrm.Protocol, shell: str) -> None:
    command = start(protocol, shell, "'waits'; " + WAIT.format(flag=FLAG))
    assert first_line(protocol, shell, command) == "waits"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(protocol.get_command_output_raw, shell, command)
        # A cut between two requests is none that the client sees.
        while not answer.done():
            lab.cut_connections()
        with pytest.raises((requests.ConnectionError, WinRMTransportError)):
            answer.result()
    result_of(lab, f"$null = New-Item -Path {FLAG} -ItemType File")
    output, _, code = client(lab).get_command_output(shell, command)
    assert (output.split(), code) == ([b"went", b"on"], 0)


@pytest.fixture
def agent(lab: t.Any) -> Iterator[None]:
    """The agent and its updater on the first host, whose services start with it; nothing of them afterwards."""
    prefix = Prefix(lab.state / "hosts" / lab.hosts[0])
    shutil.copy(PACKAGES / f"release-{RELEASES[-1]}.exe", prefix.drive / "setup.exe")
    prefix.run(r"C:\setup.exe", "/install", "/quiet")
    yield
    prefix.run(r"C:\setup.exe", "/uninstall", "/quiet")


def looks(lab: t.Any) -> dict[str, t.Any]:
    """Return since when the first host runs, its name, and its services of the agent's with their states."""
    return dict(json.loads(result_of(lab, LOOK)))


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("python", ENVIRONMENTS)
def test_win_reboot_restarts_a_host(lab: t.Any, playbook: Callable[..., t.Any], python: str) -> None:
    before = looks(lab)
    run = playbook(Path(__file__).with_name("restart.yml"), extra_vars={"host": lab.hosts[0], "limit": limit()}, python=python)
    assert run.returncode == 0, run.tail
    after = looks(lab)
    assert after.pop("booted") > before.pop("booted")
    assert after == before
    assert sorted(before["services"]) == ["AADConnectProvisioningAgent Running", "AzureADConnectAgentUpdater Running"]


def test_restart_of_the_lab_is_a_restart(lab: t.Any) -> None:
    boot_time = "(Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()"
    before = int(result_of(lab, boot_time))
    lab.restart_host(lab.hosts[0])
    assert int(result_of(lab, boot_time)) > before


def test_planned_restart_can_be_called_off(lab: t.Any) -> None:
    program = r"C:\Windows\System32\shutdown.exe"
    script = f"foreach ($line in '/r /t 3600', '/r', '/a', '/a') {{ & {program} $line.Split(' ') 2>&1 | Out-Null; $LASTEXITCODE }}; exit 0"
    assert result_of(lab, script).split() == ["0", "1190", "0", "1116"]


def test_cim_refuses_what_it_does_not_know(lab: t.Any) -> None:
    script = "try { Get-CimInstance -ClassName Win32_Fan } catch { $_.Exception.Message }"
    assert "no CIM class 'Win32_Fan'" in result_of(lab, script)
