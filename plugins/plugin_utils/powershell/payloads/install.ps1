# Payload: runs the proven package (or none), applies settings, makes the services run, and returns how the host is afterwards.
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
        [System.IO.FileStream]$Package,
        [string]$Sha256
    )
    $hash = Get-StreamSha256 -Stream $Package
    if ($hash -ne $Sha256) {
        throw "The package $($Package.Name) changed after it was proven (SHA-256 $hash, proven was $Sha256)."
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
    # Runs the bundle to its end and returns its exit code; $null when it had to be stopped.
    param(
        [string]$Path,
        [string]$Sha256,
        [string[]]$Arguments,
        [string]$Log,
        [System.DateTime]$Deadline
    )
    foreach ($file in @($Path, $Log)) {
        $null = Confirm-Folder -Path ([System.IO.Path]::GetDirectoryName($file)) -Change
    }
    $line = (@($Arguments) + @('/quiet', '/norestart', '/log', "`"$Log`"")) -join ' '
    $began = [System.DateTime]::UtcNow
    # Held open without write or delete sharing, so that nobody can exchange the file between proof and start.
    $package = [System.IO.File]::Open($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
    try {
        Assert-ProvenPackage -Package $package -Sha256 $Sha256
        $Ansible.Changed = $true
        return Invoke-Installer -Path $Path -Arguments $line -Log $Log -Deadline $Deadline
    }
    finally {
        $package.Dispose()
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

function Restore-ConfigurationEdit {
    # Packages before 1.1.1365, and new installations over old files, put the configuration back to its defaults: carries over what was
    # edited in the text from before. Returns backup (or $null), changed, and error ('' when all went well).
    param(
        [string]$OldText,
        [string]$Path
    )
    try {
        $carried = Copy-ConfigurationEdit -OldText $OldText -Path $Path
        return @{ backup = $carried.backup; changed = $carried.changed; error = '' }
    }
    catch {
        return @{ backup = $null; changed = $false; error = "the edits of $Path could not be carried over: $($_.Exception.GetBaseException().Message)" }
    }
}

function Install-ProvenPackage {
    # Runs the bundle and keeps the edits of the configuration. Returns what the answer has of it (exit_code, timed_out, log_tail, backup,
    # settings_error), and restart: whether the agent has to read its configuration again.
    param(
        [hashtable]$Bundle
    )
    $configuration = (Get-ProductFact).executable + '.config'
    $edited = $(if ([System.IO.File]::Exists($configuration)) { [System.IO.File]::ReadAllText($configuration) } else { '' })
    $code = Invoke-Bundle @Bundle
    $outcome = @{ exit_code = $code; timed_out = $null -eq $code; log_tail = Get-FileTail -Path $Bundle.Log; backup = $null; settings_error = ''; restart = $false }
    if (Test-ExitSuccess -Code $code) {
        Wait-Product -Deadline $Bundle.Deadline
        if ($edited) {
            $carried = Restore-ConfigurationEdit -OldText $edited -Path $configuration
            $outcome.backup = $carried.backup
            $outcome.restart = $carried.changed
            $outcome.settings_error = $carried.error
        }
    }
    return $outcome
}

function Set-WantedSetting {
    # Returns backup (the file from before, or $null), changed, and error ('' when all went well).
    param(
        [string]$Settings
    )
    try {
        $applied = Set-AgentSetting -ConfigurationPath ((Get-ProductFact).executable + '.config') -Wanted (ConvertFrom-JsonText -Text $Settings)
    }
    catch {
        return @{ backup = $null; changed = $false; error = $_.Exception.GetBaseException().Message }
    }
    if ($applied.changed) {
        $Ansible.Changed = $true
    }
    return @{ backup = $applied.backup; changed = $applied.changed; error = '' }
}

function Start-AllAgentService {
    # The agent reads its settings when it starts: it is restarted once, when something that it reads has changed.
    # Returns which service does not run, and why; '' when all do.
    param(
        [bool]$Restart,
        [System.DateTime]$Deadline
    )
    $failure = ''
    foreach ($name in @('AADConnectProvisioningAgent', 'AzureADConnectAgentUpdater')) {
        $again = $Restart -and $name -eq 'AADConnectProvisioningAgent'
        try {
            if (Start-AgentService -Name $name -Deadline $Deadline -Restart:$again) {
                $Ansible.Changed = $true
            }
        }
        catch {
            $failure = "$name`: $($_.Exception.Message)"
        }
    }
    return $failure
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{
    busy = $false; exit_code = $null; timed_out = $false; log_tail = ''; backup = $null
    settings_error = ''; service_error = ''; facts = $null
}
$lock = Enter-HostLock
if ($null -eq $lock) {
    $answer.busy = $true
}
else {
    try {
        $restart = $false
        if ($PackagePath) {
            $outcome = Install-ProvenPackage -Bundle @{ Path = $PackagePath; Sha256 = $Sha256; Arguments = $BundleArguments; Log = $LogPath; Deadline = $deadline }
            $restart = $outcome.restart
            foreach ($name in @('exit_code', 'timed_out', 'log_tail', 'backup', 'settings_error')) {
                $answer[$name] = $outcome[$name]
            }
        }
        if (-not $PackagePath -or (Test-ExitSuccess -Code $answer.exit_code)) {
            if ($Settings -and -not $answer.settings_error) {
                $applied = Set-WantedSetting -Settings $Settings
                $restart = $restart -or $applied.changed
                $answer.settings_error = $applied.error
                if ($applied.backup) {
                    $answer.backup = $applied.backup
                }
            }
            $answer.service_error = Start-AllAgentService -Restart $restart -Deadline $deadline
        }
    }
    finally {
        Exit-HostLock -Mutex $lock
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
