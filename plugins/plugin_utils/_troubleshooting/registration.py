# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the agent's PowerShell module, which names no remedies itself.

The texts come from Microsoft's support articles and from administrators' reports; the module is not documented to keep them, so what is
not known here is quoted as it is.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .entries import Chapter, Entry
from .sources import INFERRED, PREREQUISITES, REPORTED, TROUBLESHOOT, WINDOWS

#: What .NET Framework says of a way that is not open, besides a certificate that is not trusted.
_CONNECTION_FAILURES = (
    "NameResolutionFailure",
    "ProxyNameResolutionFailure",
    "ConnectFailure",
    "ConnectionClosed",
    "KeepAliveFailure",
    "ReceiveFailure",
    "RequestCanceled",
    "SecureChannelFailure",
    "SendFailure",
    "Timeout",
)

REGISTRATION = Chapter(
    title="Errors of the registration",
    about="`agent_register` quotes what the agent's PowerShell module says of a step that failed, and puts this remedy behind it.",
    otherwise="read the agent's trace log below ProgramData, correct what it names, then run it again",
    entries=(
        Entry(
            # ERROR_LOGON_FAILURE, ERROR_ACCOUNT_RESTRICTION, ERROR_PASSWORD_EXPIRED, ERROR_ACCOUNT_DISABLED, ERROR_PASSWORD_MUST_CHANGE,
            # ERROR_ACCOUNT_LOCKED_OUT, and a directory's invalidCredentials.
            codes=(1326, 1327, 1330, 1331, 1907, 1909, "LDAP 49"),
            exceptions=("Microsoft.ActiveDirectory.Management.ADInvalidPasswordException",),
            words=r"user ?name or password is incorrect|logon failure",
            seen=("The user name or password is incorrect.", "Logon failure."),
            meaning="the domain refuses the account, its password, or a member of the group Protected Users",
            remedy="check 'username' and 'password' of this domain; the password must not have expired, and a member of the group "
            "Protected Users is refused with these words too",
            source=REPORTED,
        ),
        Entry(
            codes=(0x8009000D,),  # NTE_NO_KEY
            words=r"\bKDS\b",
            seen=("Unable to create gMSA because KDS may not be running on domain controller.",),
            meaning="the forest has no KDS root key that is in force, which passwords of service accounts are made from",
            remedy="make a KDS root key in the forest (Add-KdsRootKey) and wait ten hours, until every domain controller has it",
            source=TROUBLESHOOT,
        ),
        Entry(
            words=r"unable to install service account|cannot install service account",
            seen=("Unable to install service account pGMSA_1a2b3c4d$ after 6 retries.", "Cannot install service account."),
            meaning="the host may not retrieve the service account's password, or its domain controller does not know yet that it may",
            remedy="let the host retrieve the account's password (PrincipalsAllowedToRetrieveManagedPassword), wait for the replication, "
            "then restart the host",
            source=TROUBLESHOOT,
        ),
        Entry(
            exceptions=("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException",),
            words=r"cannot find an object with identity|does not exist.*service account|service account.*not (be )?found",
            seen=(
                "Cannot find an object with identity: 'svcSync$'.",
                "svcSync$ does not exist as a service account.",
                "The service account was not found.",
            ),
            meaning="the group managed service account does not exist",
            remedy="make the group managed service account first, or correct 'gmsa.name'",
            source=REPORTED,
        ),
        Entry(
            codes=(1069, 1385),  # ERROR_SERVICE_LOGON_FAILED, ERROR_LOGON_TYPE_NOT_GRANTED
            words=r"failed changing windows service credentials",
            seen=("Failed changing Windows service credentials to gMSA.",),
            meaning="the agent's service cannot be given the account",
            remedy="give the account the right 'Log on as a service', then run it again",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=(8240, "LDAP 32"),  # ERROR_DS_NO_SUCH_OBJECT, 0x80072030
            words=r"no such object",
            seen=("There is no such object on the server.",),
            meaning="the domain lacks a container or a schema that group managed service accounts need",
            remedy="the domain lacks the container Managed Service Accounts or a schema of Windows Server 2012 or newer: restore it, or "
            "run adprep",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=(1312, 0x80090345),  # ERROR_NO_SUCH_LOGON_SESSION, SEC_E_DELEGATION_REQUIRED
            words=r"specified logon session does not exist|trusted for delegation",
            seen=(
                "A specified logon session does not exist. It may already have been terminated.",
                "The computer must be trusted for delegation and the current user account must be configured to allow delegation.",
            ),
            meaning="the connection's logon came over the network and cannot be used further: no stored secrets, no domain controller",
            remedy="become SYSTEM, or use CredSSP or Kerberos with delegation",
            source=WINDOWS,
        ),
        Entry(
            # ERROR_NO_SUCH_DOMAIN, ERROR_NO_LOGON_SERVERS, ERROR_DS_SERVER_DOWN, and a directory's serverDown and unavailable.
            codes=(1355, 1311, 8250, "LDAP 81", "LDAP 52"),
            exceptions=(
                "Microsoft.ActiveDirectory.Management.ADServerDownException",
                "System.DirectoryServices.ActiveDirectory.ActiveDirectoryObjectNotFoundException",
                "System.DirectoryServices.ActiveDirectory.ActiveDirectoryServerDownException",
            ),
            words=r"specified domain .* does not exist|cannot be contacted|domain .* could not be found",
            seen=(
                "The specified domain fabrikam.com does not exist.",
                "The server cannot be contacted.",
                "The domain fabrikam.com could not be found.",
            ),
            meaning="the host finds no domain controller of the domain",
            remedy="check the domain's name, and that the host finds its domain controllers by DNS and reaches them by LDAP",
            source=REPORTED,
        ),
        Entry(
            codes=("HTTP 403",),
            words=r"hybrid identity administrator|\brole\b.*(global|hybrid|administrator)|MissingRole",
            seen=("The user is no Hybrid Identity Administrator.", "The user needs the role Global Administrator.", "MissingRole"),
            meaning="the signed-in user may not register agents",
            remedy="give the signed-in user the role Hybrid Identity Administrator, active and not only eligible, then sign in anew",
            source=PREREQUISITES,
        ),
        Entry(
            # ERROR_VIRUS_INFECTED, ERROR_VIRUS_DELETED
            codes=(225, 226),
            words=r"malicious content|contains a virus",
            seen=(
                "This script contains malicious content and has been blocked by your antivirus software.",
                "Operation did not complete successfully because the file contains a virus or potentially unwanted software.",
            ),
            meaning="the host's antivirus has refused the module, one of its files or the script that uses it",
            remedy="look for the refusal in the antivirus' log, and exempt the agent's folder and the account of the connection from it",
            source=WINDOWS,
        ),
        Entry(
            # ERROR_ACCESS_DISABLED_BY_POLICY, ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION
            codes=(1260, 4551),
            words=r"blocked by (group|software restriction) policy|application control policy has blocked",
            seen=(
                "This program is blocked by group policy.",
                "The file is blocked by software restriction policy.",
                "An Application Control policy has blocked this file.",
            ),
            meaning="a policy for applications (AppLocker, WDAC, software restriction) blocks the module or one of its files",
            remedy="allow Microsoft's signature for the agent's folder in the policy for applications",
            source=WINDOWS,
        ),
        Entry(
            words=r"HRESULT: 0x80131515|assembly from a network location",
            seen=(
                "Could not load file or assembly. Operation is not supported. (Exception from HRESULT: 0x80131515)",
                "An attempt was made to load an assembly from a network location.",
            ),
            meaning="Windows marks a file of the module as one from the Internet, and .NET does not load it",
            remedy="unblock the files of the agent's folder (Get-ChildItem -Recurse | Unblock-File), or repair the agent",
            source=WINDOWS,
        ),
        Entry(
            codes=(0x80131040,),  # FUSION_E_REF_DEF_MISMATCH
            exceptions=("System.MissingMethodException", "System.Reflection.ReflectionTypeLoadException", "System.TypeLoadException"),
            words=r"could not load (file or assembly|type)|method not found",
            seen=(
                "Could not load file or assembly 'Newtonsoft.Json, Version=13.0.0.0' or one of its dependencies.",
                "Could not load type 'Microsoft.Identity.Client.Extensibility'.",
                "Method not found: 'Void Azure.Core.TokenRequestContext'.",
            ),
            meaning="the module gets an assembly of another version than it was built with, or one is missing",
            remedy="repair the agent (provisioning_agent_state: repaired); if that does not help, take other versions of the named "
            "assembly out of the global assembly cache and the profile scripts of PowerShell",
            source=INFERRED,
        ),
        Entry(
            exceptions=("System.Management.Automation.PSSecurityException",),
            words=r"execution ?policy|running scripts is disabled",
            seen=("Security error: execution policy Unrestricted", "Running scripts is disabled on this system."),
            meaning="the host's execution policy does not let the module's scripts run",
            remedy="set the host's execution policy to RemoteSigned",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=("WebException TrustFailure",),
            words=r"trust relationship|certificate.*(invalid|validation)|remote certificate",
            seen=(
                "Could not establish trust relationship for the SSL/TLS secure channel.",
                "The certificate is invalid.",
                "Certificate validation failed.",
                "The remote certificate was rejected.",
            ),
            meaning="a device on the way shows a certificate of its own",
            remedy="take the registration hosts (*.msappproxy.net) out of TLS inspection",
            source=INFERRED,
        ),
        Entry(
            codes=(
                *(f"WebException {name}" for name in _CONNECTION_FAILURES),
                *(f"HTTP {status}" for status in (407, 408, 429, 500, 502, 503, 504)),
            ),
            exceptions=("System.Net.Sockets.SocketException", "System.TimeoutException", "System.Threading.Tasks.TaskCanceledException"),
            words=r"remote name could not be resolved|no such host|unable to connect|connection .*(refused|closed|aborted)|timed out"
            r"|timeout|HTTP status (429|5\d\d)",
            seen=(
                "The remote name could not be resolved: 'x.registration.msappproxy.net'",
                "No such host is known.",
                "Unable to connect to the remote server",
                "The connection was closed.",
                "The operation has timed out.",
                "Timeout",
                "The service answered with HTTP status 503.",
            ),
            meaning="the host does not reach Microsoft's registration service, or the service is busy",
            remedy="check the host's way to Microsoft (proxy, firewall, port 443), then run it again",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=("HTTP 401",),
            words=r"access token (was refused|is missing)|token is expired|not of (tenant|user)",
            seen=("The access token was refused.", "The token is expired.", "The token is not of tenant contoso.com."),
            meaning="the token is over, of another tenant or user, or not valid by the host's clock",
            remedy="sign in anew; check 'tenant_id' and that the host's clock is right",
            source=REPORTED,
        ),
    ),
)
