# Which execution policy a registry key stands for.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library platform.ps1)
}

Describe 'Select-ExecutionPolicy' {
    It 'takes <Values> for <Expected> as a setting, and for <Group> as a group policy' -ForEach @(
        @{ Values = @{}; Expected = $null; Group = $null }
        @{ Values = @{ ExecutionPolicy = 'RemoteSigned' }; Expected = 'RemoteSigned'; Group = $null }
        @{ Values = @{ EnableScripts = 1; ExecutionPolicy = 'AllSigned' }; Expected = 'AllSigned'; Group = 'AllSigned' }
        @{ Values = @{ EnableScripts = 1 }; Expected = $null; Group = $null }
        @{ Values = @{ EnableScripts = 0; ExecutionPolicy = 'AllSigned' }; Expected = 'AllSigned'; Group = 'Restricted' }
    ) {
        Select-ExecutionPolicy -Values $Values -GroupPolicy $false | Should -BeExactly $Expected
        Select-ExecutionPolicy -Values $Values -GroupPolicy $true | Should -BeExactly $Group
    }

    It 'writes a value where there is no policy: nothing at all would be {} in the JSON of Windows PowerShell' {
        @(Select-ExecutionPolicy -Values @{} -GroupPolicy $true).Count | Should -Be 1
        @(Select-ExecutionPolicy -Values @{} -GroupPolicy $false).Count | Should -Be 1
    }
}
