# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's clouds: where one signs in, where Graph is, which scope registers an agent, where the package is downloaded.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from .errors import ConfigurationError
from .redaction import masked_address

# Microsoft's own text names this constant; another GUID in its place works too, so its value does not seem to matter.
_RELEASE_CHANNEL = "https://download.{domain}/Subscription/d3c8b69d-6bf7-42be-a529-3fe9c2e70c90/Connector/provisioningAgentInstaller"


@dataclasses.dataclass(frozen=True)
class Cloud:
    """One cloud's addresses; None where nobody has published one.

    Attributes:
        name: what Azure CLI calls it.
        authority: where tokens come from, without the tenant.
        graph: the root of Microsoft Graph, which is also its audience.
        registration_scope: the scope of a token that may register agents.
        download_url: the package's release channel.
        public: whether msal knows the authority by itself.
        endpoints: HOST:PORT that a host of this cloud must reach; "{tenant_id}" stands for the tenant's id.
    """

    name: str
    authority: str
    graph: str
    registration_scope: str | None = None
    download_url: str | None = None
    public: bool = False
    endpoints: tuple[str, ...] = ()

    @property
    def is_government(self) -> bool:
        """Whether it is one of the US Government's."""
        return self.name.startswith("AzureUSGovernment")


def _agent_endpoints(sign_in: str, domain: str) -> tuple[str, ...]:
    """Where an agent signs in, registers and starts from; its relay has a name of its own for each agent."""
    return (f"{sign_in}:443", f"{{tenant_id}}.registration.{domain}:443", f"{{tenant_id}}.bootstrap.{domain}:443")


_CLOUDS = (
    Cloud(
        "AzureCloud",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        # Used by Azure/missionlz for this agent, and documented for its sibling, the private network connector.
        "https://proxy.cloudwebappproxy.net/registerapp/user_impersonation",
        _RELEASE_CHANNEL.format(domain="msappproxy.net"),
        public=True,
        endpoints=_agent_endpoints("login.microsoftonline.com", "msappproxy.net"),
    ),
    Cloud(
        "AzureUSGovernment",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        download_url=_RELEASE_CHANNEL.format(domain="msappproxy.us"),
        public=True,
        endpoints=_agent_endpoints("login.microsoftonline.us", "msappproxy.us"),
    ),
    Cloud(
        "AzureUSGovernmentDoD",
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        download_url=_RELEASE_CHANNEL.format(domain="msappproxy.us"),
        public=True,
        endpoints=_agent_endpoints("login.microsoftonline.us", "msappproxy.us"),
    ),
    Cloud(
        "AzureChinaCloud",
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        public=True,
        endpoints=("login.chinacloudapi.cn:443",),
    ),
)
_REQUIRED = ("name", "authority", "graph")
_ADDRESSES = ("authority", "graph", "registration_scope", "download_url")


def resolve_cloud(value: t.Any) -> Cloud:
    """Return the cloud that the option "cloud" names or describes.

    Args:
        value: a name, or a dictionary with the keys name, authority, graph, registration_scope, download_url and endpoints.

    Raises:
        ConfigurationError: no such cloud, or the dictionary is not complete.
    """
    if isinstance(value, t.Mapping):
        return _described({str(key): value[key] for key in value})
    known = {cloud.name.lower(): cloud for cloud in _CLOUDS}
    cloud = known.get(str(value).lower())
    if cloud is None:
        names = ", ".join(cloud.name for cloud in _CLOUDS)
        raise ConfigurationError(f"'cloud' is '{value}', which is not known: write one of {names}, or a dictionary of addresses.")
    return cloud


def _described(value: dict[str, t.Any]) -> Cloud:
    missing = [key for key in _REQUIRED if not value.get(key)]
    unknown = sorted(set(value) - {*_REQUIRED, *_ADDRESSES, "endpoints"})
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has the unknown key {', '.join(unknown)}"
        raise ConfigurationError(f"The dictionary in 'cloud' {what}: give {', '.join((*_REQUIRED, *_ADDRESSES[2:], 'endpoints'))}.")
    for key in _ADDRESSES:
        _require_open_address(key, str(value.get(key) or ""))
    # Ansible hands in tagged strings; msal and requests get plain ones.
    addresses = {key: str(value[key]).rstrip("/") if value.get(key) else None for key in _ADDRESSES}
    return Cloud(
        str(value["name"]),
        str(addresses["authority"]),
        str(addresses["graph"]),
        addresses["registration_scope"],
        addresses["download_url"],
        endpoints=tuple(str(endpoint) for endpoint in value.get("endpoints") or (_host_of(str(addresses["authority"])),)),
    )


def _host_of(address: str) -> str:
    """Return HOST:PORT of an https:// address."""
    parts = urllib.parse.urlsplit(address)
    return f"{parts.hostname}:{parts.port or 443}"


def _require_open_address(key: str, address: str) -> None:
    """Refuse an address that is not https, or that carries what must not be shown: a cloud's addresses are in results and messages."""
    shown = masked_address(address)
    if address and not address.startswith("https://"):
        raise ConfigurationError(f"'{key}' in 'cloud' is '{shown}': give an address that starts with https://.")
    if shown != address:
        raise ConfigurationError(
            f"'{key}' in 'cloud' is '{shown}': write it without a user name, a password and a query. The address of a package that carries "
            "a key belongs into the option 'url'."
        )
