# Runs installer programs one at a time: turns between tasks of this collection, Windows Installer's own turn, exit codes.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Enter-Installation {
    # The right to install on this host as a mutex that is held, or nothing when another task has it. A task whose controller was lost
    # leaves its installation running. Windows frees a mutex when the process that holds it ends, however it ends.
    $mutex = New-Object -TypeName System.Threading.Mutex -ArgumentList $false, 'Global\entra_ops.cloud_sync.install'
    try {
        $entered = $mutex.WaitOne(0)
    }
    catch [System.Threading.AbandonedMutexException] {
        # Its last holder was killed; it is ours now.
        $entered = $true
    }
    if ($entered) {
        return $mutex
    }
    $mutex.Dispose()
    return $null
}

function Exit-Installation {
    param(
        [System.Threading.Mutex]$Mutex
    )
    $Mutex.ReleaseMutex()
    $Mutex.Dispose()
}

function Test-InstallationRunning {
    # Whether another task of this collection installs or removes at this moment.
    $mutex = Enter-Installation
    if ($null -eq $mutex) {
        return $true
    }
    Exit-Installation -Mutex $mutex
    return $false
}

function Wait-WindowsInstaller {
    # Windows Installer holds this mutex while it works; a second installation would end with 1618 at once.
    param(
        [System.DateTime]$Deadline
    )
    $mutex = $null
    try {
        if (-not [System.Threading.Mutex]::TryOpenExisting('Global\_MSIExecute', [ref]$mutex)) {
            return
        }
    }
    catch [System.UnauthorizedAccessException] {
        # Some hardened hosts keep it to SYSTEM: then the exit code 1618 tells.
        return
    }
    try {
        $left = [System.Math]::Max(0, [int]($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
        $free = $mutex.WaitOne($left)
    }
    catch [System.Threading.AbandonedMutexException] {
        $free = $true
    }
    if ($free) {
        $mutex.ReleaseMutex()
    }
    $mutex.Dispose()
}

function Get-ExitNumber {
    # An exit code without the HRESULT facility that Burn puts before Windows' own codes (0x80070652 is 1618).
    param(
        [int]$Code
    )
    if (($Code -band 0xffff0000) -eq 0x80070000) {
        return $Code -band 0xffff
    }
    return $Code
}

function Test-ExitSuccess {
    # 0, and the two codes that mean "done, restart pending".
    param(
        [object]$Code
    )
    return $null -ne $Code -and @(0, 3010, 1641) -contains (Get-ExitNumber -Code $Code)
}

function Invoke-Installer {
    # Runs an installer to its end and returns its exit code; nothing when it had to be stopped. While another installation runs on the
    # host (1618) it is tried again until the deadline.
    param(
        [string]$Path,
        [string]$Arguments,
        [string]$Log,
        [System.DateTime]$Deadline
    )
    # What an earlier run has written tells nothing of this one.
    [System.IO.File]::Delete($Log)
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo -ArgumentList $Path, $Arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    while ($true) {
        Wait-WindowsInstaller -Deadline $Deadline
        $process = [System.Diagnostics.Process]::Start($start)
        try {
            $left = [System.Math]::Max(1, [int]($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
            if (-not $process.WaitForExit($left)) {
                $process.Kill()
                return $null
            }
            $code = $process.ExitCode
        }
        finally {
            $process.Dispose()
        }
        if ((Get-ExitNumber -Code $code) -ne 1618 -or [System.DateTime]::UtcNow.AddSeconds(5) -ge $Deadline) {
            return $code
        }
        Start-Sleep -Seconds 5
    }
}
