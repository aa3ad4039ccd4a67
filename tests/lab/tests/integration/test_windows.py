# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stock ansible-core, pywinrm and ansible.windows work unchanged on a host of the lab, on both cores.

One run of windows.yml for each core, both at a time, each on a host of its own; the tests look at what the modules returned.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import ssl
import subprocess
import threading
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import winrm
from cloudlab.paths import POWERSHELL
from cloudlab.pki import Pki
from cloudlab.testing.ansible_runs import ENVIRONMENTS, run_playbook
from winrm.exceptions import InvalidCredentialsError

LAB_HOSTS = 2
PYTHONS = [python for python, environment in ENVIRONMENTS.items() if environment.exists()]
#: Quotes, what PowerShell would expand, and letters outside ASCII.
TEXT = "it's \"quoted\" $(exit) `n \u00e9\u20ac"
PROGRAM = r"""
#include <windows.h>
int wmain(int count, wchar_t **arguments)
{
    if (count != 2) return 87;
    HANDLE file = CreateFileW(arguments[1], GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0);
    return file == INVALID_HANDLE_VALUE ? 1603 : !CloseHandle(file);
}
"""


@pytest.fixture(scope="module")
def untrusted_url(lab: t.Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve HTTPS with a certificate of a CA that the hosts do not know."""
    folder = tmp_path_factory.mktemp("untrusted")
    address = lab.data["microsoft"]["address"]
    certificate, key = Pki.create(folder / "pki").server_certificate([address])
    (folder / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with http.server.ThreadingHTTPServer((address, 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://{address}:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile a program that installs: it creates the file that its argument names."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.c").write_text(PROGRAM)
    target = folder / "program.exe"
    command = ["x86_64-w64-mingw32-gcc", "-municode", "-s", "-o", str(target), str(folder / "program.c")]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="module")
def runs(lab: t.Any, untrusted_url: str, program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, t.Any]]:
    """Return for each Python what the modules returned there, after one run on each: all on the first, the core's own on the others."""
    folder = tmp_path_factory.mktemp("results")
    hosts = [host["name"] for host in lab.data["hosts"]]

    def run_with(number: int, python: str) -> dict[str, t.Any]:
        results = folder / f"{python}.json"
        values = {"host": hosts[number % len(hosts)], "text": TEXT, "results": str(results), "program": str(program)}
        values["core_only"] = number > 0
        values |= {"download_url": download_url(lab), "untrusted_url": untrusted_url}
        variables = folder / f"variables-{python}.json"
        variables.write_text(json.dumps(values))
        playbook = Path(__file__).with_name("windows.yml")
        run = run_playbook(str(playbook), "--extra-vars", f"@{variables}", inventory=lab.inventory, python=python)
        assert run.returncode == 0, run.tail
        return dict(json.loads(results.read_text()))

    with ThreadPoolExecutor(min(len(PYTHONS), len(hosts))) as pool:
        return dict(zip(PYTHONS, pool.map(run_with, range(len(PYTHONS)), PYTHONS), strict=True))


def download_url(lab: t.Any) -> str:
    """The package on the lab's download host."""
    url: str = lab.data["microsoft"]["url"]
    return url + "/Subscription/d3c8b69d-6bf7-42be-a529-3fe9c2e70c90/Connector/provisioningAgentInstaller"


@pytest.fixture(params=PYTHONS)
def results(request: pytest.FixtureRequest, runs: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """What the modules returned on one Python."""
    return runs[request.param]


@pytest.fixture
def all_results(runs: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """What every module returned on the first Python."""
    return runs[PYTHONS[0]]


def test_ping_is_answered(results: dict[str, t.Any]) -> None:
    assert results["ping"]["ping"] == "pong"


def test_modules_csharp_is_kept_compiled(results: dict[str, t.Any]) -> None:
    """The start-up hook has stood in front of the compiler: without it all works as well, in twice the time."""
    assert list((POWERSHELL / "compiled").glob("*.dll"))


def test_powershell_gets_values_exactly(results: dict[str, t.Any]) -> None:
    result = results["powershell"]["result"]
    assert (result["text"], result["secret"]) == (TEXT, TEXT)
    assert result["windows"] == "Win32NT"
    assert result["computer"].startswith("WIN")


def test_async_task_finishes(results: dict[str, t.Any]) -> None:
    assert results["async"]["output"] == ["done"]


def test_job_of_an_older_ansible_is_started_and_read(all_results: dict[str, t.Any]) -> None:
    """With .NET Framework's classes, which PowerShell 7 has not got of its own; managed/OlderAnsible.cs."""
    older = all_results["older"]["result"]
    assert older["job"] == {"started": 1, "output": ["two", None, True, 2.5, 3000000000]}
    assert (older["kind"], older["types"]) == ("Dictionary`2", ["String", "Boolean", "Decimal", "Int64"])
    assert (older["empty"], older["broken"]) == (True, "refused")
    assert older["received"] == 300000


def test_session_of_an_older_ansible_finds_the_event_logs(all_results: dict[str, t.Any]) -> None:
    assert all_results["older"]["result"]["logs"] == ["System"]


def test_copied_file_has_the_content(results: dict[str, t.Any]) -> None:
    checksum = hashlib.sha1(TEXT.encode()).hexdigest()
    assert results["copy"]["checksum"] == results["stat"]["stat"]["checksum"] == checksum


def test_registry_value_is_written(all_results: dict[str, t.Any]) -> None:
    assert all_results["regedit"]["changed"]


def test_download_host_is_trusted(all_results: dict[str, t.Any]) -> None:
    assert all_results["get_url"]["status_code"] == 200
    assert all_results["get_url"]["size"] > 1024 * 1024


def test_untrusted_server_is_refused(all_results: dict[str, t.Any]) -> None:
    assert not all_results["untrusted"]["changed"]
    assert "SSL" in all_results["untrusted"]["msg"]


def test_package_is_installed(all_results: dict[str, t.Any]) -> None:
    assert all_results["package"]["changed"]
    assert all_results["package"]["rc"] == 0


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_wrong_password_is_refused(lab: t.Any, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        session(lab, transport, "wrong").run_cmd("hostname")


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_host_tells_its_own_name(lab: t.Any, transport: str) -> None:
    answer = session(lab, transport, lab.data["windows"]["password"]).run_cmd("hostname")
    assert answer.std_out.decode().strip() == lab.data["hosts"][-1]["computer"]


def session(lab: t.Any, transport: str, password: str) -> winrm.Session:
    """A pywinrm session with the last host."""
    url = f"https://{lab.data['hosts'][-1]['address']}:5986/wsman"
    return winrm.Session(url, auth=(lab.data["windows"]["user"], password), transport=transport, ca_trust_path=lab.data["pki"]["ca"])
