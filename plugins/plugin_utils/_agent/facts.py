# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says about the agent and about itself: the answer of the payload facts.ps1, part of which other payloads answer with too.

PowerShell's functions Get-*Fact make them; a value that is None was not set or not read there, as the field's comment says.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.parsing import UtcTime, Version
from .._package.facts import PackageFacts

AGENT_SERVICE = "AADConnectProvisioningAgent"
UPDATER_SERVICE = "AzureADConnectAgentUpdater"


@dataclasses.dataclass(frozen=True)
class Computer:
    """The host's names and clock."""

    name: str
    domain: str
    fqdn: str
    time: UtcTime
    powershell: str


@dataclasses.dataclass(frozen=True)
class UninstallRow:
    """A row under Programs and Features; bundle: of the package itself; updater: of the updater."""

    key: str
    view: str
    display_name: str
    version: str
    bundle: bool
    updater: bool
    quiet_uninstall: str


@dataclasses.dataclass(frozen=True)
class ConfiguredProxy:
    """The proxy that the agent's exe.config names."""

    url: str
    enabled: bool
    use_default_credentials: bool
    bypass_on_local: bool
    bypass_list: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Tunable:
    """A value below the agent's registry key."""

    name: str
    value: str
    kind: str


@dataclasses.dataclass(frozen=True)
class Configuration:
    """The agent's settings; well_formed is None where there is no file, and what a file does not set is None."""

    path: str
    present: bool
    well_formed: bool | None
    error: str
    proxy: ConfiguredProxy | None
    enforce_fips_policy: bool | None
    tunables: tuple[Tunable, ...]


@dataclasses.dataclass(frozen=True)
class Product:
    """What is installed; version is None without the executable, tenant_id without a registration."""

    install_dir: str
    executable: str
    version: Version | None
    module: str
    module_present: bool
    registry_present: bool
    tenant_id: str | None
    uninstall: tuple[UninstallRow, ...]
    configuration: Configuration


@dataclasses.dataclass(frozen=True)
class Service:
    """A Windows service; all but name and present are None where it is absent."""

    name: str
    present: bool
    display_name: str | None
    state: str | None
    start_type: str | None
    account: str | None
    managed_account: bool | None
    path: str | None

    @property
    def runs(self) -> bool:
        """Whether it runs, and starts with Windows."""
        return self.state == "running" and self.start_type == "auto"

    @property
    def may_rest(self) -> bool:
        """Whether it need not run: the updater, where a package brought none, or somebody wants no upgrades without him and disabled it."""
        return self.name == UPDATER_SERVICE and (not self.present or self.start_type == "disabled")


@dataclasses.dataclass(frozen=True)
class StoredCertificate:
    """An agent's certificate in the machine's store."""

    thumbprint: str
    subject: str
    issuer: str
    agent_id: str | None
    not_before: UtcTime
    not_after: UtcTime
    has_private_key: bool


@dataclasses.dataclass(frozen=True)
class TrustSetting:
    """Which certificate a connector's TrustSettings.xml names."""

    thumbprint: str
    in_user_store: bool


@dataclasses.dataclass(frozen=True)
class Trust:
    """The agent's own setting, None where its folder has none, and the thumbprints of the other connectors."""

    own: TrustSetting | None
    others: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Windows:
    """Which Windows it is; product_type is None where the registry does not say."""

    name: str
    build: int
    revision: int
    product_type: str | None
    installation_type: str


@dataclasses.dataclass(frozen=True)
class TlsSide:
    """What the registry says of TLS 1.2 for one side; None where Windows' default rules."""

    enabled: int | None
    disabled_by_default: int | None


@dataclasses.dataclass(frozen=True)
class Tls:
    """TLS 1.2 of both sides, and .NET's use of strong protocols for 64 and 32 bits."""

    client: TlsSide
    server: TlsSide
    strong_crypto: int | None
    strong_crypto_32: int | None


@dataclasses.dataclass(frozen=True)
class ExecutionPolicy:
    """Windows PowerShell's policy in one scope, None where it is not set."""

    scope: str
    policy: str | None


@dataclasses.dataclass(frozen=True)
class LogOnRight:
    """Who may log on as a service: identifiers, and their names in the same order."""

    readable: bool
    problem: str
    holders: tuple[str, ...]
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Logon:
    """How the session on the host has logged on.

    Attributes:
        network: whether it came over the network.
        ticket: whether it holds a Kerberos ticket to go on with, None where it need not or that is unknown.
        problem: why that is unknown.
    """

    network: bool
    ticket: bool | None
    problem: str


@dataclasses.dataclass(frozen=True)
class RootKeys:
    """When the forest's root keys come into use; conclusive: whether an empty list means that there are none."""

    conclusive: bool
    use_start_times: tuple[UtcTime, ...]


@dataclasses.dataclass(frozen=True)
class ManagedAccount:
    """A group managed service account; exists and retrievable are None where nobody knows."""

    name: str
    exists: bool | None
    problem: str
    retrievable: bool | None
    encryption_types: int | None
    identifier: str | None


@dataclasses.dataclass(frozen=True)
class Directory:
    """What the forest holds for the agent; all but readable and problem are None where it could not be read."""

    readable: bool
    problem: str
    kds: RootKeys | None
    schema_version: int | None
    external_object_id: bool | None
    account_container: bool | None
    account: ManagedAccount | None


@dataclasses.dataclass(frozen=True)
class Platform:
    """Windows, its policies and its directory; a number is None where it is not set, directory where the host is in no domain."""

    windows: Windows
    domain_member: bool | None
    domain: str | None
    memory: int | None
    computer_problem: str
    dotnet_release: int | None
    tls: Tls
    execution_policy: tuple[ExecutionPolicy, ...]
    pending_reboot: tuple[str, ...]
    disk_free: int
    fips_policy: int | None
    ntlm_policy: int | None
    kerberos_policy: int | None
    ie_esc: int | None
    log_on_right: LogOnRight
    logon: Logon
    directory: Directory | None


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """How an endpoint was reached; reachable is None where that is unknown, issuer where no certificate was seen."""

    host: str
    port: int
    reachable: bool | None
    error: str
    issuer: str | None
    proxy: str


@dataclasses.dataclass(frozen=True)
class Event:
    """An event of Windows' logs."""

    id: int
    source: str
    time: UtcTime
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgentFacts:
    """What every payload says that has worked on the agent (Get-AgentFact)."""

    host: Computer
    product: Product
    services: tuple[Service, ...]
    certificates: tuple[StoredCertificate, ...]
    trust: Trust
    other_agents: tuple[str, ...]
    registration_pending: bool
    vault: Service

    def service(self, name: str) -> Service:
        """Return one of the agent's two services."""
        absent = Service(name, False, None, None, None, None, None, None)
        return next((service for service in self.services if service.name == name), absent)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostFacts(AgentFacts):
    """What the payload facts.ps1 answers with.

    Attributes:
        installing: whether another task works on the agent at this moment.
        package: the package file that was to be judged, None when none was.
        domains: the agent's domains as its own module lists them, None when it was not asked or could not list them.
        domains_error: why it could not.
        platform: the host itself, None when it was not asked for; what follows is there only with it.
        endpoints: how they were reached.
        proxy_origin: where the proxy is set that was tried, as ProxyInUse has it; None where it cannot be used or none was tried.
        clock_skew: seconds that the host is ahead, None where no endpoint sent its time.
        events: the newest first, None when they were not asked for or could not be read.
        harmless_events: how many were left out, which are known to mean nothing.
        events_problem: why they could not be read.
        connections: how many the agent holds, None where that is unknown.
    """

    installing: bool
    package: PackageFacts | None
    domains: tuple[str, ...] | None
    domains_error: str | None
    platform: Platform | None
    endpoints: tuple[Endpoint, ...] = ()
    proxy_origin: str | None = None
    clock_skew: int | None = None
    events: tuple[Event, ...] | None = None
    harmless_events: int = 0
    events_problem: str = ""
    connections: int | None = None

    @property
    def known_platform(self) -> Platform:
        """The host itself, for who has asked for it."""
        return t.cast(Platform, self.platform)
