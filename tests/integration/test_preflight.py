# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prerequisites on a host without an agent: each line of Microsoft's article broken once, and the role that stops before it changes one.

What is independent of one another is broken at once.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.server
import re
import shutil
import socket
import socketserver
import ssl
import struct
import threading
import typing as t
from collections.abc import Iterator

import pytest
from cloudlab.paths import PACKAGES, PKI
from cloudlab.pki import Pki
from host_looks import DIRECTORY, LAB_KEY, MACHINE, Changes, Host, Look

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts, LabRun, RunPlaybook

LAB_HOSTS = 1
CONTROL = rf"{MACHINE}\SYSTEM\CurrentControlSet\Control"
PROTOCOL = rf"{CONTROL}\SecurityProviders\SCHANNEL\Protocols\TLS 1.2"
POLICY = rf"{MACHINE}\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
WINDOWS = rf"{MACHINE}\SOFTWARE\Microsoft\Windows\CurrentVersion"
GROUP_POLICY = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\Windows\PowerShell"
EXPLORER = rf"{MACHINE}\SOFTWARE\Microsoft\Active Setup\Installed Components\{{A509B1A7-37EF-4b3f-8CFC-4F3A74704073}}"
AGENT_KEY = rf"{MACHINE}\SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent"
FOLDER = "Program Files/Microsoft Azure AD Connect Provisioning Agent"
DOMAIN = "DC=contoso,DC=lab"
SCHEMA = f"CN=Schema,CN=Configuration,{DOMAIN}"
ROOT_KEY = f"CN=7f9a1b52,CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,{DOMAIN}"
CUSTOM = f"CN=svcSync,CN=Managed Service Accounts,{DOMAIN}"

#: Each line of the article, as a host that lacks it has it in its registry.
BARE: Changes = {
    rf"{CONTROL}\ProductOptions": {"ProductType": "WinNT"},
    rf"{MACHINE}\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full": {"Release": 378389},
    rf"{PROTOCOL}\Server": {"Enabled": 0},
    rf"{MACHINE}\SYSTEM\CurrentControlSet\Services\VaultSvc": {"Start": 4},
    POLICY: {"ExecutionPolicy": "Unrestricted"},
    # Without its switch a group policy says nothing.
    GROUP_POLICY: {"ExecutionPolicy": "RemoteSigned"},
    rf"{WINDOWS}\WindowsUpdate\Auto Update\RebootRequired": {},
    rf"{CONTROL}\Lsa\FipsAlgorithmPolicy": {"Enabled": 1},
    EXPLORER: {"IsInstalled": 1},
    rf"{LAB_KEY}\Computer": {"PartOfDomain": 0, "MemoryMiB": 2048},
    LAB_KEY: {"ServiceLogonRight": "*S-1-5-20"},
    rf"{LAB_KEY}\Events\1": {
        "LogName": "System",
        "ProviderName": "Service Control Manager",
        "Id": 7041,
        "Level": 2,
        "Message": "The Microsoft Azure AD Connect Provisioning Agent service was unable to log on.",
    },
}
#: An old agent that is half there, on Windows Server 2025 without its update, in a forest that was not made ready.
OLD: Changes = {
    rf"{MACHINE}\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {"CurrentBuildNumber": "26100", "UBR": 6900},
    rf"{CONTROL}\Lsa\MSV1_0": {"RestrictSendingNTLMTraffic": 2},
    POLICY: {"ExecutionPolicy": "Bypass"},
    # "Turn on Script Execution: Disabled", which goes before the host's own policy.
    GROUP_POLICY: {"EnableScripts": 0},
    AGENT_KEY: {"LdapConnectionTimeoutInMilliseconds": "1000"},
    rf"{WINDOWS}\Policies\System\Kerberos\Parameters": {"SupportedEncryptionTypes": 0x7FFFFFF8},
    rf"{DIRECTORY}\{ROOT_KEY}": {"msKds-UseStartTime": "160000000000000000"},
    rf"{DIRECTORY}\{CUSTOM}": {"msDS-SupportedEncryptionTypes": "4", "msDS-GroupMSAMembership": "sddl:O:BAD:(A;;GA;;;BA)"},
    rf"{LAB_KEY}\Events": {"Refuse": "Access is denied."},
}
PROXY_FILE = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.net>
    <defaultProxy enabled="{enabled}">
      <proxy proxyaddress="{url}" bypassonlocal="false" />
      <bypasslist><add address="127\\.0\\.0\\.1" /></bypasslist>
    </defaultProxy>
  </system.net>
</configuration>
"""


@pytest.fixture(scope="module")
def host(lab: Lab, direct_host: DirectHosts) -> Iterator[Host]:
    """A host that has nothing of the agent, and is left so."""
    one = Host(direct_host(lab.hosts[0]))
    one.forget_the_past()
    yield one
    one.restore()
    shutil.rmtree(one.prefix.drive / FOLDER, ignore_errors=True)


@pytest.fixture(scope="module")
def healthy(host: Host) -> Look:
    return host.look()


class _Unfit(socketserver.BaseRequestHandler):
    """Resets every connection, or never answers."""

    silent = False

    def handle(self) -> None:
        if self.silent:
            self.request.recv(65536)  # the greeting; what comes next is the client's hanging up
            self.request.recv(65536)
        else:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Silent(_Unfit):
    silent = True


@pytest.fixture(scope="module")
def unfit() -> Iterator[dict[str, int]]:
    """The ports of a server that resets and of one that keeps silent."""
    with contextlib.ExitStack() as stack:
        ports = {}
        for name, handler in (("silent", _Silent), ("resetting", _Unfit)):
            server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            ports[name] = server.server_address[1]
        yield ports


@pytest.fixture(scope="module")
def bare(healthy: Look, host: Host, lab: Lab, unfit: dict[str, int]) -> Look:
    """A look at a host that lacks what the article asks for; it stays broken for the tests of the role."""
    host.set(BARE)
    ports = ("1", unfit["silent"], unfit["resetting"])
    return host.look(endpoints=[*(f"127.0.0.1:{port}" for port in ports), f"{lab.data['microsoft']['address']}:8443"])


def test_supported_server_passes_every_prerequisite(healthy: Look) -> None:
    left = {name: status for name, status in healthy.statuses.items() if status != "pass"}
    assert left == {"installed": "fail", "tenant": "fail"}
    assert {"windows", "domain_member", "dotnet", "tls", "disk", "log_on_right", "kds_root_key", "endpoints", "clock", "events"} <= set(
        healthy.statuses
    )
    assert healthy.result["blockers"] == []


def test_sign_in_that_may_not_register_stops_even_a_prediction(healthy: Look, host: Host, lab: Lab, ansible_playbook: RunPlaybook) -> None:
    reader = lab.data["microsoft"]["people"]["reader"]
    sign_in = {"method": "password", "username": reader["upn"], "password": reader["password"]}
    run = ansible_playbook("site.yml", "--check", "--limit", host.name, extra_vars={"provisioning_agent_sign_in": sign_in})
    row = run.rows[host.name]
    assert (row["status"], row["failed_phase"], row["phases"], row["blockers"]) == ("failed", "preflight", [], ["sign_in"])
    assert "Hybrid Identity Administrator" in row["message"]
    assert not (host.prefix.drive / FOLDER).exists()


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("windows", "fail", "Windows Server 2022"),
        ("domain_member", "fail", "workgroup"),
        ("dotnet", "fail", "release 378389"),
        ("tls", "fail", "off for the server"),
        ("credential_manager", "fail", "disabled"),
        ("execution_policy", "fail", "Unrestricted (LocalMachine)"),
        ("pending_reboot", "warn", "Windows Update"),
        ("memory", "warn", "2.0 GiB"),
        ("fips", "warn", "holds"),
        ("internet_explorer_esc", "warn", "on"),
        ("log_on_right", "fail", "lacks"),
        ("endpoints", "fail", "127.0.0.1:1"),
        ("events", "warn", "Service Control Manager 7041"),
    ],
)
def test_what_a_bare_host_lacks(bare: Look, name: str, status: str, words: str) -> None:
    check = bare.checks[name]
    assert check["status"] == status
    assert words in check["actual"]
    assert check["remedy"] and check["repaired_by"] == []


def test_each_endpoint_has_its_own_reason(bare: Look, lab: Lab, unfit: dict[str, int]) -> None:
    actual = bare.checks["endpoints"]["actual"]
    assert f"127.0.0.1:{unfit['silent']}: no answer in time" in actual
    assert re.search(rf"127\.0\.0\.1:{unfit['resetting']}: \S", actual)
    # A dead, a silent and a resetting one before it take nothing from the one that answers.
    assert lab.data["microsoft"]["address"] not in actual
    assert bare.checks["clock"]["status"] == "pass"


def test_no_directory_is_judged_on_a_host_without_a_domain(bare: Look) -> None:
    assert not {"directory", "kds_root_key", "schema"} & set(bare.statuses)


@pytest.fixture(scope="module")
def stopped(bare: Look, host: Host, ansible_playbook: RunPlaybook) -> LabRun:
    """The role on the bare host."""
    return ansible_playbook("site.yml", "--limit", host.name)


def test_role_stops_before_anything_is_changed(stopped: LabRun, host: Host) -> None:
    row = stopped.rows[host.name]
    assert stopped.returncode != 0
    assert (row["status"], row["failed_phase"], row["phases"], row["changed"]) == ("failed", "preflight", [], False)
    assert set(row["blockers"]) == {
        "windows",
        "domain_member",
        "dotnet",
        "tls",
        "credential_manager",
        "execution_policy",
        "log_on_right",
    }
    assert all(f"{name}: " in row["message"] for name in row["blockers"])
    assert not (host.prefix.drive / "ProgramData" / "entra_ops").exists()
    assert not (host.prefix.drive / FOLDER).exists()


def test_each_finding_is_one_line_on_the_terminal(stopped: LabRun, host: Host) -> None:
    lines = re.findall(rf"^{host.name}: (fail|warn|unknown) +(\w+): .+; .+$", stopped.output, re.MULTILINE)
    found = {check["name"]: check["status"] for check in stopped.rows[host.name]["checks"] if check["status"] != "pass"}
    assert {name: status for status, name in lines} == found
    assert len(found) > 10


def test_preflight_can_be_turned_off(stopped: LabRun, host: Host, ansible_playbook: RunPlaybook) -> None:
    looked = ansible_playbook("verify.yml", "--limit", host.name, extra_vars={"provisioning_agent_preflight": False})
    assert [check["name"] for check in looked.rows[host.name]["checks"]] == ["installed", "tenant"]
    assert looked.rows[host.name]["blockers"] == []


@pytest.fixture(scope="module")
def old(stopped: LabRun, host: Host, lab: Lab) -> Look:
    """A look at a host with an old agent behind a proxy that inspects TLS, in a forest that is not ready."""
    host.restore()
    (host.prefix.drive / FOLDER).mkdir(parents=True)
    shutil.copy(PACKAGES / "release-1.1.1107.0.exe", host.prefix.drive / FOLDER / "AADConnectProvisioningAgent.exe")
    set_proxy(host, lab.data["proxies"]["inspecting"]["url"])
    host.set(OLD)
    for key in (rf"{PROTOCOL}\Client", rf"{DIRECTORY}\CN=ms-DS-External-Directory-Object-Id,{SCHEMA}"):
        host.remove_key(key)
    host.remove_key(rf"{DIRECTORY}\<WKGUID=1EB93889E40C45DF9F0C64D23BBB6237,{DOMAIN}>")
    host.prefix.run("reg.exe", "delete", LAB_KEY, "/v", "ServiceLogonRight", "/f")
    return host.look(expect={"service_account": r"CONTOSO\svcSync$"})


def set_proxy(host: Host, url: str, *, enabled: bool = True) -> None:
    """Write an exe.config with a proxy, or one that switches proxies off."""
    file = host.prefix.drive / FOLDER / "AADConnectProvisioningAgent.exe.config"
    file.write_text(PROXY_FILE.format(url=url, enabled=str(enabled).lower()), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("windows", "fail", "26100.6900"),
        ("ntlm", "warn", "1.1.1107.0"),
        ("execution_policy", "warn", "Restricted (MachinePolicy)"),
        ("ldap_timeout", "warn", "1000 ms"),
        ("known_issues", "warn", "may hang"),
        ("tls", "warn", "TLS 1.2 for the client"),
        ("log_on_right", "unknown", "secedit.exe ended with code"),
        ("directory", "pass", "readable"),
        ("kds_root_key", "fail", "comes into use at 2108-"),
        ("schema", "fail", "without msDS-ExternalDirectoryObjectId"),
        ("account_container", "fail", "absent"),
        ("service_account_retrieval", "fail", "not in the account's list"),
        ("kerberos_encryption", "fail", "0x7ffffff8"),
        ("endpoints", "fail", "through http"),
        ("tls_inspection", "warn", "Cloud Sync Lab Inspection CA"),
        ("events", "unknown", "Access is denied"),
    ],
)
def test_what_an_old_host_has_wrong(old: Look, name: str, status: str, words: str) -> None:
    check = old.checks[name]
    assert check["status"] == status
    assert words in check["actual"]


def test_custom_account_that_cannot_be_used_is_a_blocker(old: Look) -> None:
    assert set(old.result["blockers"]) == {"windows", "service_account_retrieval", "kerberos_encryption", "endpoints"}


class _Late(http.server.BaseHTTPRequestHandler):
    """Answers as a server whose clock is ten minutes ahead of the host's."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=10), usegmt=True)

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing."""


@pytest.fixture(scope="module")
def late_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server whose clock is wrong."""
    folder = tmp_path_factory.mktemp("late")
    certificate, key = Pki.load(PKI).server_certificate(["127.0.0.1"])
    (folder / "server.pem").write_bytes(certificate)
    (folder / "server.key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Late) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def apart(old: Look, host: Host, lab: Lab, late_server: int) -> Look:
    """A look at a host whose clock is wrong, behind a proxy that lets nobody through, with a domain that it cannot sign in to."""
    host.restore()
    set_proxy(host, lab.data["proxies"]["basic"]["url"])
    host.set({DIRECTORY: {"Refuse": "The supplied credential is invalid."}})
    before = lab.proxied("basic")
    look = host.look(endpoints=[f"{lab.data['microsoft']['address']}:8443", f"127.0.0.1:{late_server}"])
    assert lab.proxied("basic") == before
    return look


@pytest.fixture(scope="module")
def rerouted(apart: Look, host: Host, lab: Lab) -> Look:
    """A look at a host whose exe.config leads to a proxy that is gone, with the settings that are to repair it; its account is of CORP."""
    host.restore()
    set_proxy(host, "http://127.0.0.1:1")
    settings = {"proxy": {"url": lab.data["proxies"]["open"]["url"], "bypass_on_local": False}}
    before = len(lab.proxied("open"))
    look = host.look(settings=settings, expect={"service_account": r"CORP\corpSync$"})
    assert len(lab.proxied("open")) > before
    return look


def test_proxy_that_is_to_be_set_is_the_one_that_is_tried(rerouted: Look, lab: Lab) -> None:
    check = rerouted.checks["endpoints"]
    assert check["status"] == "pass", check
    assert f"through {lab.data['proxies']['open']['url']}" in check["expected"]
    assert "endpoints" not in rerouted.result["blockers"]


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("endpoints", "unknown", "asks for a sign-in"),
        ("directory", "unknown", "The supplied credential is invalid"),
        ("clock", "fail", "behind"),
        ("tls_inspection", "pass", ""),
        ("known_issues", "warn", "1.1.1107.0"),
    ],
)
def test_what_only_other_means_would_tell_is_unknown(apart: Look, name: str, status: str, words: str) -> None:
    check = apart.checks[name]
    assert check["status"] == status
    assert words in check["actual"]


def test_what_is_unknown_blocks_nothing(apart: Look) -> None:
    assert apart.result["blockers"] == ["clock"]


def test_account_of_another_domain_is_looked_up_there(rerouted: Look) -> None:
    check = rerouted.checks["service_account_retrieval"]
    assert check["status"] == "pass", check


def test_referrals_are_not_followed(rerouted: Look, host: Host) -> None:
    host.set({DIRECTORY: {"Referral": "gone.contoso.lab"}})
    check = host.look(endpoints=[], expect={"service_account": r"CONTOSO\svcSync$"}).checks["directory"]
    assert (check["status"], check["actual"]) == ("pass", "readable")


@pytest.fixture(scope="module")
def direct(rerouted: Look, host: Host) -> Look:
    """A look at a host whose exe.config switches proxies off, with an account of a domain that the forest does not have."""
    set_proxy(host, "http://127.0.0.1:1", enabled=False)
    return host.look(expect={"service_account": r"FABRIKAM\svcSync$"})


def test_no_proxy_is_tried_where_they_are_switched_off(direct: Look) -> None:
    check = direct.checks["endpoints"]
    assert (check["status"], "through" in check["expected"]) == ("pass", False)


def test_account_of_another_forest_is_unknown(direct: Look) -> None:
    check = direct.checks["service_account_retrieval"]
    assert (check["status"], check["actual"]) == ("unknown", "unknown: the forest has no domain FABRIKAM")
    assert direct.result["blockers"] == []


def test_malformed_proxy_is_named_without_its_password(direct: Look, host: Host) -> None:
    set_proxy(host, "http://user:secret@proxy:port")
    actual = host.look().checks["endpoints"]["actual"]
    assert "the agent's proxy in its exe.config is not well-formed" in actual
    assert "secret" not in actual


def test_temporary_files_are_gone(apart: Look, host: Host) -> None:
    files = [file for file in host.prefix.temporary.iterdir() if file.is_file()]
    assert [file.name for file in files if b"SeServiceLogonRight" in file.read_bytes().replace(b"\0", b"")] == []
