# Payload: runs the proven package (or none), makes the services run, and tells how the host is afterwards.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    # '' when only the services need a hand.
    [string]$PackagePath = '',
    # The hash of the file that was proven; another file under the same name is not run.
    [string]$Sha256 = '',
    # Switches and variables for the bundle, without /quiet, /norestart and /log.
    [string[]]$BundleArguments = @(),
    [string]$LogPath = '',
    [int]$TimeoutSeconds = 1800
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Ansible.Changed = $false

# include: storage.ps1
# include: agent.ps1
# include: services.ps1

function Stop-StrayWizard {
    # Some builds open the wizard at the end of a quiet installation; in a session with no desktop it would wait for ever.
    param(
        [System.DateTime]$Since
    )
    foreach ($process in [System.Diagnostics.Process]::GetProcessesByName('AADConnectProvisioningAgentWizard')) {
        if ($process.StartTime.ToUniversalTime() -ge $Since) {
            $process.Kill()
        }
    }
}

function Invoke-Bundle {
    # Runs the bundle to its end and returns its exit code; nothing when it had to be stopped.
    param(
        [System.IO.FileStream]$Package,
        [System.DateTime]$Deadline
    )
    $hasher = [System.Security.Cryptography.SHA256]::Create()
    $hash = [System.BitConverter]::ToString($hasher.ComputeHash($Package)).Replace('-', '').ToLowerInvariant()
    $hasher.Dispose()
    if ($hash -ne $Sha256) {
        throw "The package $PackagePath changed after it was proven (SHA-256 $hash, proven was $Sha256)."
    }
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $PackagePath
    $start.Arguments = (@($BundleArguments) + @('/quiet', '/norestart', '/log', "`"$LogPath`"")) -join ' '
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $began = [System.DateTime]::UtcNow
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $left = [System.Math]::Max(1, [int]($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
        if (-not $process.WaitForExit($left)) {
            $process.Kill()
            return $null
        }
        return $process.ExitCode
    }
    finally {
        $process.Dispose()
        Stop-StrayWizard -Since $began
    }
}

function Wait-Product {
    # The bundle's last steps may still be settling when its process has ended.
    param(
        [System.DateTime]$Deadline
    )
    $limit = [System.DateTime]::UtcNow.AddSeconds(60)
    while ([System.DateTime]::UtcNow -lt $Deadline -and [System.DateTime]::UtcNow -lt $limit -and -not (Test-AgentComplete)) {
        Start-Sleep -Milliseconds 500
    }
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{ exit_code = $null; timed_out = $false; log_tail = ''; service_error = ''; facts = $null }
$installed = $true
if ($PackagePath) {
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($LogPath))
    [System.IO.File]::Delete($LogPath)
    # Held open without write or delete sharing, so that nobody can exchange the file between proof and start.
    $package = [System.IO.File]::Open($PackagePath, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
    try {
        $answer.exit_code = Invoke-Bundle -Package $package -Deadline $deadline
    }
    finally {
        $package.Dispose()
    }
    $Ansible.Changed = $true
    $answer.timed_out = $null -eq $answer.exit_code
    $answer.log_tail = Get-FileTail -Path $LogPath
    # 0, and the two codes that mean "done, restart pending".
    $installed = @(0, 3010, 1641) -contains ($answer.exit_code -band 0xffff)
    if ($installed) {
        Wait-Product -Deadline $deadline
    }
}
if ($installed -and -not $answer.timed_out) {
    foreach ($name in @('AADConnectProvisioningAgent', 'AzureADConnectAgentUpdater')) {
        try {
            if (Start-AgentService -Name $name -Deadline $deadline) {
                $Ansible.Changed = $true
            }
        }
        catch {
            $answer.service_error = "$name`: $($_.Exception.Message)"
        }
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
