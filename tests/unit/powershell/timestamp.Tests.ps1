# DER, as far as time stamps need it.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library timestamp.ps1)
}

Describe 'Get-DerElement' {
    It 'reads a length in <Form>' -ForEach @(
        @{ Form = 'one byte'; Head = @(0x30, 3); Content = 3 }
        @{ Form = 'the long form'; Head = @(0x30, 0x81, 0xc8); Content = 200 }
        @{ Form = 'two bytes'; Head = @(0x30, 0x82, 1, 0x2c); Content = 300 }
    ) {
        $data = [byte[]]($Head + @(0) * $Content)
        $element = Get-DerElement -Data $data -Offset 0
        $element.tag | Should -Be 0x30
        $element.start | Should -Be $Head.Count
        $element.next | Should -Be $data.Length
    }

    It 'refuses <Why>' -ForEach @(
        @{ Why = 'a length of no certain end'; Data = @(0x30, 0x80, 0, 0) }
        @{ Why = 'a length of four bytes'; Data = @(0x30, 0x84, 0, 0, 0, 1, 0) }
        @{ Why = 'content that is cut off'; Data = @(0x30, 3, 1, 2) }
    ) {
        { Get-DerElement -Data ([byte[]]$Data) -Offset 0 } | Should -Throw 'the signature is not well-formed'
    }
}

Describe 'Get-DerChild' {
    It 'returns the elements in order' {
        $data = [byte[]]@(0x30, 7, 2, 1, 5, 4, 2, 8, 9)
        $children = @(Get-DerChild -Data $data -Element (Get-DerElement -Data $data -Offset 0))
        $children.tag | Should -Be @(2, 4)
        [System.BitConverter]::ToString((Get-DerContent -Data $data -Element $children[1])) | Should -BeExactly '08-09'
    }
}

Describe 'Get-HashByOid' {
    It 'knows <Name>' -ForEach @(
        @{ Name = 'SHA-256'; Oid = @(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1); Size = 256 }
        @{ Name = 'SHA-384'; Oid = @(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2); Size = 384 }
        @{ Name = 'SHA-512'; Oid = @(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3); Size = 512 }
        @{ Name = 'SHA-1'; Oid = @(0x2b, 0x0e, 3, 2, 0x1a); Size = 160 }
    ) {
        (Get-HashByOid -Oid ([byte[]]$Oid)).HashSize | Should -Be $Size
    }

    It 'knows no MD5' {
        Get-HashByOid -Oid ([byte[]]@(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5)) | Should -BeNullOrEmpty
    }
}
