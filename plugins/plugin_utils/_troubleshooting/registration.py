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
from .sources import INFERRED, PREREQUISITES, REPORTED, TROUBLESHOOT

REGISTRATION = Chapter(
    title="Errors of the registration",
    about="`agent_register` quotes what the agent's PowerShell module says of a step that failed, and puts this remedy behind it.",
    otherwise="read the agent's trace log below ProgramData, correct what it names, then run it again",
    entries=(
        Entry(
            codes=(1326,),
            words=r"user ?name or password is incorrect|logon failure",
            seen=("The user name or password is incorrect.", "Logon failure."),
            meaning="the domain refuses the account, its password, or a member of the group Protected Users",
            remedy="check 'username' and 'password' of this domain; the password must not have expired, and a member of the group "
            "Protected Users is refused with these words too",
            source=REPORTED,
        ),
        Entry(
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
            words=r"failed changing windows service credentials",
            seen=("Failed changing Windows service credentials to gMSA.",),
            meaning="the agent's service cannot be given the account",
            remedy="give the account the right 'Log on as a service', then run it again",
            source=TROUBLESHOOT,
        ),
        Entry(
            codes=(8240,),  # ERROR_DS_NO_SUCH_OBJECT, 0x80072030
            words=r"no such object",
            seen=("There is no such object on the server.",),
            meaning="the domain lacks a container or a schema that group managed service accounts need",
            remedy="the domain lacks the container Managed Service Accounts or a schema of Windows Server 2012 or newer: restore it, or "
            "run adprep",
            source=TROUBLESHOOT,
        ),
        Entry(
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
            words=r"hybrid identity administrator|\brole\b.*(global|hybrid|administrator)|MissingRole",
            seen=("The user is no Hybrid Identity Administrator.", "The user needs the role Global Administrator.", "MissingRole"),
            meaning="the signed-in user may not register agents",
            remedy="give the signed-in user the role Hybrid Identity Administrator, active and not only eligible, then sign in anew",
            source=PREREQUISITES,
        ),
        Entry(
            words=r"execution ?policy|running scripts is disabled",
            seen=("Security error: execution policy Unrestricted", "Running scripts is disabled on this system."),
            meaning="the host's execution policy does not let the module's scripts run",
            remedy="set the host's execution policy to RemoteSigned",
            source=TROUBLESHOOT,
        ),
        Entry(
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
            words=r"access token (was refused|is missing)|token is expired|not of (tenant|user)",
            seen=("The access token was refused.", "The token is expired.", "The token is not of tenant contoso.com."),
            meaning="the token is over, of another tenant or user, or not valid by the host's clock",
            remedy="sign in anew; check 'tenant_id' and that the host's clock is right",
            source=REPORTED,
        ),
    ),
)
