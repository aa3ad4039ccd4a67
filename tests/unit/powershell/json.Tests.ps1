# JSON as the payloads read it.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library json.ps1)
}

Describe 'ConvertFrom-JsonText' {
    It 'reads <Text> as <Type>' -ForEach @(
        @{ Text = '1'; Type = 'Int64'; Expected = 1 }
        @{ Text = '-123456789012345678'; Type = 'Int64'; Expected = -123456789012345678 }
        @{ Text = '1.5'; Type = 'Double'; Expected = 1.5 }
        @{ Text = 'true'; Type = 'Boolean'; Expected = $true }
        @{ Text = 'false'; Type = 'Boolean'; Expected = $false }
        @{ Text = '""'; Type = 'String'; Expected = '' }
        @{ Text = '"  "'; Type = 'String'; Expected = '  ' }
        # ConvertFrom-Json of PowerShell 7 makes a date of it.
        @{ Text = '"2026-11-25T20:05:09Z"'; Type = 'String'; Expected = '2026-11-25T20:05:09Z' }
    ) {
        $value = ConvertFrom-JsonText -Text $Text
        $value.GetType().Name | Should -BeExactly $Type
        $value | Should -BeExactly $Expected
    }

    It 'reads null' {
        ConvertFrom-JsonText -Text 'null' | Should -BeNullOrEmpty
    }

    It 'keeps a list with <Count> values a list' -ForEach @(@{ Text = '[]'; Count = 0 }, @{ Text = '["a"]'; Count = 1 }, @{ Text = '[["a"],[]]'; Count = 2 }) {
        $value = ConvertFrom-JsonText -Text $Text
        , $value | Should -BeOfType [array]
        $value.Count | Should -Be $Count
    }

    It 'takes any name for a key' {
        $value = ConvertFrom-JsonText -Text '{"a b": {"item": 1, "": 2, "<": null}, "c": [{"d": "\u00e9\"\\"}]}'
        $value['a b']['item'] | Should -Be 1
        $value['a b'][''] | Should -Be 2
        $value['a b'].ContainsKey('<') | Should -BeTrue
        $value['c'][0]['d'] | Should -BeExactly ([string][char]0xe9 + '"\')
    }

    It 'refuses <_>' -ForEach @('', '{', 'nothing', '{"a": }') {
        { ConvertFrom-JsonText -Text $_ } | Should -Throw -ExceptionType ([System.Management.Automation.MethodInvocationException])
    }
}
