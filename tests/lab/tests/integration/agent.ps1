# Installs and registers an agent with its own module, and returns what the host knows of it. With -Look it returns that alone.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    [string]$User,
    [securestring]$Password,
    [string]$Domain,
    [string]$DomainUser,
    [securestring]$DomainPassword,
    [switch]$Look
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$install = [System.IO.Path]::Combine($env:ProgramFiles, 'Microsoft Azure AD Connect Provisioning Agent')
$labKey = 'HKLM:\SOFTWARE\Cloud Sync Lab'
$side = (Get-ItemProperty -LiteralPath $labKey).MicrosoftSide

if (-not $Look) {
    $package = 'C:\package.exe'
    Invoke-WebRequest -Uri "$side/packages/release-1.1.2505.0.exe" -OutFile $package -UseBasicParsing
    $setup = Start-Process -FilePath $package -ArgumentList '/quiet' -Wait -PassThru
    if ($setup.ExitCode -ne 0) { throw "The package ended with code $($setup.ExitCode)." }
}
Import-Module -Name "$install\Microsoft.CloudSync.PowerShell.dll"
if (-not $Look) {
    Connect-AADCloudSyncAzureAD -Credential ([System.Management.Automation.PSCredential]::new($User, $Password))
    $administrator = [System.Management.Automation.PSCredential]::new($DomainUser, $DomainPassword)
    Add-AADCloudSyncGMSA -Credential $administrator
    Add-AADCloudSyncADDomain -DomainName $Domain -Credential $administrator
    Restart-Service -Name 'AADConnectProvisioningAgent'
}
$store = [System.Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
$store.Open('ReadOnly')
$Ansible.Result = @{
    side = $side
    agent_id = (Get-ItemProperty -LiteralPath $labKey).AgentId
    keys = @($store.Certificates | Where-Object { $_.HasPrivateKey } | ForEach-Object { $_.Thumbprint })
    domains = @(Get-AADCloudSyncDomains | ForEach-Object { $_.DomainName })
    computer = [System.Environment]::MachineName
    services = @(Get-Service -Name 'AADConnectProvisioningAgent', 'AzureADConnectAgentUpdater' | ForEach-Object { $_.Status.ToString() })
}
$store.Close()
