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
    # Runs the session. Returns what the answer has of it: steps, domains, unanswered, error, and proxy; its end, good or bad, is the caller's to
    # judge.
    param(
        [System.Security.SecureString]$Request,
        [string]$Session,
        [int]$TimeoutSeconds
    )
    $outcome = @{ steps = @(); domains = $null; unanswered = $false; error = ''; proxy = $null }
    $text = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Request).Password
    $product = Get-ProductFact
    $values = @{ module = $product.module }
    try {
        $values.way = Get-AgentWay -Configured $product.configuration.proxy
        $outcome.proxy = Get-WayFact -Way $values.way
        $result = Invoke-PowerShellProcess -Script $Session -Values $values -Json $text -TimeoutSeconds $TimeoutSeconds
        $outcome.steps = @($result.steps)
        $outcome.domains = $result.domains
    }
    catch [System.TimeoutException], [System.IO.EndOfStreamException] {
        # Its steps are not known: any of them may have changed something.
        $outcome.unanswered = $true
        $outcome.error = $_.Exception.Message
    }
    catch {
        $outcome.error = $_.Exception.Message
    }
    return $outcome
}

function Restart-Agent {
    # The agent takes up its registration, and Windows the new account, when the service starts. Returns why it does not start, or ''.
    param(
        [System.DateTime]$Deadline
    )
    try {
        $null = Start-AgentService -Name 'AADConnectProvisioningAgent' -Deadline $Deadline -Restart
    }
    catch {
        return $_.Exception.Message
    }
    return ''
}

function Register-Agent {
    # Runs the session, if there is one, and restarts the service if anything has been registered or the caller wants it.
    # Returns what the answer has of both.
    param(
        [hashtable]$Registration,
        [bool]$Restart,
        [System.DateTime]$Deadline
    )
    $outcome = @{ steps = @(); domains = $null; unanswered = $false; error = ''; proxy = $null }
    $before = Get-RegistrationMark
    # If the connection breaks, or the host goes down, between here and the restart, the next run finds this and restarts the service.
    Set-RegistrationPending -Pending $true
    if ($Registration.Session) {
        $outcome = Invoke-RegistrationSession @Registration
    }
    $outcome.service_error = ''
    # A step that failed may have registered the agent all the same.
    $registered = $outcome.unanswered -or @($outcome.steps | Where-Object -FilterScript { $_.changed }).Count -gt 0 -or (Get-RegistrationMark) -ne $before
    if ($registered -or $Restart) {
        $Ansible.Changed = $true
        $outcome.service_error = Restart-Agent -Deadline $Deadline
    }
    if (-not $outcome.service_error) {
        Set-RegistrationPending -Pending $false
    }
    return $outcome
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{ busy = $false; unanswered = $false; steps = @(); domains = $null; proxy = $null; error = ''; service_error = ''; facts = $null }
$lock = Enter-HostLock
if ($null -eq $lock) {
    $answer.busy = $true
}
else {
    try {
        $registration = @{ Request = $Request; Session = $Session; TimeoutSeconds = $TimeoutSeconds }
        $outcome = Register-Agent -Registration $registration -Restart $Restart -Deadline $deadline
        foreach ($name in $outcome.Keys) {
            $answer[$name] = $outcome[$name]
        }
    }
    finally {
        Exit-HostLock -Mutex $lock
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
