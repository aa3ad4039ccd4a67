# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell remoting as pypsrp speaks it: pools, pipelines, input, signals, clients that go and come back, and what faults end."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from cloudlab.limits import wait_for
from cloudlab.testing.runspaces import ScriptError
from pypsrp.complex_objects import PSInvocationState, RunspacePoolState
from pypsrp.exceptions import WinRMTransportError, WSManFaultError
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

LAB_HOSTS = 1
#: A restart of the endpoints leaves their process to the lab, whose `down` ends it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
TIMED_OUT, NO_SUCH, DISCONNECTED, TAKEN, ABORTED = 2150858793, 2150858843, 2150859204, 2150859213, 995
#: Says that it runs, then waits for a file, which it removes, and says so.
WAIT = """param($Flag)
'waits'
while (-not (Test-Path -LiteralPath $Flag)) { Start-Sleep -Milliseconds 100 }
Remove-Item -LiteralPath $Flag
'went on'
"""
FLAG = r"C:\psrp-goes-on.txt"
LIVES = "param($Ticks) [bool]@(Get-Process | Where-Object -FilterScript { $_.StartTime.Ticks -eq $Ticks })"

Open = Callable[..., RunspacePool]


class Prompted(PSHostUserInterface):
    """Somebody who types the same into every prompt."""

    def ReadLine(self, runspace: RunspacePool, pipeline: PowerShell | None) -> str:  # noqa: N802
        """What Read-Host asks for."""
        return "typed"


def wsman(lab: t.Any, **options: t.Any) -> WSMan:
    """A client of the first host, which shares no connection with others."""
    windows = lab.data["windows"]
    server = {"server": lab.data["hosts"][0]["address"], "port": 5986, "auth": "ntlm", "cert_validation": lab.data["pki"]["ca"]}
    credentials = {"username": windows["user"], "password": windows["password"]}
    return WSMan(**{**server, **credentials, "operation_timeout": 60, "read_timeout": 90, **options})


@pytest.fixture
def open_pool(lab: t.Any) -> Iterator[Open]:
    """Return what opens a pool on the first host with options of WSMan's, then of the pool."""
    pools: list[RunspacePool] = []

    def start(wsman_options: dict[str, t.Any] | None = None, **options: t.Any) -> RunspacePool:
        pools.append(RunspacePool(wsman(lab, **(wsman_options or {})), **options))
        pools[-1].open()
        return pools[-1]

    yield start
    for pool in pools:
        if pool.state == RunspacePoolState.OPENED and pool.is_alive():
            pool.close()


def begin(pool: RunspacePool, script: str, *arguments: t.Any) -> PowerShell:
    """Start a script in a pool."""
    pipeline = PowerShell(pool)
    pipeline.add_script(script)
    for argument in arguments:
        pipeline.add_argument(argument)
    pipeline.begin_invoke()
    return pipeline


def run(pool: RunspacePool, script: str, *arguments: t.Any) -> list[t.Any]:
    """Run a script in a pool and return what it puts out."""
    pipeline = begin(pool, script, *arguments)
    pipeline.end_invoke()
    assert not pipeline.streams.error, pipeline.streams.error
    pipeline.close()
    return list(pipeline.output)


def first(pipeline: PowerShell) -> t.Any:
    """Return what a script that runs on has put out first."""
    while not pipeline.output:
        pipeline.poll_invoke()
    return pipeline.output[0]


def test_pipelines_of_a_pool_run_at_the_same_time(open_pool: Open) -> None:
    """Each waits for the two others."""
    pool = open_pool(max_runspaces=3)
    run(pool, "[System.AppDomain]::CurrentDomain.SetData('barrier', [System.Threading.Barrier]::new(3))")
    meet = "param($Name) [System.AppDomain]::CurrentDomain.GetData('barrier').SignalAndWait(); $Name"
    pipelines = [begin(pool, meet, name) for name in "abc"]
    assert [pipeline.end_invoke() for pipeline in pipelines] == [["a"], ["b"], ["c"]]


def test_pools_are_apart(open_pool: Open) -> None:
    pools = [open_pool(), open_pool()]
    for number, pool in enumerate(pools):
        run(pool, "param($Number) $global:Own = $Number", number)
    assert [run(pool, "$Own") for pool in pools] == [[0], [1]]
    assert len({run(pool, "$PID")[0] for pool in pools}) == 2


def test_input_and_output_are_longer_than_an_envelope(open_pool: Open) -> None:
    pool = open_pool()
    lines = [f"{number} \u00e9\u20ac" * 10_000 for number in range(8)]
    pipeline = PowerShell(pool)
    pipeline.add_script("process { $_ + '!' }")
    assert pipeline.invoke(line for line in lines) == [line + "!" for line in lines]


def test_script_is_longer_than_an_envelope(open_pool: Open) -> None:
    assert run(open_pool(), f"'{'x' * 600_000}'.Length") == [600_000]


def test_request_longer_than_the_host_takes_is_refused(open_pool: Open) -> None:
    pool = open_pool({"max_envelope_size": 600_000})
    with pytest.raises(WinRMTransportError, match="413"):
        run(pool, f"'{'x' * 600_000}'.Length")


def test_error_ends_the_pipeline_alone(open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, "1; throw 'no more'; 2")
    assert (pipeline.end_invoke(), pipeline.state) == ([1], PSInvocationState.FAILED)
    assert str(pipeline.streams.error[0]) == "no more"
    assert run(pool, "3") == [3]


def test_prompt_is_answered(open_pool: Open) -> None:
    host = PSHost(None, None, False, "tests", None, Prompted(), "1.0")
    assert run(open_pool(host=host), "'<' + $Host.UI.ReadLine() + '>'") == ["<typed>"]


def test_runspaces_can_be_added(open_pool: Open) -> None:
    pool = open_pool()
    pool.max_runspaces = 4
    assert pool.get_available_runspaces() == 4


def test_stopped_pipeline_cleans_up_and_the_pool_goes_on(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, "param($Flag) try { 'runs'; Start-Sleep -Seconds 86400 } finally { $global:Cleaned = 'yes' }")
    assert first(pipeline) == "runs"
    pipeline.stop()
    assert run(pool, "$Cleaned") == ["yes"]


def test_client_comes_back_to_its_pool(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, WAIT, FLAG)
    assert first(pipeline) == "waits"
    pool.disconnect()
    with pytest.raises(WSManFaultError) as refused:
        pool.shell.receive("stdout", command_id=pipeline.id)
    assert refused.value.code == DISCONNECTED
    raise_flag(lab)
    pool.connect()
    pipeline.state = PSInvocationState.RUNNING
    assert pipeline.end_invoke() == ["waits", "went on"]


def test_another_client_takes_a_pool_over(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool(max_runspaces=2)
    assert run(pool, "$global:Left = 'here'; 1") == [1]
    begin(pool, WAIT, FLAG)
    found = next(listed for listed in RunspacePool.get_runspace_pools(wsman(lab)) if listed.id == pool.id)
    with pytest.raises(WSManFaultError) as refused:
        found.connect()
    assert refused.value.code == TAKEN
    pool.disconnect()
    found.connect()
    raise_flag(lab)
    (taken_over,) = found.create_disconnected_power_shells()
    taken_over.connect_async()  # type: ignore[no-untyped-call]
    assert taken_over.end_invoke() == ["waits", "went on"]
    assert (found.max_runspaces, run(found, "$Left")) == (2, ["here"])
    found.close()


def test_pipeline_goes_on_when_its_connection_is_cut(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, WAIT, FLAG)
    assert first(pipeline) == "waits"
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(pipeline.poll_invoke)
        # A cut between two requests is none that the client sees.
        while not answer.done():
            lab.cut_connections()
        with pytest.raises((requests.ConnectionError, WinRMTransportError)):
            answer.result()
    raise_flag(lab)
    assert pipeline.end_invoke() == ["waits", "went on"]


def test_restart_of_winrm_ends_a_pool_and_what_it_started(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool()
    own, child = ticks(pool)
    runspace = lab.runspace(lab.hosts[0])
    assert runspace.run(LIVES, Ticks=own) == runspace.run(LIVES, Ticks=child) == [True]
    lab.restart_endpoints()
    with pytest.raises(WSManFaultError) as gone:
        run(pool, "1")
    assert gone.value.code == NO_SUCH
    assert runspace.run(LIVES, Ticks=own) == runspace.run(LIVES, Ticks=child) == [False]


def test_deleted_pool_ends_with_what_it_started(lab: t.Any, open_pool: Open) -> None:
    pool = open_pool()
    started = ticks(pool)
    pool.close()
    runspace = lab.runspace(lab.hosts[0])
    wait_for("the end of the pool's processes", lambda: not any(runspace.run(LIVES, Ticks=ticks)[0] for ticks in started))


def test_pool_whose_process_dies_is_gone(open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, "[System.Environment]::Exit(3)")
    with pytest.raises(WSManFaultError) as ended:
        pipeline.end_invoke()
    assert ended.value.code in (ABORTED, NO_SUCH)
    assert not pool.is_alive()


def test_nothing_to_receive_is_a_time_out(open_pool: Open) -> None:
    pool = open_pool()
    pipeline = begin(pool, "Start-Sleep -Seconds 86400")
    with pytest.raises(WSManFaultError) as fault:
        pool.shell.receive("stdout", command_id=pipeline.id, timeout=1)
    assert fault.value.code == TIMED_OUT


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("param($Text) $Text, 3, $true, $null", ["it's \u20ac", 3, True, ""]),
        ("@{ list = @(1, 'a'); more = @{ one = 1 } }", [{"list": [1, "a"], "more": {"one": 1}}]),
        (", @(1, 2)", [[1, 2]]),
        ("Get-Service -Name RpcSs | Select-Object -Property Name, Status", [{"Name": "RpcSs", "Status": "Running"}]),
        ("Set-Content -LiteralPath $env:TEMP\\lines.txt -Value a, b; Get-Content -LiteralPath $env:TEMP\\lines.txt", ["a", "b"]),
    ],
)
def test_tests_get_objects_from_their_own_steps(lab: t.Any, script: str, output: list[t.Any]) -> None:
    assert lab.runspace(lab.hosts[0]).run(script, **({"Text": "it's \u20ac"} if "$Text" in script else {})) == output


def test_tests_own_steps_fail_with_the_hosts_error(lab: t.Any) -> None:
    with pytest.raises(ScriptError, match="does not exist"):
        lab.runspace(lab.hosts[0]).run("Get-Item -LiteralPath C:\\nowhere; 'went on'")


@pytest.mark.parametrize("fault", ["cut_connections", "restart_endpoints", "restart_host"])
def test_tests_own_steps_outlive_faults(lab: t.Any, fault: str) -> None:
    runspace = lab.runspace(lab.hosts[0])
    runspace.run("$global:Kept = 1")
    getattr(lab, fault)(*(lab.hosts[:1] if fault == "restart_host" else ()))
    assert runspace.run("[bool](Get-Variable -Name Kept -ErrorAction Ignore)") == [False]


def raise_flag(lab: t.Any) -> None:
    """Let what waits for the flag go on."""
    (lab.state / "hosts" / lab.hosts[0] / "drive_c/psrp-goes-on.txt").touch()


def ticks(pool: RunspacePool) -> list[int]:
    """Start a process from within a pool, and return when it and the pool's own were started, which no later process shares."""
    child = "Start-Process -FilePath powershell.exe -ArgumentList '-Command Start-Sleep -Seconds 86400' -PassThru"
    return run(pool, f"foreach ($id in $PID, ({child}).Id) {{ (Get-Process -Id $id).StartTime.Ticks }}")
