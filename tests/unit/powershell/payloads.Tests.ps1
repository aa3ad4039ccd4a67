# Payloads on the host that the tests run on, those that need no tenant: facts, download from a folder with the package's proof, settings,
# a process of its own, and JSON on its way. Changes nothing outside the folder for temporary files.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library json.ps1, settings.ps1, process.ps1)

    function Get-ScriptText {
        # The text of a payload or a session, with what it includes.
        param(
            [string]$Path
        )
        $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($libraryFolder, '..', $Path))
        $seen = New-Object -TypeName 'System.Collections.Generic.HashSet[string]'
        return [regex]::Replace($text, '(?m)^# include: (\S+?)\r?$', { param($match) @(Get-LibraryText -Name $match.Groups[1].Value -Seen $seen) -join "`n" })
    }

    function Invoke-Payload {
        # Runs a payload as win_powershell does, and returns what it answers with.
        param(
            [string]$Name,
            [hashtable]$Parameters
        )
        $Ansible = [pscustomobject]@{ Result = $null; Changed = $true }
        $null = & ([scriptblock]::Create((Get-ScriptText -Path "payloads/$Name.ps1"))) @Parameters
        return @{ changed = $Ansible.Changed; answer = ConvertFrom-JsonText -Text $Ansible.Result }
    }

    $folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.Guid]::NewGuid().ToString('N'))
    $null = [System.IO.Directory]::CreateDirectory($folder)
    $expected = '{"publisher": [], "root_thumbprints": [], "product_names": [], "minimum_size": 1, "sha256": "", "version": ""}'
}

AfterAll {
    [System.IO.Directory]::Delete($folder, $true)
}

Describe 'facts in a culture with a calendar of its own' {
    BeforeAll {
        $before = [System.Threading.Thread]::CurrentThread.CurrentCulture
        [System.Threading.Thread]::CurrentThread.CurrentCulture = [System.Globalization.CultureInfo]::GetCultureInfo('th-TH')
        $platform = '{"account": "", "endpoints": [], "probe_timeout": 5, "event_hours": 1, "harmless_events": [], "proxy": null}'
        $run = Invoke-Payload -Name 'facts' -Parameters @{ Platform = $platform }
    }

    AfterAll {
        [System.Threading.Thread]::CurrentThread.CurrentCulture = $before
    }

    It 'writes a time as ISO 8601' {
        $run.answer.host.time | Should -Match '^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
    }

    It 'changes nothing' {
        $run.changed | Should -BeFalse
    }

    It 'knows the host' {
        $run.answer.platform.windows.build | Should -BeGreaterThan 10000
        $run.answer.platform.disk_free | Should -BeGreaterThan 0
        $run.answer.services[0].name | Should -Be 'AADConnectProvisioningAgent'
    }

    It 'writes a policy that is not set as null' {
        foreach ($policy in $run.answer.platform.execution_policy) {
            ($null -eq $policy.policy -or $policy.policy -is [string]) | Should -BeTrue
        }
    }
}

Describe 'download from a folder' {
    It 'refuses a file that is no program' {
        $source = [System.IO.Path]::Combine($folder, 'source.exe')
        [System.IO.File]::WriteAllText($source, 'no program')
        $parameters = @{
            Destination = [System.IO.Path]::Combine($folder, 'target', 'agent.exe'); SharePath = $source; SourceKey = 'x'
            Expected = $expected; PackageSession = Get-ScriptText -Path 'sessions/package.ps1'
        }
        $answer = (Invoke-Payload -Name 'download' -Parameters $parameters).answer
        $answer.error | Should -BeExactly ''
        $answer.package.refusal | Should -Be 'not_program'
        [System.IO.File]::Exists($parameters.Destination) | Should -BeFalse
    }
}

Describe 'settings' {
    It 'are what they were set to' {
        $file = [System.IO.Path]::Combine($folder, 'agent.exe.config')
        [System.IO.File]::WriteAllText($file, "<?xml version=`"1.0`"?>`r`n<configuration>`r`n</configuration>`r`n")
        $proxy = @{
            state = 'present'; url = 'http://proxy.example:8080'; bypass_on_local = $true; use_default_credentials = $false; bypass_list = @('a;b')
        }
        $changed = Set-AgentSetting -ConfigurationPath $file -Wanted @{ proxy = $proxy; enforce_fips_policy = $false; tunables = @() }
        $changed.changed | Should -BeTrue
        [System.IO.File]::Exists($changed.backup) | Should -BeTrue
        $fact = Get-SettingFact -ConfigurationPath $file
        $fact.proxy.url | Should -Be $proxy.url
        $fact.proxy.bypass_list | Should -Be $proxy.bypass_list
        $fact.enforce_fips_policy | Should -BeFalse
        [System.IO.File]::ReadAllText($file) | Should -Match "`r`n"
    }
}

Describe 'a process of its own' {
    It 'gives back what it was given' {
        # Letters of other code pages, a text like a date, and lists of none and one.
        $values = @{ letters = "\u00e9'`"" + [char]0xe9 + [char]0x4e2d; date = '2026-11-25T20:05:09Z'; none = @(); one = @('x'); unset = $null }
        $answer = Invoke-PowerShellProcess -Script 'param($Values) $Values' -Values $values -TimeoutSeconds 120
        $answer.letters | Should -BeExactly $values.letters
        $answer.date | Should -BeExactly $values.date
        @($answer.none).Count | Should -Be 0
        @($answer.one) | Should -BeExactly @('x')
        $answer.unset | Should -BeNullOrEmpty
    }

    It 'throws with the message of what failed in it' {
        { Invoke-PowerShellProcess -Script 'param($Values) throw "no luck"' -Values @{} -TimeoutSeconds 120 } | Should -Throw 'no luck'
    }
}
