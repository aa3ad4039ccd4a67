# Starts the agent's services and waits for them.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: agent.ps1

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

function Wait-ServiceStatus {
    # Waits for a service until the deadline, at least for some seconds. Stop-Service and Start-Service wait for ever on one that hangs, as
    # agents before 1.1.2334 are known to do. One that stops while it starts is not waited for.
    param(
        [object]$Controller,
        [string]$Status,
        [System.DateTime]$Deadline
    )
    $last = $(if ($Deadline -gt [System.DateTime]::UtcNow.AddSeconds(10)) { $Deadline } else { [System.DateTime]::UtcNow.AddSeconds(10) })
    while ($Controller.Status.ToString() -ne $Status) {
        $state = $Controller.Status.ToString()
        if ([System.DateTime]::UtcNow -gt $last -or ($Status -eq 'Running' -and $state -eq 'Stopped')) {
            throw "The service $($Controller.ServiceName) is in the state $state instead of ${Status}: look at its logs, end its process if it hangs."
        }
        Start-Sleep -Milliseconds 200
        $Controller.Refresh()
    }
}

function Start-ServiceInTime {
    # Starts a service that does not run; returns whether it had to.
    param(
        [object]$Controller,
        [System.DateTime]$Deadline
    )
    $state = $Controller.Status.ToString()
    if ($state -eq 'Running') {
        return $false
    }
    if ($state -ne 'StartPending') {
        try {
            $Controller.Start()
        }
        catch {
            throw "The service $($Controller.ServiceName) cannot be started: $($_.Exception.GetBaseException().Message)"
        }
        $Controller.Refresh()
    }
    Wait-ServiceStatus -Controller $Controller -Status 'Running' -Deadline $Deadline
    return $true
}

function Stop-ServiceInTime {
    # Stops a service, and what depends on it.
    param(
        [object]$Controller,
        [System.DateTime]$Deadline
    )
    if (@('Stopped', 'StopPending') -notcontains $Controller.Status.ToString()) {
        $Controller.Stop()
        $Controller.Refresh()
    }
    Wait-ServiceStatus -Controller $Controller -Status 'Stopped' -Deadline $Deadline
}

function Start-AgentService {
    # Makes a service start with Windows and run. The updater may be absent: newer packages come without it. Who has disabled it wants no
    # upgrades of which he does not know, and it stays so.
    # Returns whether it changed anything.
    param(
        [string]$Name,
        [System.DateTime]$Deadline,
        [switch]$Restart
    )
    $fact = Get-ServiceFact -Name $Name
    if (-not $fact.present -or ($Name -eq 'AzureADConnectAgentUpdater' -and $fact.start_type -eq 'disabled')) {
        return $false
    }
    $changed = $false
    if ($fact.start_type -ne 'auto') {
        Set-AutomaticStart -Name $Name
        $changed = $true
    }
    $controller = Get-Service -Name $Name
    try {
        if ($Restart) {
            Stop-ServiceInTime -Controller $controller -Deadline $Deadline
        }
        $started = Start-ServiceInTime -Controller $controller -Deadline $Deadline
    }
    finally {
        $controller.Dispose()
    }
    return $changed -or $started
}
