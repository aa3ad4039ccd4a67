# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts as the payload facts.ps1 reads them, for tables of verdicts: a healthy host, and ways to change one thing."""

from __future__ import annotations

import copy
import json
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.parsing import parse_answer

TENANT = "8d4f5c0a-1111-4222-8333-944455566677"
AGENT_ID = "6b1f9c6e-2f0e-4d0e-9d1f-0c6a6c0f5d11"

HEALTHY: dict[str, t.Any] = {
    "host": {"name": "SYNC1", "domain": "contoso.lab", "fqdn": "sync1.contoso.lab", "time": "2026-11-25T20:00:00Z", "powershell": "5.1"},
    "product": {
        "install_dir": r"C:\Program Files\Microsoft Azure AD Connect Provisioning Agent",
        "executable": r"C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\AADConnectProvisioningAgent.exe",
        "version": "1.1.2334.0",
        "module": r"C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\Microsoft.CloudSync.PowerShell.dll",
        "module_present": True,
        "registry_present": True,
        "tenant_id": TENANT,
        "uninstall": [
            {
                "key": "{6B1F0F0E-51F2-4C1E-9D52-0D1D5E7A3C44}",
                "view": "Registry32",
                "display_name": "Microsoft Entra Provisioning Agent Package",
                "version": "1.1.2334.0",
                "bundle": True,
                "updater": False,
                "quiet_uninstall": r'"C:\ProgramData\Package Cache\setup.exe" /uninstall /quiet',
            }
        ],
        "configuration": {
            "path": "",
            "present": True,
            "well_formed": True,
            "error": "",
            "proxy": None,
            "enforce_fips_policy": None,
            "tunables": [],
        },
    },
    "services": [
        {
            "name": "AADConnectProvisioningAgent",
            "present": True,
            "display_name": "Microsoft Azure AD Connect Provisioning Agent",
            "state": "running",
            "start_type": "auto",
            "account": r"CONTOSO\pGMSA_1a2b3c4d$",
            "managed_account": True,
            "path": "",
        },
        {
            "name": "AzureADConnectAgentUpdater",
            "present": True,
            "display_name": "Microsoft Azure AD Connect Agent Updater",
            "state": "running",
            "start_type": "auto",
            "account": "LocalSystem",
            "managed_account": False,
            "path": "",
        },
    ],
    "certificates": [
        {
            "thumbprint": "0C1F",
            "subject": f"CN={TENANT}",
            "issuer": "CN=HISConnectorRegistrationCA.his.msappproxy.net",
            "agent_id": AGENT_ID,
            "not_before": "2026-09-10T08:00:00Z",
            "not_after": "2027-01-17T08:00:00Z",
            "has_private_key": True,
        }
    ],
    "trust": {"own": None, "others": []},
    "other_agents": [],
    "registration_pending": False,
    "vault": {
        "name": "VaultSvc",
        "present": True,
        "display_name": "Credential Manager",
        "state": "stopped",
        "start_type": "manual",
        "account": "LocalSystem",
        "managed_account": False,
        "path": "",
    },
    "installing": False,
    "package": None,
    "domains": ["contoso.lab"],
    "domains_error": None,
    "platform": {
        "windows": {
            "name": "Windows Server 2022 Standard",
            "build": 20348,
            "revision": 3000,
            "product_type": "server",
            "installation_type": "Server",
        },
        "domain_member": True,
        "domain": "contoso.lab",
        "memory": 8 * 2**30,
        "computer_problem": "",
        "dotnet_release": 528449,
        "tls": {
            "client": {"enabled": 1, "disabled_by_default": 0},
            "server": {"enabled": 1, "disabled_by_default": 0},
            "strong_crypto": 1,
            "strong_crypto_32": 1,
        },
        "execution_policy": [
            {"scope": scope, "policy": None} for scope in ("MachinePolicy", "UserPolicy", "CurrentUser", "LocalMachine")
        ],
        "pending_reboot": [],
        "disk_free": 40 * 2**30,
        "fips_policy": None,
        "ntlm_policy": None,
        "kerberos_policy": None,
        "ie_esc": None,
        "log_on_right": {
            "readable": True,
            "problem": "",
            "holders": ["S-1-5-80-0", "S-1-5-21-1-2-3-1601"],
            "names": [r"NT SERVICE\ALL SERVICES", r"CONTOSO\pGMSA_1a2b3c4d$"],
        },
        "logon": {"network": True, "ticket": True, "problem": ""},
        "directory": {
            "readable": True,
            "problem": "",
            "kds": {"conclusive": True, "use_start_times": ["2024-01-01T00:00:00Z"]},
            "schema_version": 88,
            "external_object_id": True,
            "account_container": True,
            "account": {
                "name": r"CONTOSO\pGMSA_1a2b3c4d$",
                "exists": True,
                "problem": "",
                "retrievable": True,
                "encryption_types": 28,
                "identifier": "S-1-5-21-1-2-3-1601",
            },
        },
    },
    "endpoints": [
        {
            "host": "login.microsoftonline.com",
            "port": 443,
            "reachable": True,
            "error": "",
            "issuer": "CN=DigiCert SHA2 Secure Server CA, O=DigiCert Inc, C=US",
            "proxy": "",
        }
    ],
    "clock_skew": 1,
    "events": [],
    "harmless_events": 0,
    "events_problem": "",
    "connections": 25,
}

#: A directory that this session cannot ask.
UNREADABLE: dict[str, t.Any] = {
    "readable": False,
    "problem": "no credentials",
    "kds": None,
    "schema_version": None,
    "external_object_id": None,
    "account_container": None,
    "account": None,
}

CONFIRMED: dict[str, t.Any] = {
    "status": "confirmed",
    "reason": "",
    "id": AGENT_ID,
    "machine_name": "sync1.contoso.lab",
    "matched_by": "agent_id",
    "other_machine": None,
    "stale": [],
    "domains": ["contoso.lab"],
}


def host_data(**changes: t.Any) -> dict[str, t.Any]:
    """Return what the healthy host sends, with some of it changed: product__version="1.1.977.0", services__0__state="stopped"."""
    facts = copy.deepcopy(HEALTHY)
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place: t.Any = facts
        for parent in parents:
            place = place[parent]
        place[last] = value
    return facts


def host(**changes: t.Any) -> HostFacts:
    """Return the healthy host's facts with some of them changed, see host_data."""
    return parsed(host_data(**changes))


def parsed(data: dict[str, t.Any]) -> HostFacts:
    """Return the facts that a host sends."""
    return parse_answer(HostFacts, json.dumps(data), "The host")


def empty_data() -> dict[str, t.Any]:
    """Return what a host sends that never saw the agent."""
    facts = host_data(product__version=None, product__module_present=False, product__registry_present=False, product__tenant_id=None)
    facts["product"]["uninstall"] = []
    for service in facts["services"]:
        service.update(present=False, state=None, start_type=None, account=None, managed_account=None)
    return {**facts, "certificates": [], "domains": None}


def empty_host() -> HostFacts:
    """Return the facts of a host that never saw the agent."""
    return parsed(empty_data())
