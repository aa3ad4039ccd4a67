# The proxy of an exe.config as it is read, and what an upgrade carries over.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library settings.ps1)
}

Describe 'Get-ProxyFact' {
    It 'is $null without a proxy in the file' {
        Get-ProxyFact -Document (ConvertTo-Document -Text '<configuration><runtime /></configuration>') | Should -BeNullOrEmpty
    }

    It 'takes what System.Net takes for <Name>' -ForEach @(
        @{ Name = 'nothing said'; Text = '<defaultProxy />'; Enabled = $true; Url = ''; Local = $false; List = @() }
        @{ Name = 'a proxy'; Text = '<defaultProxy><proxy proxyaddress="http://p:8080" bypassonlocal="TRUE" /></defaultProxy>'; Enabled = $true; Url = 'http://p:8080'; Local = $true; List = @() }
        @{ Name = 'a proxy that is switched off'; Text = '<defaultProxy enabled="False"><proxy proxyaddress="http://p" /></defaultProxy>'; Enabled = $false; Url = 'http://p'; Local = $false; List = @() }
        @{ Name = 'a list of exceptions'; Text = '<defaultProxy><bypasslist><add address="a" /><add address="b" /></bypasslist></defaultProxy>'; Enabled = $true; Url = ''; Local = $false; List = @('a', 'b') }
    ) {
        $fact = Get-ProxyFact -Document (ConvertTo-Document -Text "<configuration><system.net>$Text</system.net></configuration>")
        $fact.enabled | Should -BeExactly $Enabled
        $fact.url | Should -BeExactly $Url
        $fact.bypass_on_local | Should -BeExactly $Local
        $fact.bypass_list -join ',' | Should -BeExactly ($List -join ',')
    }
}

Describe 'Copy-Section' {
    It '<Name>' -ForEach @(
        @{ Name = 'leaves alone what the older file does not have'; Old = ''; New = '<a x="2" />'; Changed = $false; Expected = '<a x="2" />' }
        @{ Name = 'leaves alone what is the same'; Old = '<a x="1" />'; New = '<a x="1" />'; Changed = $false; Expected = '<a x="1" />' }
        @{ Name = 'replaces what differs'; Old = '<a x="1" />'; New = '<a x="2" />'; Changed = $true; Expected = '<a x="1" />' }
        @{ Name = 'adds what the newer file does not have'; Old = '<a x="1" />'; New = ''; Changed = $true; Expected = '<a x="1" />' }
    ) {
        $from = ConvertTo-Document -Text "<configuration>$Old</configuration>"
        $to = ConvertTo-Document -Text "<configuration>$New</configuration>"
        Copy-Section -From $from -To $to -Parent '/configuration' -Name 'a' | Should -BeExactly $Changed
        $to.SelectSingleNode('/configuration/a').OuterXml | Should -BeExactly $Expected
    }
}

Describe 'ConvertTo-Document' {
    It 'refuses <Name>' -ForEach @(
        @{ Name = 'what is not well-formed'; Text = '<configuration>' }
        @{ Name = 'another root'; Text = '<settings />' }
        @{ Name = 'a document type'; Text = '<!DOCTYPE configuration [<!ENTITY x "y">]><configuration>&x;</configuration>' }
    ) {
        { ConvertTo-Document -Text $Text } | Should -Throw
    }
}
