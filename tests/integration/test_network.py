# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's ways out: a proxy as the only one, wherever it is set; servers that stall, speak TLS 1.2 alone, or have IPv6 addresses.

Microsoft's side is known to the host by an address that the proxies alone can reach.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import socket
import ssl
import struct
import threading
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import expand_includes
from cloudlab.limits import limit
from cloudlab.package.build import RELEASES
from cloudlab.paths import PKI
from cloudlab.pki import Issued, Pki, issue_server, new_ca
from host_looks import LAB_KEY, MACHINE, Host, Look
from installed_agent import InstalledAgent

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts
    from direct_host import DirectHost

Result = dict[str, t.Any]

LAB_HOSTS = 1
INTERNET = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings"
USER = "HKEY_CURRENT_USER"
DEAD = "127.0.0.1:1"
MACHINE_CONFIG = "windows/Microsoft.NET/Framework64/v4.0.30319/Config/machine.config"
PROXY = """<configuration><system.net><defaultProxy enabled="true" useDefaultCredentials="true">
<proxy proxyaddress="{}" bypassonlocal="false" /></defaultProxy></system.net></configuration>
"""
#: Asks for a file by the host's own proxy.
PROBE = """param([string]$Url)
# include: transfer.ps1
$way = Get-TransferProxy -Settings @{ use = $true; url = ''; username = ''; default_credential = $false }
$transfer = New-Transfer -Uri $Url -Deadline ([System.DateTime]::UtcNow.AddMinutes(15)) -Retries 0 -Proxy $way.proxy -ProbeOnly $true
$outcome = Save-Url -Transfer $transfer
$Ansible.Result = @{ fact = $way.fact; error = $outcome.error } | ConvertTo-Json -Compress
"""
#: Downloads from a server that keeps silent; what was no silence, on a busy machine, is only tried again.
DOWNLOAD = """param([string]$Url)
# include: transfer.ps1
$path = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
$deadline = [System.DateTime]::UtcNow.AddMinutes(15)
$transfer = New-Transfer -Uri $Url -Deadline $deadline -Retries 12 -Proxy $null -SilentSeconds 2
$outcome = Save-Url -Transfer $transfer -Path $path
$text = [System.IO.File]::ReadAllText($path)
[System.IO.File]::Delete($path)
$Ansible.Result = @{ error = $outcome.error; text = $text } | ConvertTo-Json -Compress
"""
#: Downloads from a server that has no end, once with a limit of time and once with one of bytes.
ENDLESS = """param([string]$Url)
# include: transfer.ps1
$errors = foreach ($limit in @(@{ seconds = 3; bytes = 1GB }, @{ seconds = 900; bytes = 3000000 })) {
    $path = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    $deadline = [System.DateTime]::UtcNow.AddSeconds($limit.seconds)
    $transfer = New-Transfer -Uri $Url -Deadline $deadline -Retries 5 -Proxy $null -MostBytes $limit.bytes
    $outcome = Save-Url -Transfer $transfer -Path $path
    [System.IO.File]::Delete($path)
    $outcome.error
}
$Ansible.Result = ConvertTo-Json -Compress -InputObject @($errors)
"""
#: Looks at a certificate.
LOOK_AT = """param([string]$Url)
# include: transfer.ps1
$transfer = New-Transfer -Uri $Url -Deadline ([System.DateTime]::UtcNow.AddMinutes(15)) -Retries 0 -Proxy $null
$Ansible.Result = Get-PresentedCertificate -Address $transfer.uri -Proxy $transfer.proxy -Seconds 2 | ConvertTo-Json -Compress
"""
#: Opens a connection to a port of this machine by its address of the other kind, and returns what is said there.
CONNECT = """param([string]$Address, [int]$Port)
# include: network.ps1
$tcp = New-TcpClient
$tcp.ConnectAsync($Address, $Port).Wait()
$said = $tcp.GetStream().ReadByte()
$tcp.Close()
$Ansible.Result = @{ said = $said } | ConvertTo-Json -Compress
"""
#: What a process offers before and after it was given TLS 1.2, on a Windows of this build.
TLS = """param([string]$Before, [string]$Build)
# include: network.ps1
$key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion', $true)
$kept = $key.GetValue('CurrentBuildNumber')
$protocols = [System.Net.ServicePointManager]::SecurityProtocol
try {
    $key.SetValue('CurrentBuildNumber', $Build)
    [System.Net.ServicePointManager]::SecurityProtocol = $Before
    Enable-StrongTls
    $Ansible.Result = @{ after = [System.Net.ServicePointManager]::SecurityProtocol.ToString() } | ConvertTo-Json -Compress
}
finally {
    $key.SetValue('CurrentBuildNumber', $kept)
    $key.Dispose()
    [System.Net.ServicePointManager]::SecurityProtocol = $protocols
}
"""


@pytest.fixture(scope="module")
def direct(lab: Lab, direct_host: DirectHosts) -> DirectHost:
    """The host of these tests."""
    return direct_host(lab.hosts[0])


@pytest.fixture(scope="module")
def microsoft(lab: Lab) -> str:
    """HOST:PORT of Microsoft's side, by way of the proxies alone."""
    return f"{lab.data['microsoft']['proxied_address']}:8443"


@dataclasses.dataclass
class Places:
    """The places of a host that may name a proxy."""

    host: Host

    def agent(self, url: str) -> None:
        """Set that of the agent's exe.config; '' for none."""
        file = InstalledAgent(self.host.prefix).configuration
        file.write_text(PROXY.format(url) if url else "<configuration />", encoding="utf-8")

    def dotnet(self, url: str) -> None:
        """Set that of .NET."""
        file = self.host.prefix.drive / MACHINE_CONFIG
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PROXY.format(url), encoding="utf-8")

    def machine(self, url: str) -> None:
        """Set that of all users, by a policy and with another one for plain HTTP."""
        policy = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
        self.host.set({policy: {"ProxySettingsPerUser": 0}})
        servers = f"http={DEAD};https={url.removeprefix('http://')}"
        self.host.set({rf"{MACHINE}\{INTERNET}": {"ProxyEnable": 1, "ProxyServer": servers}})

    def user(self, url: str, bypass: str = "*.contoso.lab") -> None:
        """Set that of the user."""
        server = url.removeprefix("http://")
        self.host.set({rf"{USER}\{INTERNET}": {"ProxyEnable": 1, "ProxyServer": server, "ProxyOverride": bypass}})

    def winhttp(self, url: str) -> None:
        """Set that of netsh winhttp, as Windows writes it."""
        texts = b"".join(struct.pack("<I", len(text)) + text for text in (url.removeprefix("http://").encode(), b"*.contoso.lab;10.*"))
        self._add_bytes(struct.pack("<III", 0x28, 1, 3) + texts + bytes(32))

    def _add_bytes(self, value: bytes) -> None:
        key = rf"{MACHINE}\{INTERNET}\Connections"
        self.host.prefix.run("reg.exe", "add", key, "/v", "WinHttpSettings", "/t", "REG_BINARY", "/d", value.hex(), "/f")

    def malformed_winhttp(self) -> None:
        """Leave bytes in its place that Windows does not write."""
        self._add_bytes(struct.pack("<III", 0x28, 1, 3) + struct.pack("<I", 4000) + b"http")

    def clear(self) -> None:
        """Take them all away."""
        self.host.restore()
        shutil.rmtree((self.host.prefix.drive / MACHINE_CONFIG).parent)
        self.host.prefix.run("reg.exe", "delete", rf"{MACHINE}\{INTERNET}\Connections", "/v", "WinHttpSettings", "/f")


@pytest.fixture(scope="module")
def places(direct: DirectHost) -> Places:
    """The places of the host."""
    return Places(Host(direct))


@pytest.fixture(scope="module")
def probes(lab: Lab, direct: DirectHost, places: Places, microsoft: str) -> dict[str, Result]:
    """What came of asking for a package with a proxy in one place more each time, each before the last."""
    url = lab.data["proxies"]["open"]["url"]

    def ask() -> Result:
        before = len(lab.proxied("open"))
        answer = direct.run_script(expand_includes(PROBE), Url=f"https://{microsoft}/packages/release-{RELEASES[-1]}.exe")
        return {**answer, "proxied": lab.proxied("open")[before:]}

    asked = {"none": ask()}
    places.malformed_winhttp()
    asked["malformed"] = ask()
    for place in ("winhttp", "user", "machine", "dotnet"):
        getattr(places, place)(url)
        asked[place] = ask()
    places.clear()
    # To .NET, the machine's own addresses are local ones.
    for name, bypass in (("bypassed", "127.0.*"), ("local", "*.contoso.lab;<local>")):
        places.user(url, bypass=bypass)
        asked[name] = ask()
    places.host.restore()
    return asked


@pytest.mark.parametrize("place", ["winhttp", "user", "machine", "dotnet"])
def test_proxy_of_the_host_is_found_in_its_place(probes: dict[str, Result], lab: Lab, microsoft: str, place: str) -> None:
    assert probes[place]["error"] == ""
    assert probes[place]["fact"] == {"origin": place, "url": lab.data["proxies"]["open"]["url"]}
    assert probes[place]["proxied"] == [microsoft]


@pytest.mark.parametrize(("place", "origin"), [("none", "none"), ("malformed", "none"), ("bypassed", "user"), ("local", "user")])
def test_nothing_goes_out_without_the_proxy(probes: dict[str, Result], place: str, origin: str) -> None:
    assert probes[place]["error"]
    assert (probes[place]["fact"]["origin"], probes[place]["proxied"]) == (origin, [])


@pytest.fixture(scope="module")
def registrations(lab: Lab, direct: DirectHost, places: Places, microsoft: str, probes: dict[str, Result]) -> Iterator[dict[str, Result]]:
    """Registrations on a host that has no other way to Microsoft than a proxy, with the targets that it let through."""
    host, url = places.host, lab.data["proxies"]["open"]["url"]
    package = f"release-{RELEASES[-1]}"
    InstalledAgent(host.prefix).bring(package)
    host.prefix.run(rf"C:\packages\{package}.exe", "/install", "/quiet", "/norestart")
    # That the agent is connected, which goes its own way here, would count for more than its endpoints.
    host.set({LAB_KEY: {"MicrosoftSide": f"https://{microsoft}", "Connections": 0}})
    options = {**direct.known("ca_path", "cloud", "domains", "lock_dir", "sign_in", "tenant_id"), "force": True, "preflight": False}

    def register() -> Result:
        before = len(lab.proxied("open"))
        result = direct.run("agent_register", options)
        return {**result, "proxied": lab.proxied("open")[before:], "look": host.look(endpoints=[microsoft])}

    done = {"none": register()}
    places.winhttp(url)
    done["winhttp"] = register()
    places.winhttp(f"http://{DEAD}")
    places.agent(url)
    done["agent"] = register()
    places.agent("http://user:secret@proxy:port")
    done["malformed"] = register()
    yield done
    # Whoever comes next to a lab that is kept up finds the host as it was.
    host.set({LAB_KEY: {"MicrosoftSide": lab.data["microsoft"]["url"]}})
    host.prefix.run("reg.exe", "delete", rf"{MACHINE}\{INTERNET}\Connections", "/v", "WinHttpSettings", "/f")
    host.prefix.run(rf"C:\packages\{package}.exe", "/uninstall", "/quiet", "/norestart")


def test_registration_fails_without_a_way_out(registrations: dict[str, Result]) -> None:
    result = registrations["none"]
    assert (result["failed"], [step["name"] for step in result["steps"]]) == (True, ["sign_in"])
    assert (result["proxy"], result["proxied"]) == ({"origin": "none", "url": ""}, [])


@pytest.mark.parametrize(("place", "processes"), [("winhttp", 1), ("agent", 2)])
def test_registration_goes_through_the_proxy_that_is_set(
    registrations: dict[str, Result], lab: Lab, microsoft: str, place: str, processes: int
) -> None:
    result = registrations[place]
    assert not result["failed"], result["msg"]
    assert result["proxy"] == {"origin": place, "url": lab.data["proxies"]["open"]["url"]}
    # The process that registers; once registered, also the one that asks the module for its domains before.
    assert set(result["proxied"]) == {microsoft}
    assert len(result["proxied"]) >= processes
    assert result["domains"] == [lab.data["microsoft"]["forest"]["domain"]]


def test_malformed_proxy_is_named_without_its_password(registrations: dict[str, Result]) -> None:
    result = registrations["malformed"]
    assert "the address of the agent's proxy in its exe.config is not well-formed" in result["msg"]
    assert (result["failed"], result["proxy"], "secret" in str(result)) == (True, None, False)


@pytest.mark.parametrize(
    ("place", "status", "words"),
    [
        ("none", "fail", ""),
        ("winhttp", "warn", "reachable (the proxy is set in netsh winhttp)"),
        ("agent", "pass", "reachable (the proxy is set in the agent's exe.config)"),
        ("malformed", "fail", "not well-formed"),
    ],
)
def test_check_of_the_endpoints_says_which_proxy_counted(registrations: dict[str, Result], place: str, status: str, words: str) -> None:
    look: Look = registrations[place]["look"]
    check = look.checks["endpoints"]
    assert check["status"] == status
    assert words in check["actual"]


def test_result_of_a_download_says_which_proxy_it_took(lab: Lab, direct: DirectHost) -> None:
    known = direct.known("cloud", "publisher", "root_thumbprints")
    options = {**known, "accept_eula": True, "state": "latest", "proxy_url": lab.data["proxies"]["open"]["url"]}
    url = f"{lab.data['microsoft']['url']}/packages/signin-page.exe"
    result = direct.run("agent_download", {**options, "url": url, "dest": r"C:\ProgramData\entra_ops\tests\network\setup.exe"})
    assert "is a web page" in result["msg"]
    assert result["proxy"] == {"origin": "option", "url": lab.data["proxies"]["open"]["url"]}


# ---- servers ----


def tls_1_2(folder: Path, certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Return a server's TLS, 1.2 alone, with a certificate (and its issuer's) and its key."""
    file = folder / "server.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def listener(address: str) -> Iterator[socket.socket]:
    """Yield a socket that listens on a port of its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        server.settimeout(limit())
        yield server


class Stalling:
    """A server of the file "whole" that serves one connection at a time and keeps silent on the first three, until the client closes them.

    A client that leaves a connection open behind itself never comes to the next one.
    """

    def __init__(self, server: socket.socket, context: ssl.SSLContext) -> None:
        self._server, self._context = server, context
        self.closed = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        # Until somebody shuts the socket down.
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)
                self.closed += 1

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(limit())
        if self.closed == 0:  # not even a handshake
            while connection.recv(65536):
                pass
            return
        with self._context.wrap_socket(connection, server_side=True) as tls:
            asked = tls.recv(65536)
            if self.closed >= 2:
                rest = b"Range: bytes=2-" in asked
                head = b"206 Part\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3" if rest else b"200 Yes\r\nContent-Length: 5"
                body = b"whole"[2 if rest else 0 : 5 if self.closed > 2 else 2]
                tls.sendall(b"HTTP/1.1 " + head + b'\r\nETag: "1"\r\n\r\n' + body)
            tls.recv(1)


@pytest.fixture(scope="module")
def stranger() -> Issued:
    """A CA that nobody trusts."""
    return new_ca("Cloud Sync Lab Stranger")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_presented_certificate_is_seen_over_tls_1_2_and_ipv6(direct: DirectHost, stranger: Issued, tmp_path: Path, address: str) -> None:
    leaf = issue_server(stranger, [address])
    context = tls_1_2(tmp_path, leaf.certificate_pem + stranger.certificate_pem, leaf.key_pem)
    with listener(address) as server:

        def serve() -> None:
            # One handshake that the host refuses, one that it looks at.
            for _ in range(2):
                connection, _ = server.accept()
                with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        shown = f"[{address}]" if ":" in address else address
        options = {**direct.known("cloud"), "accept_eula": True, "state": "latest", "retries": 0, "use_proxy": False}
        result = direct.run("agent_download", {**options, "url": f"https://{shown}:{server.getsockname()[1]}/setup.exe"})
        assert f"presented a certificate for 'CN={address}', issued by 'CN=Cloud Sync Lab Stranger'" in result["msg"]
        thread.join()


def test_tries_that_met_silence_are_given_up(lab: Lab, direct: DirectHost, tmp_path: Path) -> None:
    context = tls_1_2(tmp_path, *Pki.load(PKI).server_certificate(["127.0.0.1"]))
    with listener("127.0.0.1") as server:
        stalling = Stalling(server, context)
        answer = direct.run_script(expand_includes(DOWNLOAD), Url=f"https://127.0.0.1:{server.getsockname()[1]}/whole")
        server.shutdown(socket.SHUT_RDWR)
        stalling.thread.join()
    assert answer == {"error": "", "text": "whole"}
    assert stalling.closed > 3


def test_download_without_an_end_is_given_up(direct: DirectHost, tmp_path: Path) -> None:
    """Its bytes are there at once, so that no read of it has to wait."""
    context = tls_1_2(tmp_path, *Pki.load(PKI).server_certificate(["127.0.0.1"]))
    sent: list[int] = []

    def serve(server: socket.socket) -> None:
        for _ in range(2):
            connection, _ = server.accept()
            sent.append(0)
            with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(b"HTTP/1.1 200 Yes\r\nConnection: close\r\n\r\n")
                while sent[-1] < 2_000_000_000:
                    tls.sendall(bytes(65536))
                    sent[-1] += 65536

    with listener("127.0.0.1") as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        errors = direct.run_script(expand_includes(ENDLESS), Url=f"https://127.0.0.1:{server.getsockname()[1]}/endless")
        thread.join()
    assert errors == ["the time is up", "what is there has more than 3000000 bytes, which is no package"]
    assert max(sent) < 2_000_000_000


def test_look_at_a_certificate_has_an_end(direct: DirectHost) -> None:
    """Each byte begins the time-out of a socket anew."""
    sent: list[bool] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            for byte in b"\x16\x03\x03\x3f\xff" + bytes(200):
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
            sent.append(True)

    with listener("127.0.0.1") as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        answer = direct.run_script(expand_includes(LOOK_AT), Url=f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert answer == {"host": "127.0.0.1", "subject": "", "issuer": ""}
    assert not sent


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_connections_are_made_over_both_ip_versions(direct: DirectHost, address: str) -> None:
    with listener(address) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"\x07")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert direct.run_script(expand_includes(CONNECT), Address=address, Port=server.getsockname()[1]) == {"said": 7}
        thread.join()


@pytest.mark.parametrize(
    ("before", "build", "after"),
    [
        ("Tls", "14393", "Tls, Tls12"),
        ("Tls", "20348", "Tls, Tls12, Tls13"),
        ("Tls, Tls11", "17763", "Tls, Tls11, Tls12"),
        # Windows decides, and would offer less if a list were set.
        ("SystemDefault", "14393", "SystemDefault"),
    ],
)
def test_tls_1_2_is_added_to_what_a_process_offers(direct: DirectHost, before: str, build: str, after: str) -> None:
    assert direct.run_script(expand_includes(TLS), Before=before, Build=build) == {"after": after}
