# Payload: registers the agent in a PowerShell process of its own, restarts its service, and returns how the host is afterwards.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    # JSON of what sessions/register.ps1 takes; a secure string since it holds the token and the passwords.
    [System.Security.SecureString]$Request,
    # The text of sessions/register.ps1, or '' to restart the service only.
    [string]$Session = '',
    # Restart the service even if nothing has been registered.
    [switch]$Restart,
    [int]$TimeoutSeconds = 600
)
# include: language.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Ansible.Changed = $false

# include: agent.ps1
# include: services.ps1
# include: lock.ps1
# include: process.ps1
# include: proxy.ps1

function Get-RegistrationMark {
    # What a registration changes: the tenant in the registry and the certificates.
    $thumbprints = @(Get-CertificateFact | ForEach-Object -Process { $_.thumbprint } | Sort-Object)
    return (@((Get-ProductFact).tenant_id) + $thumbprints) -join ' '
}

function Invoke-RegistrationSession {
    # Runs the session and writes its outcome into the answer; its end, good or bad, is the caller's to judge.
    param(
        [hashtable]$Answer
    )
    $text = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Request).Password
    $product = Get-ProductFact
    $values = @{ module = $product.module }
    try {
        $values.way = Get-AgentWay -Configured $product.configuration.proxy
        $Answer.proxy = Get-WayFact -Way $values.way
        $result = Invoke-PowerShellProcess -Script $Session -Values $values -Json $text -TimeoutSeconds $TimeoutSeconds
        $Answer.steps = @($result.steps)
        $Answer.domains = $result.domains
    }
    catch [System.TimeoutException], [System.IO.EndOfStreamException] {
        # Its steps are not known: any of them may have changed something.
        $Answer.unanswered = $true
        $Answer.error = $_.Exception.Message
    }
    catch {
        $Answer.error = $_.Exception.Message
    }
}

function Register-Agent {
    # Runs the session, and restarts the service if anything has been registered or the caller wants it.
    param(
        [hashtable]$Answer
    )
    $before = Get-RegistrationMark
    # If the connection breaks, or the host goes down, between here and the restart, the next run finds this and restarts the service.
    Set-RegistrationPending -Pending $true
    if ($Session) {
        Invoke-RegistrationSession -Answer $Answer
    }
    # A step that failed may have registered the agent all the same.
    $registered = $Answer.unanswered -or @($Answer.steps | Where-Object -FilterScript { $_.changed }).Count -gt 0 -or (Get-RegistrationMark) -ne $before
    if ($registered -or $Restart) {
        $Ansible.Changed = $true
        try {
            # The agent takes up its registration, and Windows the new account, when the service starts.
            $null = Start-AgentService -Name 'AADConnectProvisioningAgent' -Deadline $deadline -Restart
        }
        catch {
            $Answer.service_error = $_.Exception.Message
        }
    }
    if (-not $Answer.service_error) {
        Set-RegistrationPending -Pending $false
    }
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{ busy = $false; unanswered = $false; steps = @(); domains = $null; proxy = $null; error = ''; service_error = ''; facts = $null }
$lock = Enter-HostLock
if ($null -eq $lock) {
    $answer.busy = $true
}
else {
    try {
        Register-Agent -Answer $answer
    }
    finally {
        Exit-HostLock -Mutex $lock
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
