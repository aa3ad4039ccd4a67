# Exit codes of installers.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library installer.ps1)
}

Describe 'Get-ExitNumber' {
    It 'reads <Code> as <Number>' -ForEach @(
        @{ Code = 0; Number = 0 }
        @{ Code = 1618; Number = 1618 }
        # 0x80070652: Burn puts the HRESULT facility of Windows' own codes in front.
        @{ Code = -2147023278; Number = 1618 }
        # 0x80004005 is no code of Windows'.
        @{ Code = -2147467259; Number = -2147467259 }
        @{ Code = -1; Number = -1 }
    ) {
        Get-ExitNumber -Code $Code | Should -BeExactly $Number
    }
}

Describe 'Test-ExitSuccess' {
    It 'says <Expected> for <Code>' -ForEach @(
        @{ Code = 0; Expected = $true }
        @{ Code = 3010; Expected = $true }
        @{ Code = 1641; Expected = $true }
        @{ Code = -2147021886; Expected = $true }
        @{ Code = 1602; Expected = $false }
        @{ Code = $null; Expected = $false }
    ) {
        Test-ExitSuccess -Code $Code | Should -BeExactly $Expected
    }
}
