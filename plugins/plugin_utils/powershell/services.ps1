# Starts the agent's services and waits for them.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Set-AutomaticStart {
    param(
        [string]$Name
    )
    try {
        Set-Service -Name $Name -StartupType Automatic
    }
    catch {
        # PowerShell 7 sets the start type and then the delay; Wine knows no delay. What counts is the start type.
        if ((Get-ServiceFact -Name $Name).start_type -ne 'auto') {
            throw
        }
    }
}

function Start-AgentService {
    # Makes a service start with Windows and run. The updater may be absent: newer packages come without it.
    # Returns whether it changed anything.
    param(
        [string]$Name,
        [System.DateTime]$Deadline,
        [switch]$Restart
    )
    $fact = Get-ServiceFact -Name $Name
    if (-not $fact.present) {
        return $false
    }
    $changed = $false
    if ($fact.start_type -ne 'auto') {
        Set-AutomaticStart -Name $Name
        $changed = $true
    }
    if ($Restart -and $fact.state -ne 'stopped') {
        Stop-Service -Name $Name -Force
        $changed = $true
    }
    if ($Restart -or $fact.state -ne 'running') {
        Start-Service -Name $Name
        $changed = $true
    }
    $left = $Deadline - [System.DateTime]::UtcNow
    if ($left -gt [System.TimeSpan]::Zero) {
        (Get-Service -Name $Name).WaitForStatus([System.ServiceProcess.ServiceControllerStatus]::Running, $left)
    }
    return $changed
}
