# Runs installer programs: Windows Installer's own lock, exit codes, and the end of one that takes too long.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: job.ps1
# include: storage.ps1

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
        # Some hardened hosts keep it to SYSTEM: then the exit code 1618 shows it.
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

function Stop-Installer {
    # Ends an installer with its tree. Windows Installer works for it in a service of its own, sees that it is gone, and puts the host back:
    # that is waited for, so that nothing is changed any more when the lock is free.
    param(
        [object]$Job
    )
    if (-not $Job.Terminate(10000)) {
        throw 'The installer had to be stopped, and does not end: restart the host, then run it again.'
    }
    Wait-WindowsInstaller -Deadline ([System.DateTime]::UtcNow.AddSeconds(30))
}

function Invoke-Installer {
    # Runs an installer to its end and returns its exit code; $null when it had to be stopped, with all that it had started. While another
    # installation runs on the host (1618) it is tried again until the deadline.
    param(
        [string]$Path,
        [string]$Arguments,
        [string]$Log,
        [System.DateTime]$Deadline
    )
    # What an earlier run has written says nothing about this run.
    Remove-File -Path $Log
    while ($true) {
        Wait-WindowsInstaller -Deadline $Deadline
        $job = New-InstallerJob -Path $Path -Arguments $Arguments
        try {
            $left = [System.Math]::Max(1, [int]($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
            if (-not $job.Wait($left)) {
                Stop-Installer -Job $job
                return $null
            }
            $code = $job.ExitCode
        }
        finally {
            $job.Dispose()
        }
        if ((Get-ExitNumber -Code $code) -ne 1618 -or [System.DateTime]::UtcNow.AddSeconds(5) -ge $Deadline) {
            return $code
        }
        Start-Sleep -Seconds 5
    }
}
