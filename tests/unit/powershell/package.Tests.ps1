# The first reason why a package may not be run, and where a program's signature lies.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library package.ps1)

    $expected = @{ publisher = @('CN=A', 'CN=B'); root_thumbprints = @('AA'); product_names = @('Agent'); minimum_size = 100; sha256 = ''; version = '' }

    function New-Fact {
        # A package that passes, with some values changed; those of its signature by "signature_NAME".
        param(
            [hashtable]$Changes
        )
        $fact = @{
            present = $true; size = 1000; page = $false; program = $true; complete = $true; sha256 = 'abc'; product_name = 'Agent'; version = '1.1.2334.0'
            signature = @{ status = 'Valid'; expired = $false; subject = 'CN=B'; root_thumbprint = 'AA' }
        }
        foreach ($name in $Changes.Keys) {
            if ($name -like 'signature_*') {
                $fact.signature[$name.Substring(10)] = $Changes[$name]
            }
            else {
                $fact[$name] = $Changes[$name]
            }
        }
        return $fact
    }

    function New-Program {
        # The beginning of a program of that kind (0x10b PE32, 0x20b PE32+), with an entry for a signature.
        param(
            [int]$Magic,
            [int]$Offset,
            [int]$Length
        )
        $bytes = New-Object -TypeName 'byte[]' -ArgumentList 512
        $bytes[0x3c] = 64
        [System.BitConverter]::GetBytes([uint16]$Magic).CopyTo($bytes, 88)
        $entry = 88 + $(if ($Magic -eq 0x20b) { 144 } else { 128 })
        [System.BitConverter]::GetBytes([uint32]$Offset).CopyTo($bytes, $entry)
        [System.BitConverter]::GetBytes([uint32]$Length).CopyTo($bytes, $entry + 4)
        return , $bytes
    }

    function New-Reader {
        param(
            [byte[]]$Bytes
        )
        $stream = New-Object -TypeName System.IO.MemoryStream -ArgumentList (, $Bytes)
        return New-Object -TypeName System.IO.BinaryReader -ArgumentList $stream
    }
}

Describe 'Get-PackageRefusal' {
    It 'passes a package that is as expected' {
        Get-PackageRefusal -Fact (New-Fact -Changes @{}) -Expected $expected | Should -BeExactly ''
    }

    It 'says <Code>' -ForEach @(
        @{ Code = 'missing'; Changes = @{ present = $false } }
        @{ Code = 'empty'; Changes = @{ size = 0 } }
        @{ Code = 'page'; Changes = @{ page = $true; program = $false } }
        @{ Code = 'not_program'; Changes = @{ program = $false } }
        @{ Code = 'truncated'; Changes = @{ complete = $false } }
        @{ Code = 'too_small'; Changes = @{ size = 99 } }
        @{ Code = 'unsigned'; Changes = @{ signature = $null } }
        @{ Code = 'unsigned'; Changes = @{ signature_status = 'NotSigned' } }
        @{ Code = 'tampered'; Changes = @{ signature_status = 'HashMismatch' } }
        @{ Code = 'expired'; Changes = @{ signature_expired = $true } }
        @{ Code = 'signature'; Changes = @{ signature_status = 'NotTrusted' } }
        @{ Code = 'publisher'; Changes = @{ signature_subject = 'CN=C' } }
        @{ Code = 'root'; Changes = @{ signature_root_thumbprint = $null } }
        @{ Code = 'product'; Changes = @{ product_name = 'Other' } }
        @{ Code = 'sha256'; Changes = @{}; Wanted = @{ sha256 = 'abd' } }
        @{ Code = 'older'; Changes = @{}; Wanted = @{ version = '1.1.2335.0' } }
    ) {
        $rule = $expected.Clone()
        foreach ($entry in @(Get-Variable -Name Wanted -ValueOnly -ErrorAction SilentlyContinue | ForEach-Object -Process { $_.GetEnumerator() })) {
            $rule[$entry.Key] = $entry.Value
        }
        Get-PackageRefusal -Fact (New-Fact -Changes $Changes) -Expected $rule | Should -BeExactly $Code
    }
}

Describe 'Get-SignatureTable' {
    It 'finds it in a program of the kind <Magic>' -ForEach @(@{ Magic = 0x10b }, @{ Magic = 0x20b }) {
        $table = Get-SignatureTable -Reader (New-Reader -Bytes (New-Program -Magic $Magic -Offset 4096 -Length 8000))
        $table.offset | Should -Be 4096
        $table.length | Should -Be 8000
    }

    It 'finds none in a program that has none' {
        Get-SignatureTable -Reader (New-Reader -Bytes (New-Program -Magic 0x20b -Offset 0 -Length 0)) | Should -BeNullOrEmpty
    }

    It 'finds none in a file that ends inside its header' {
        $program = New-Program -Magic 0x20b -Offset 1 -Length 1
        Get-SignatureTable -Reader (New-Reader -Bytes ([byte[]]$program[0..238])) | Should -BeNullOrEmpty
    }
}
