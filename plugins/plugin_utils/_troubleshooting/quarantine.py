# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a sync configuration is in quarantine: the errors of Microsoft's list, and the reasons for a quarantine without an error.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .entries import Chapter, Entry
from .sources import QUARANTINE, SYNC_CODES, TROUBLESHOOT

#: These errors have codes, but they are found by words: the code of a time-out in Active Directory, for example, is a general one,
#: and the message behind it says what it is about.
QUARANTINE_ERRORS = Chapter(
    title="Errors of a sync configuration in quarantine",
    about="The check `synchronization DOMAIN` shows the error that Microsoft Graph has for the configuration, with this remedy.",
    otherwise="read the provisioning logs for the error",
    entries=(
        Entry(
            words="client side timeout limit",
            seen=("The operation was aborted because the client side timeout limit was exceeded.",),
            meaning="Active Directory answers the agent too slowly",
            remedy="the domain controllers answer too slowly: index the attributes that the configuration filters by, or raise the setting "
            "'ldap_connection_timeout'",
            source=TROUBLESHOOT,
        ),
        Entry(
            words="HybridIdentityServiceNoActiveAgents",
            seen=("HybridIdentityServiceNoActiveAgents",),
            meaning="no agent of the domain is active",
            remedy="start the service AADConnectProvisioningAgent on a host of the domain, and open the host's way to "
            "*.servicebus.windows.net",
            source=SYNC_CODES,
        ),
        Entry(
            words="HybridIdentityServiceNoAgentsAssigned",
            seen=("HybridIdentityServiceNoAgentsAssigned",),
            meaning="no agent serves the domain",
            remedy="register an agent with this domain",
            source=SYNC_CODES,
        ),
        Entry(
            words="HybridIdentityService(Agent)?Timeout|ConnectorTimeout|GatewayTimeout|ServiceBusClientWebSocket",
            seen=(
                "HybridIdentityServiceTimeout",
                "HybridIdentityServiceAgentTimeout",
                "ConnectorTimeout",
                "GatewayTimeout",
                "ServiceBusClientWebSocket was expecting more bytes",
            ),
            meaning="the way between Microsoft's relay and the agent is interrupted",
            remedy="check the host's way to *.servicebus.windows.net (proxy, TLS inspection, firewall); where it is open, move the agent "
            "to a new host",
            source=SYNC_CODES,
        ),
        Entry(
            # The role's registration would find the domain served and do nothing: that takes 'force'.
            words="HybridIdentityServiceInvalidResource",
            seen=("HybridIdentityServiceInvalidResource",),
            meaning="Microsoft's service does not know the domain of the agent (T16)",
            remedy="register the agent again with this domain (agent_register with 'force: true')",
            source=SYNC_CODES,
        ),
        Entry(
            words="HybridIdentityServiceAgentSignalingError",
            seen=("HybridIdentityServiceAgentSignalingError",),
            meaning="the agent does not answer Microsoft's relay",
            remedy="restart the service AADConnectProvisioningAgent, and check the host's way to *.servicebus.windows.net",
            source=SYNC_CODES,
        ),
        Entry(
            words="HybridSynchronizationActiveDirectoryInternalServerError",
            seen=("HybridSynchronizationActiveDirectoryInternalServerError",),
            meaning="Active Directory refuses or fails what the agent asks of it",
            remedy="check the rights of the agent's service account in the domain and the errors in its trace log",
            source=SYNC_CODES,
        ),
        Entry(
            # Two agents that are registered at the same time leave this behind as well (T23).
            words="AzureActiveDirectory(InvalidCredential|ExpiredCredentials)",
            seen=("AzureActiveDirectoryInvalidCredential", "AzureActiveDirectoryExpiredCredentials"),
            meaning="the tenant's account for the synchronisation cannot sign in",
            remedy="repair the tenant's account ADToAADSyncServiceAccount and exclude the role Directory Synchronization Accounts from "
            "Conditional Access; if two agents were registered at the same time, remove one and register it again by itself",
            source=SYNC_CODES,
        ),
        Entry(
            words="AzureDirectoryServiceAuthorizationFailed",
            seen=("AzureDirectoryServiceAuthorizationFailed",),
            meaning="the tenant lacks the service principal that writes to it",
            remedy="make the tenant's service principal 'Microsoft Entra AD Synchronization Service' again, and wait for up to 24 hours",
            source=SYNC_CODES,
        ),
        Entry(
            words="AzureDirectoryServiceServerBusy",
            seen=("AzureDirectoryServiceServerBusy",),
            meaning="Microsoft's service is busy",
            remedy="wait: Microsoft's service is busy; call its support after 24 hours",
            source=SYNC_CODES,
        ),
        Entry(
            words=r"\bTimeOut\b",
            seen=("TimeOut",),
            meaning="a run took longer than the service allows",
            remedy="wait for the next attempt; if it fails too, check that domain controllers and agent answer within ten minutes",
            source=SYNC_CODES,
        ),
        Entry(
            words="UnexpectedDuplicateEntriesFound",
            seen=("HybridSynchronizationActiveDirectoryUnexpectedDuplicateEntriesFound",),
            meaning="Active Directory holds objects that should be one",
            remedy="remove the duplicate objects from Active Directory",
            source=SYNC_CODES,
        ),
    ),
)

QUARANTINE_REASONS = Chapter(
    title="Reasons of a quarantine without an error",
    about="Where Graph has no error, or an unknown error, the remedy follows the reason of the quarantine.",
    otherwise=QUARANTINE_ERRORS.otherwise,
    entries=(
        Entry(
            codes=("EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold", "EncounteredEscrowProportionThreshold"),
            meaning="more objects failed than the job tolerates",
            remedy="too many objects failed: repair the failures that the provisioning logs name",
            source=QUARANTINE,
        ),
        Entry(
            codes=("EncounteredQuarantineException",),
            meaning="the job met an error that stops it as a whole",
            remedy="repair the error that the configuration's status shows",
            source=QUARANTINE,
        ),
        Entry(
            codes=("QuarantinedOnDemand",),
            meaning="somebody has put the job into quarantine",
            remedy="ask who put the job into quarantine by hand, and why",
            source=QUARANTINE,
        ),
        Entry(
            codes=("TooManyDeletes",),
            meaning="the run would delete more objects than the configuration allows",
            remedy="look at the rows StagedDelete in the provisioning logs; allow the deletions, or put the scope right",
            source=QUARANTINE,
        ),
        Entry(
            codes=("IngestionInterrupted",),
            meaning="reading from Active Directory was interrupted",
            remedy="check that the agent is active and reaches its domain controllers",
            source=QUARANTINE,
        ),
    ),
)
