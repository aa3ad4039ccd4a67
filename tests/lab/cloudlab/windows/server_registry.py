# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes the golden host look like a supported server in a healthy forest, as values of its registry.

The keys below SOFTWARE\\Cloud Sync Lab are what the stand-ins answer from; a test changes them to break a host.
"""

from __future__ import annotations

from cloudlab.limits import limit

Registry = dict[str, dict[str, str | int]]

_MACHINE = "HKEY_LOCAL_MACHINE"
_LAB = rf"{_MACHINE}\SOFTWARE\Cloud Sync Lab"
_CONTROL = rf"{_MACHINE}\SYSTEM\CurrentControlSet\Control"
_TLS = rf"{_CONTROL}\SecurityProviders\SCHANNEL\Protocols\TLS 1.2"
_DOMAIN = "DC=contoso,DC=lab"
_CONFIGURATION = f"CN=Configuration,{_DOMAIN}"
_SCHEMA = f"CN=Schema,{_CONFIGURATION}"
_KEYS = f"CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,{_CONFIGURATION}"
_PARTITIONS = f"CN=Partitions,{_CONFIGURATION}"
#: Another domain of the forest, with a service account that hosts of this one may use.
_OTHER_DOMAIN = "DC=corp,DC=lab"
_ACCOUNTS = f"CN=Managed Service Accounts,{_DOMAIN}"
_SID = "S-1-5-21-1004336348-1177238915-682003330"
#: The group of the hosts that may retrieve the accounts' passwords.
_HOSTS = f"{_SID}-1150"
#: The default account of the agent, under whatever name Microsoft's side has made it, and a custom one.
_ACCOUNT_SIDS = {"provAgentgMSA": f"{_SID}-1601", "svcSync": f"{_SID}-1602"}
#: 2024-01-01 as Windows counts time.
_KEY_START = "133485408000000000"


def server_registry() -> Registry:
    """What a Windows Server 2022 has in its registry and the collection or its users read; Wine has Windows 10 values or none."""
    return {
        r"HKEY_CURRENT_USER\Software\Wine": {"Version": "win10"},
        # Of a program that lies in system32 itself Wine takes its own, whatever file is there.
        r"HKEY_CURRENT_USER\Software\Wine\DllOverrides": dict.fromkeys(
            ("shutdown.exe", "msiexec.exe", "secedit.exe", "netstat.exe"), "native"
        ),
        rf"{_MACHINE}\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
            "ProductName": "Windows Server 2022 Standard",
            "InstallationType": "Server",
            "EditionID": "ServerStandard",
            "CurrentBuild": "20348",
            "CurrentBuildNumber": "20348",
            "UBR": 3000,
        },
        rf"{_CONTROL}\ProductOptions": {"ProductType": "ServerNT"},
        rf"{_MACHINE}\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full": {"Release": 528449, "Version": "4.8.04161"},
        rf"{_MACHINE}\SOFTWARE\Microsoft\.NETFramework\v4.0.30319": {"SchUseStrongCrypto": 1},
        rf"{_MACHINE}\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319": {"SchUseStrongCrypto": 1},
        **{rf"{_TLS}\{side}": {"Enabled": 1, "DisabledByDefault": 0} for side in ("Client", "Server")},
        rf"{_MACHINE}\SYSTEM\CurrentControlSet\Services\VaultSvc": {
            "DisplayName": "Credential Manager",
            "ImagePath": r"C:\windows\system32\lsass.exe",
            "ObjectName": "LocalSystem",
            "Start": 3,
            "Type": 0x20,
        },
        # How long a new service may take to answer Wine's service manager, which sees also that its process has ended.
        _CONTROL: {"ServicesPipeTimeout": limit() * 1000},
        _LAB: {
            "LimitSeconds": limit(),
            "ServiceLogonRight": ",".join(f"*{sid}" for sid in ("S-1-5-80-0", *_ACCOUNT_SIDS.values())),
            "Connections": 3,
        },
        rf"{_LAB}\Computer": {"PartOfDomain": 1, "MemoryMiB": 8192},
        rf"{_LAB}\Events": {},
        **{rf"{_LAB}\Directory\{name}": values for name, values in _forest().items()},
    }


def _forest() -> Registry:
    """The entries that tests/lab/managed/Protocols.cs answers from."""
    return {
        "RootDSE": {
            "defaultNamingContext": _DOMAIN,
            "configurationNamingContext": _CONFIGURATION,
            "schemaNamingContext": _SCHEMA,
        },
        _DOMAIN: {"objectClass": "domainDNS"},
        _SCHEMA: {"objectVersion": "88"},
        f"CN=ms-DS-External-Directory-Object-Id,{_SCHEMA}": {"lDAPDisplayName": "msDS-ExternalDirectoryObjectId"},
        _KEYS: {"sDRightsEffective": "15"},
        f"CN=7f9a1b52,{_KEYS}": {"msKds-UseStartTime": _KEY_START},
        f"<WKGUID=1EB93889E40C45DF9F0C64D23BBB6237,{_DOMAIN}>": {"cn": "Managed Service Accounts"},
        f"CN=HOST,CN=Computers,{_DOMAIN}": {
            "sAMAccountName": "{computer}$",
            "objectSid": f"sid:{_SID}-1105",
            "tokenGroups": f"sid:{_HOSTS}",
        },
        _PARTITIONS: {},
        # The forest's root names its configuration too, which is no domain.
        f"CN=Enterprise Configuration,{_PARTITIONS}": {"objectClass": "crossRef", "nCName": _CONFIGURATION, "dnsRoot": "contoso.lab"},
        f"CN=CONTOSO,{_PARTITIONS}": _domain("CONTOSO", _DOMAIN, "contoso.lab"),
        f"CN=CORP,{_PARTITIONS}": _domain("CORP", _OTHER_DOMAIN, "corp.lab"),
        _OTHER_DOMAIN: {"objectClass": "domainDNS"},
        f"CN=corpSync,CN=Managed Service Accounts,{_OTHER_DOMAIN}": _account("corpSync$", f"{_SID[:-1]}4-1603"),
        f"CN=provAgentgMSA,{_ACCOUNTS}": _account("{account}", _ACCOUNT_SIDS["provAgentgMSA"]),
        f"CN=svcSync,{_ACCOUNTS}": _account("svcSync$", _ACCOUNT_SIDS["svcSync"]),
    }


def _domain(netbios: str, context: str, dns: str) -> dict[str, str | int]:
    return {"objectClass": "crossRef", "nETBIOSName": netbios, "nCName": context, "dnsRoot": dns}


def _account(name: str, sid: str) -> dict[str, str | int]:
    return {
        "objectClass": "msDS-GroupManagedServiceAccount",
        "sAMAccountName": name,
        "objectSid": f"sid:{sid}",
        "msDS-SupportedEncryptionTypes": "28",
        "msDS-GroupMSAMembership": f"sddl:O:BAD:(A;;GA;;;{_HOSTS})",
    }
