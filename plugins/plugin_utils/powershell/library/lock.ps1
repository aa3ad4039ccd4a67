# The lock of a host: one task of this collection installs, registers or removes at a time.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Enter-HostLock {
    # The host's lock as a mutex that is held, or nothing when another task holds it. A task whose controller was lost
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

function Exit-HostLock {
    param(
        [System.Threading.Mutex]$Mutex
    )
    $Mutex.ReleaseMutex()
    $Mutex.Dispose()
}

function Test-HostLocked {
    # Whether another task of this collection installs, registers or removes at this moment.
    $mutex = Enter-HostLock
    if ($null -eq $mutex) {
        return $true
    }
    Exit-HostLock -Mutex $mutex
    return $false
}
