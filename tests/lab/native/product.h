/* Names of the provisioning agent that its installer and its services share (S12 to S30).
 * Copyright (c) 2026 entra_ops contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PRODUCT_H
#define PRODUCT_H

#define AGENT_SERVICE L"AADConnectProvisioningAgent"
#define AGENT_DISPLAY L"Microsoft Azure AD Connect Provisioning Agent"
#define AGENT_ACCOUNT L"NT SERVICE\\AADConnectProvisioningAgent"
#define AGENT_FOLDER L"Microsoft Azure AD Connect Provisioning Agent"
#define AGENT_PROGRAM L"AADConnectProvisioningAgent.exe"
#define UPDATER_SERVICE L"AzureADConnectAgentUpdater"
#define UPDATER_DISPLAY L"Microsoft Azure AD Connect Agent Updater"
#define UPDATER_FOLDER L"Azure AD Connect Provisioning Agent Updater"
#define UPDATER_PROGRAM L"AzureADConnectAgentUpdater.exe"
/* Other agents that share the updater (S18). */
#define PTA_SERVICE L"AzureADConnectAuthenticationAgent"
#define PTA_DISPLAY L"Microsoft Azure AD Connect Authentication Agent"
#define HEALTH_SERVICE L"AzureADConnectHealthAgent"
#define HEALTH_DISPLAY L"Microsoft Entra Connect Health Agent"
#define AGENTS_KEY L"SOFTWARE\\Microsoft\\Azure AD Connect Agents"
#define AGENT_KEY AGENTS_KEY L"\\Azure AD Connect Provisioning Agent"
#define DATA_FOLDER L"Microsoft\\Azure AD Connect Provisioning Agent"
/* What a real host has from DNS, from its certificate and from nowhere (faults), the lab keeps here. */
#define LAB_KEY L"SOFTWARE\\Cloud Sync Lab"

#endif
