# Registry, file, version and time helpers that the other function files and the payloads share.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Format-UtcTime {
    # A time as the controller reads it: UTC, ISO 8601. The host's culture has separators, digits and a calendar of its own.
    param(
        [System.DateTime]$Time
    )
    return $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
}

function Get-RegistryValue {
    # All values of one key, below HKEY_LOCAL_MACHINE by default, as a hashtable; nothing when the key is absent.
    # .NET instead of the registry provider: it reads the wanted view (a 32-bit caller would see WOW6432Node).
    param(
        [string]$Path,
        [Microsoft.Win32.RegistryView]$View = [Microsoft.Win32.RegistryView]::Registry64,
        [Microsoft.Win32.RegistryHive]$Root = [Microsoft.Win32.RegistryHive]::LocalMachine
    )
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey($Root, $View)
    try {
        $key = $hive.OpenSubKey($Path)
        if ($null -eq $key) {
            return $null
        }
        try {
            # By ordinal comparison, as Windows names them: a plain @{} compares as the host's culture does.
            $values = New-Object -TypeName System.Collections.Hashtable -ArgumentList ([System.StringComparer]::OrdinalIgnoreCase)
            foreach ($name in $key.GetValueNames()) {
                $values[$name] = $key.GetValue($name)
            }
            return $values
        }
        finally {
            $key.Dispose()
        }
    }
    finally {
        $hive.Dispose()
    }
}

function Get-RegistrySubKeyName {
    # The names of the keys below one key of HKEY_LOCAL_MACHINE; an empty list when the key is absent.
    param(
        [string]$Path,
        [Microsoft.Win32.RegistryView]$View
    )
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, $View)
    try {
        $key = $hive.OpenSubKey($Path)
        if ($null -eq $key) {
            return @()
        }
        try {
            return @($key.GetSubKeyNames())
        }
        finally {
            $key.Dispose()
        }
    }
    finally {
        $hive.Dispose()
    }
}

function Get-ProductVersion {
    # A program's product version as dotted numbers; what some builds write behind them ("+commit", " (branch)") is left out.
    param(
        [string]$Path
    )
    $info = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($Path)
    if ($info.ProductVersion -match '^\s*(?<version>\d+(\.\d+){1,3})') {
        # System.Version takes a part that is missing for less than 0.
        return ((@($Matches['version'] -split '\.') + @('0', '0'))[0..3]) -join '.'
    }
    if (-not $info.ProductVersion) {
        return $null
    }
    return '{0}.{1}.{2}.{3}' -f $info.ProductMajorPart, $info.ProductMinorPart, $info.ProductBuildPart, $info.ProductPrivatePart
}

function Get-StreamSha256 {
    # The SHA-256 of a stream from where it stands, in small hexadecimal digits.
    param(
        [System.IO.Stream]$Stream
    )
    $hasher = [System.Security.Cryptography.SHA256]::Create()
    try {
        return [System.BitConverter]::ToString($hasher.ComputeHash($Stream)).Replace('-', '').ToLowerInvariant()
    }
    finally {
        $hasher.Dispose()
    }
}

function Test-VersionOlder {
    # Whether a dotted version is older than another, both with four parts; an unreadable one counts as older.
    param(
        [string]$Version,
        [string]$Than
    )
    $left = $null
    if (-not [System.Version]::TryParse($Version, [ref]$left)) {
        return $true
    }
    return $left -lt [System.Version]$Than
}

function Get-FileTail {
    # The last lines of a text file, as text; the file may still be open for writing by another process.
    param(
        [string]$Path,
        [int]$LineCount = 60
    )
    if (-not [System.IO.File]::Exists($Path)) {
        return ''
    }
    $share = [System.IO.FileShare]::ReadWrite -bor [System.IO.FileShare]::Delete
    $stream = New-Object -TypeName System.IO.FileStream -ArgumentList @(
        $Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
    $reader = New-Object -TypeName System.IO.StreamReader -ArgumentList $stream
    try {
        $lines = @($reader.ReadToEnd() -split '\r?\n')
    }
    finally {
        $reader.Dispose()
    }
    $first = [System.Math]::Max(0, $lines.Count - $LineCount)
    return ($lines[$first..($lines.Count - 1)] -join "`n").Trim()
}

function Test-FileInUse {
    # Whether an error says that somebody else has the file open for the moment: a virus scanner looks at what was just written, and the more
    # so at programs. Sharing and lock violation, access denied (which a file that is being deleted answers with too), and the three ways
    # in which a replacement stops half way (1175 to 1177).
    param(
        [System.Exception]$Exception
    )
    $code = $Exception.GetBaseException().HResult
    return @(0x80070020, 0x80070021, 0x80070005, 0x80070497, 0x80070498, 0x80070499) -contains $code
}

function Invoke-FileChange {
    # Changes files by an action that may be tried again: five times, half a second apart, while somebody else has them open.
    param(
        [scriptblock]$Action
    )
    for ($try = 1; ; $try++) {
        try {
            return & $Action
        }
        catch {
            if ($try -eq 5 -or -not (Test-FileInUse -Exception $_.Exception)) {
                throw
            }
        }
        Start-Sleep -Milliseconds 500
    }
}

function Move-File {
    # Puts a file in the place of another by one rename, so that there is never half a file under that name. With Backup the old file stays
    # under that name; a replacement that stopped half way has put it there already.
    param(
        [string]$From,
        [string]$To,
        [string]$Backup = ''
    )
    Invoke-FileChange -Action {
        if ([System.IO.File]::Exists($To)) {
            # A plain $null would reach .NET as an empty file name.
            $keep = $(if ($Backup) { $Backup } else { [System.Management.Automation.Language.NullString]::Value })
            [System.IO.File]::Replace($From, $To, $keep)
        }
        else {
            [System.IO.File]::Move($From, $To)
        }
    }
}

function Remove-File {
    # Deletes a file; one that is not there is none to delete.
    param(
        [string]$Path
    )
    Invoke-FileChange -Action { [System.IO.File]::Delete($Path) }
}
