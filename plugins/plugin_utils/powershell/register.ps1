# Payload: registers the agent in a PowerShell process of its own, restarts its service, and tells how the host is afterwards.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    # JSON of what register_session.ps1 takes; a secure string since it holds the token and the passwords.
    [System.Security.SecureString]$Request,
    # The text of register_session.ps1.
    [string]$Session,
    [int]$TimeoutSeconds = 600
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Ansible.Changed = $false

# include: storage.ps1
# include: settings.ps1
# include: agent.ps1
# include: services.ps1
# include: process.ps1

function ConvertTo-Hashtable {
    # ConvertFrom-Json of 5.1 has no -AsHashtable; one level is enough, the session reads the rest as objects.
    param(
        [object]$InputObject
    )
    $table = @{}
    foreach ($property in $InputObject.PSObject.Properties) {
        $table[$property.Name] = $property.Value
    }
    return $table
}

function Get-RegistrationMark {
    # What a registration changes: the tenant in the registry and the certificates.
    $thumbprints = @(Get-CertificateFact | ForEach-Object -Process { $_.thumbprint } | Sort-Object)
    return (@((Get-ProductFact).tenant_id) + $thumbprints) -join ' '
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$text = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Request).Password
$values = ConvertTo-Hashtable -InputObject ($text | ConvertFrom-Json)
$answer = @{ steps = @(); domains = $null; error = ''; service_error = ''; facts = $null }
$before = Get-RegistrationMark
try {
    $values.module = (Get-ProductFact).module
    $result = Invoke-PowerShellProcess -Script $Session -Values $values -TimeoutSeconds $TimeoutSeconds
    $answer.steps = @($result.steps)
    $answer.domains = $result.domains
}
catch {
    $answer.error = $_.Exception.Message
}
# A step that failed, or ran out of time, may have registered the agent all the same.
if (@($answer.steps | Where-Object -FilterScript { $_.changed }).Count -gt 0 -or (Get-RegistrationMark) -ne $before) {
    $Ansible.Changed = $true
    try {
        # The agent takes up its registration, and Windows the new account, when the service starts.
        $null = Start-AgentService -Name 'AADConnectProvisioningAgent' -Deadline $deadline -Restart
    }
    catch {
        $answer.service_error = $_.Exception.Message
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
