# Payload: reads everything about the agent on this host, and about a package file when one is named. Changes nothing.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding(SupportsShouldProcess)]
param(
    # A package file to judge, or ''; Expected is the JSON of what it must be (see Get-PackageRefusal).
    [string]$PackagePath = '',
    [string]$Expected = '{}',
    # The text of domains_session.ps1 to ask the agent's module for its domains, or '' to leave them unread.
    [string]$DomainSession = '',
    [int]$TimeoutSeconds = 120
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# Check mode hands in -WhatIf: nothing here changes the host, and reading must not go quiet.
$WhatIfPreference = $false
$Ansible.Changed = $false

# include: storage.ps1
# include: settings.ps1
# include: agent.ps1
# include: installer.ps1
# include: timestamp.ps1
# include: package.ps1
# include: process.ps1

$facts = Get-AgentFact
$facts.installing = Test-InstallationRunning
$facts.package = $null
if ($PackagePath) {
    $package = Get-PackageFact -Path $PackagePath
    $package.refusal = Get-PackageRefusal -Fact $package -Expected ($Expected | ConvertFrom-Json)
    $facts.package = $package
}
$facts.domains = $null
$facts.domains_error = $null
if ($DomainSession -and $facts.product.module_present -and $facts.product.tenant_id) {
    try {
        $answer = Invoke-PowerShellProcess -Script $DomainSession -Values @{ module = $facts.product.module } -TimeoutSeconds $TimeoutSeconds
        $facts.domains = $answer.domains
    }
    catch {
        # Which getter a build has, and whether it wants a sign-in, is not documented: the controller treats this as "unknown".
        $facts.domains_error = $_.Exception.Message
    }
}
$Ansible.Result = $facts | ConvertTo-Json -Depth 8 -Compress
