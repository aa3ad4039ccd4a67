# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts as the payload facts.ps1 reads them, for tables of verdicts: a healthy host, and ways to change one thing."""

from __future__ import annotations

import copy
import typing as t

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
    "other_agents": [],
    "registration_pending": False,
    "vault": {"name": "VaultSvc", "present": True, "start_type": "manual"},
    "installing": False,
    "package": None,
    "domains": ["contoso.lab"],
    "domains_error": None,
}

CONFIRMED: dict[str, t.Any] = {
    "status": "confirmed",
    "reason": "",
    "id": AGENT_ID,
    "machine_name": "sync1.contoso.lab",
    "matched_by": "agent_id",
    "stale": [],
    "domains": ["contoso.lab"],
}


def host(**changes: t.Any) -> dict[str, t.Any]:
    """Return the healthy host's facts with some of them changed: product__version="1.1.977.0", services__0__state="stopped"."""
    facts = copy.deepcopy(HEALTHY)
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place: t.Any = facts
        for parent in parents:
            place = place[parent]
        place[last] = value
    return facts


def empty_host() -> dict[str, t.Any]:
    """Return the facts of a host that never saw the agent."""
    facts = host(product__version=None, product__module_present=False, product__registry_present=False, product__tenant_id=None)
    facts["product"]["uninstall"] = []
    for service in facts["services"]:
        service.update(present=False, state=None, start_type=None, account=None, managed_account=None)
    return {**facts, "certificates": [], "domains": None}
