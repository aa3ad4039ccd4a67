# Times, versions, hashes and the ends of files.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library storage.ps1)
}

Describe 'Format-UtcTime' {
    It 'writes the same text in the culture <_>' -ForEach @('en-US', 'fi-FI', 'th-TH', 'ar-SA') {
        $before = [System.Threading.Thread]::CurrentThread.CurrentCulture
        [System.Threading.Thread]::CurrentThread.CurrentCulture = [System.Globalization.CultureInfo]::GetCultureInfo($_)
        try {
            $time = New-Object -TypeName System.DateTime -ArgumentList 2026, 11, 25, 20, 5, 9, ([System.DateTimeKind]::Utc)
            Format-UtcTime -Time $time | Should -BeExactly '2026-11-25T20:05:09Z'
        }
        finally {
            [System.Threading.Thread]::CurrentThread.CurrentCulture = $before
        }
    }
}

Describe 'Test-VersionOlder' {
    It 'says <Expected> for <Version> against <Than>' -ForEach @(
        @{ Version = '1.1.1107.0'; Than = '1.1.2334.0'; Expected = $true }
        @{ Version = '1.1.2334.0'; Than = '1.1.2334.0'; Expected = $false }
        @{ Version = '1.1.10000.0'; Than = '1.1.2334.0'; Expected = $false }
        @{ Version = '1.1.2334'; Than = '1.1.2334.0'; Expected = $true }
        @{ Version = ''; Than = '1.1.2334.0'; Expected = $true }
        @{ Version = 'one'; Than = '1.1.2334.0'; Expected = $true }
    ) {
        Test-VersionOlder -Version $Version -Than $Than | Should -BeExactly $Expected
    }
}

Describe 'Get-StreamSha256' {
    It 'reads on from where the stream stands' {
        $stream = New-Object -TypeName System.IO.MemoryStream -ArgumentList (, [System.Text.Encoding]::ASCII.GetBytes('xxabc'))
        $stream.Position = 2
        Get-StreamSha256 -Stream $stream | Should -BeExactly 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    }
}

Describe 'Get-FileTail' {
    It 'is empty for a file that is not there' {
        Get-FileTail -Path (Join-Path -Path $TestDrive -ChildPath 'none.log') | Should -BeExactly ''
    }

    It 'returns the last lines, also while another process writes' {
        $path = Join-Path -Path $TestDrive -ChildPath 'some.log'
        $writer = [System.IO.File]::Open($path, [System.IO.FileMode]::Create, [System.IO.FileAccess]::Write, [System.IO.FileShare]::Read)
        try {
            $bytes = [System.Text.Encoding]::ASCII.GetBytes("one`r`ntwo`nthree`r`n")
            $writer.Write($bytes, 0, $bytes.Length)
            $writer.Flush()
            Get-FileTail -Path $path -LineCount 3 | Should -BeExactly "two`nthree"
            Get-FileTail -Path $path | Should -BeExactly "one`ntwo`nthree"
        }
        finally {
            $writer.Dispose()
        }
    }
}
