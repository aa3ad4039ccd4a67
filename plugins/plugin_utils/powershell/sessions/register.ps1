# Session script: signs the agent's module in, sets its service account and adds its domains. A domain that fails leaves the others alone.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Values: module, way (see Get-AgentWay), tenant_id, upn, access_token, gmsa ({name} custom | {username, password} default | null),
# domains [{name, username, password, preferred_domain_controllers[]}], skip_known (leave alone what the module lists).
# Returns steps [{name, target, changed, error, codes, exceptions}] and the domains the module knows afterwards (null when it cannot list
# them).
param($Values)

# include: domains.ps1
# include: errors.ps1
# include: network.ps1

function New-Credential {
    param(
        [object]$Account
    )
    $secret = New-Object -TypeName System.Security.SecureString
    foreach ($character in ([string]$Account.password).ToCharArray()) {
        $secret.AppendChar($character)
    }
    return New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $Account.username, $secret
}

function Invoke-Step {
    # Runs one cmdlet. Returns the step; its error is $null when it went well.
    param(
        [string]$Name,
        [string]$Target,
        [bool]$Changes,
        [scriptblock]$Action
    )
    $step = @{ name = $Name; target = $Target; changed = $false; error = $null; codes = @(); exceptions = @() }
    try {
        $null = & $Action
        $step.changed = $Changes
    }
    catch {
        $fact = Get-ErrorFact -Exception $_.Exception
        $step.error = $fact.message
        $step.codes = $fact.codes
        $step.exceptions = $fact.exceptions
    }
    return $step
}

function Get-DomainToSkip {
    # The domains that the module knows already, where it can list them; else none, and all of them are added again.
    try {
        return @(Get-KnownDomain)
    }
    catch {
        return @()
    }
}

Set-ProcessNetwork -Way $Values.way
Import-Module -Name $Values.module
$steps = @(Invoke-Step -Name 'sign_in' -Target $Values.upn -Changes $false -Action {
    Connect-AADCloudSyncAzureAD -AccessToken $Values.access_token -TenantId $Values.tenant_id -UserPrincipalName $Values.upn
})
# A step that all others need: once it has failed, no further step is tried.
$failed = $null -ne $steps[0].error
if ($null -ne $Values.gmsa -and -not $failed) {
    $steps += Invoke-Step -Name 'gmsa' -Target $(if ($Values.gmsa.name) { $Values.gmsa.name } else { 'default' }) -Changes $true -Action {
        if ($Values.gmsa.name) {
            Add-AADCloudSyncGMSA -CustomGMSAName $Values.gmsa.name
        }
        else {
            Add-AADCloudSyncGMSA -Credential (New-Credential -Account $Values.gmsa)
        }
    }
    $failed = $null -ne $steps[-1].error
}
$known = @(if ($Values.skip_known -and -not $failed) { Get-DomainToSkip })
foreach ($domain in @($Values.domains)) {
    if ($failed -or $known -contains $domain.name) {
        continue
    }
    $steps += Invoke-Step -Name 'domain' -Target $domain.name -Changes $true -Action {
        $parameters = @{ DomainName = $domain.name; Credential = New-Credential -Account $domain }
        if (@($domain.preferred_domain_controllers).Count -gt 0) {
            $parameters.PreferredDomainControllers = [string[]]@($domain.preferred_domain_controllers)
        }
        Add-AADCloudSyncADDomain @parameters
    }
}
$domains = $null
try {
    $domains = @(Get-KnownDomain)
}
catch {
    # This build cannot list its domains: the steps say what was added.
    $domains = $null
}
@{ steps = $steps; domains = $domains }
