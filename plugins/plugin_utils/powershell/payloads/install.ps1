# Payload: runs the proven package (or none), applies settings, makes the services run, and tells how the host is afterwards.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    # '' when only settings or services need a hand.
    [string]$PackagePath = '',
    # The hash of the file that was proven; another file under the same name is not run.
    [string]$Sha256 = '',
    # Switches and variables for the bundle, without /quiet, /norestart and /log.
    [string[]]$BundleArguments = @(),
    [string]$LogPath = '',
    # JSON for Set-AgentSetting; '' leaves all settings alone.
    [string]$Settings = '',
    [int]$TimeoutSeconds = 1800
)
# include: language.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Ansible.Changed = $false

# include: storage.ps1
# include: json.ps1
# include: settings.ps1
# include: agent.ps1
# include: trust.ps1
# include: services.ps1
# include: lock.ps1
# include: installer.ps1

function Assert-ProvenPackage {
    param(
        [System.IO.FileStream]$Package
    )
    $hash = Get-StreamSha256 -Stream $Package
    if ($hash -ne $Sha256) {
        throw "The package $PackagePath changed after it was proven (SHA-256 $hash, proven was $Sha256)."
    }
}

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
    foreach ($path in @($PackagePath, $LogPath)) {
        $null = Confirm-Folder -Path ([System.IO.Path]::GetDirectoryName($path)) -Change
    }
    $arguments = (@($BundleArguments) + @('/quiet', '/norestart', '/log', "`"$LogPath`"")) -join ' '
    $began = [System.DateTime]::UtcNow
    # Held open without write or delete sharing, so that nobody can exchange the file between proof and start.
    $package = [System.IO.File]::Open($PackagePath, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
    try {
        Assert-ProvenPackage -Package $package
        $Ansible.Changed = $true
        return Invoke-Installer -Path $PackagePath -Arguments $arguments -Log $LogPath -Deadline $deadline
    }
    finally {
        $package.Dispose()
        Stop-StrayWizard -Since $began
    }
}

function Wait-Product {
    # The bundle's last steps may still be settling when its process has ended.
    $limit = [System.DateTime]::UtcNow.AddSeconds(60)
    while ([System.DateTime]::UtcNow -lt $deadline -and [System.DateTime]::UtcNow -lt $limit -and -not (Test-AgentComplete)) {
        Start-Sleep -Milliseconds 500
    }
}

function Install-Package {
    # Runs the bundle; packages before 1.1.1365 and new installations over old files put the configuration back to its defaults.
    $configuration = (Get-ProductFact).executable + '.config'
    $edited = $(if ([System.IO.File]::Exists($configuration)) { [System.IO.File]::ReadAllText($configuration) } else { '' })
    $answer.exit_code = Invoke-Bundle
    $answer.timed_out = $null -eq $answer.exit_code
    $answer.log_tail = Get-FileTail -Path $LogPath
    if (-not (Test-ExitSuccess -Code $answer.exit_code)) {
        return
    }
    Wait-Product
    if ($edited) {
        try {
            $carried = Copy-ConfigurationEdit -OldText $edited -Path $configuration
            $answer.backup = $carried.backup
            $script:restart = $script:restart -or $carried.changed
        }
        catch {
            $answer.settings_error = "the edits of $configuration could not be carried over: $($_.Exception.GetBaseException().Message)"
        }
    }
}

function Set-WantedSetting {
    try {
        $applied = Set-AgentSetting -ConfigurationPath ((Get-ProductFact).executable + '.config') -Wanted (ConvertFrom-JsonText -Text $Settings)
    }
    catch {
        $answer.settings_error = $_.Exception.GetBaseException().Message
        return
    }
    if ($applied.backup) {
        $answer.backup = $applied.backup
    }
    if ($applied.changed) {
        $script:restart = $true
        $Ansible.Changed = $true
    }
}

function Start-AllAgentService {
    # The agent reads its settings when it starts: it is restarted once, when something that it reads has changed.
    foreach ($name in @('AADConnectProvisioningAgent', 'AzureADConnectAgentUpdater')) {
        $again = $restart -and $name -eq 'AADConnectProvisioningAgent'
        try {
            if (Start-AgentService -Name $name -Deadline $deadline -Restart:$again) {
                $Ansible.Changed = $true
            }
        }
        catch {
            $answer.service_error = "$name`: $($_.Exception.Message)"
        }
    }
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{
    busy = $false; exit_code = $null; timed_out = $false; log_tail = ''; backup = $null
    settings_error = ''; service_error = ''; facts = $null
}
$restart = $false
$lock = Enter-HostLock
if ($null -eq $lock) {
    $answer.busy = $true
}
else {
    try {
        if ($PackagePath) {
            Install-Package
        }
        if (-not $PackagePath -or (Test-ExitSuccess -Code $answer.exit_code)) {
            if ($Settings -and -not $answer.settings_error) {
                Set-WantedSetting
            }
            Start-AllAgentService
        }
    }
    finally {
        Exit-HostLock -Mutex $lock
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
