# Calls payload functions where hosts differ from the lab: other cultures, values that are not set.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param([string]$Values)

# include: storage.ps1
# include: settings.ps1
# include: agent.ps1
# include: platform.ps1
# include: events.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$given = $Values | ConvertFrom-Json
$answer = @{ cultures = @{}; policies = @{} }

foreach ($name in $given.cultures) {
    $before = [System.Threading.Thread]::CurrentThread.CurrentCulture
    [System.Threading.Thread]::CurrentThread.CurrentCulture = [System.Globalization.CultureInfo]::GetCultureInfo($name)
    try {
        $moment = New-Object -TypeName System.DateTime -ArgumentList 2026, 11, 25, 20, 5, 9, ([System.DateTimeKind]::Utc)
        $folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), "culture $name")
        $null = [System.IO.Directory]::CreateDirectory($folder)
        $file = [System.IO.Path]::Combine($folder, 'agent.exe.config')
        [System.IO.File]::WriteAllText($file, '<configuration />')
        $wanted = @{ proxy = $null; enforce_fips_policy = $false; tunables = @() }
        $answer.cultures[$name] = @{
            # What a careless format would give; the same in every culture, the test would prove nothing.
            careless = $moment.ToString('yyyy-MM-ddTHH:mm:ssZ')
            time = Format-UtcTime -Time $moment
            host_time = (Get-AgentFact).host.time
            event_time = (ConvertTo-EventFact -Record @{ Id = 1; ProviderName = 'x'; TimeCreated = $moment; Message = 'x' }).time
            backup = [System.IO.Path]::GetFileName((Set-AgentSetting -ConfigurationPath $file -Wanted $wanted).backup)
            # The Turkish small letter of I is another one than that of every other culture.
            registry = (Get-RegistryValue -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion').ContainsKey('INSTALLATIONTYPE')
        }
    }
    finally {
        [System.IO.Directory]::Delete($folder, $true)
        [System.Threading.Thread]::CurrentThread.CurrentCulture = $before
    }
}

$policies = @{ none = @{}; switched_off = @{ EnableScripts = 0 }; without_switch = @{ ExecutionPolicy = 'RemoteSigned' } }
foreach ($name in $policies.Keys) {
    # A value, even if it is $null, is counted; nothing at all is not.
    $answer.policies[$name] = @(foreach ($group in $true, $false) { @(Select-ExecutionPolicy -Values $policies[$name] -GroupPolicy $group).Count })
}

$Ansible.Result = $answer | ConvertTo-Json -Depth 6 -Compress
