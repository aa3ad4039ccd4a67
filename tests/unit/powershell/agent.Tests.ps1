# What is read of other connectors' files, and which folder may be deleted.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library agent.ps1)
}

Describe 'Read-TrustSetting' {
    BeforeAll {
        function Read-Text {
            # What is read of a file with this text.
            param(
                [string]$Text
            )
            $path = Join-Path -Path $TestDrive -ChildPath 'TrustSettings.xml'
            [System.IO.File]::WriteAllText($path, $Text)
            Read-TrustSetting -Path $path
        }
    }

    It 'reads the thumbprint' {
        (Read-Text -Text '<T><Thumbprint> ab12 </Thumbprint><IsInUserStore>true</IsInUserStore></T>').thumbprint | Should -BeExactly 'AB12'
    }

    It 'takes nothing from a file with a DTD' {
        Read-Text -Text '<!DOCTYPE T [<!ENTITY e "AB12">]><T><Thumbprint>&e;</Thumbprint></T>' | Should -BeNullOrEmpty
    }

    It 'takes nothing from a file that is no XML' {
        Read-Text -Text 'no' | Should -BeNullOrEmpty
    }
}

Describe 'Resolve-ProductFolder' {
    It 'returns <Path> as the product''s own' -ForEach @(
        @{ Path = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent' }
        @{ Path = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\' }
        @{ Path = 'c:\program files\.\x\..\Microsoft Azure AD Connect Provisioning Agent' }
    ) {
        Resolve-ProductFolder -Path $Path -Root 'C:\Program Files' | Should -Be 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent'
    }

    It 'returns the updater''s, <_>' -ForEach @(
        'C:\Program Files\Azure AD Connect Provisioning Agent Updater'
        'C:\Program Files\Microsoft Entra Connect Agent Updater'
    ) {
        Resolve-ProductFolder -Path $_ -Root 'C:\Program Files\' | Should -BeExactly $_
    }

    It 'refuses <Path>' -ForEach @(
        @{ Path = 'C:\Program Files\' }
        @{ Path = 'C:\Program Files' }
        @{ Path = 'C:\Program Files\.' }
        @{ Path = 'C:\Program Files\\' }
        @{ Path = 'C:\' }
        @{ Path = 'C:\Windows' }
        @{ Path = 'C:\Program Files\..\Windows' }
        @{ Path = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\..' }
        @{ Path = 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\Config' }
        @{ Path = 'C:\Program Files\Microsoft SQL Server' }
        @{ Path = 'C:\Data\Microsoft Azure AD Connect Provisioning Agent' }
        @{ Path = '\\server\share\Microsoft Azure AD Connect Provisioning Agent' }
    ) {
        { Resolve-ProductFolder -Path $Path -Root 'C:\Program Files' } | Should -Throw '*was left*'
    }
}
