# Applies settings to configuration files of many kinds by the functions of settings.ps1.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param([string]$Cases)

# include: settings.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'settings cases')
$null = [System.IO.Directory]::CreateDirectory($folder)
$proxy = @{ proxy = @{ state = 'present'; url = 'http://proxy:8080'; bypass_on_local = $true; use_default_credentials = $false; bypass_list = @('a', 'b') }; enforce_fips_policy = $false; tunables = @() }
$none = @{ proxy = @{ state = 'absent' }; enforce_fips_policy = $true; tunables = @() }

function Set-Case {
    # Applies settings, and returns what was changed, the file's bytes, and how many files lie there.
    param(
        [string]$Path,
        [hashtable]$Wanted
    )
    $before = Get-SettingFact -ConfigurationPath $Path
    try {
        $result = Set-AgentSetting -ConfigurationPath $Path -Wanted ($Wanted | ConvertTo-Json -Depth 5 | ConvertFrom-Json)
    }
    catch {
        return @{ error = $_.Exception.GetBaseException().Message }
    }
    $backup = $(if ($result.backup) { [System.Convert]::ToBase64String([System.IO.File]::ReadAllBytes($result.backup)) } else { '' })
    return @{
        error = ''
        changed = $result.changed
        content = [System.Convert]::ToBase64String([System.IO.File]::ReadAllBytes($Path))
        backup = $backup
        files = [System.IO.Directory]::GetFiles($folder, [System.IO.Path]::GetFileName($Path) + '*').Count
        before = $before
        fact = Get-SettingFact -ConfigurationPath $Path
    }
}

$answer = @{}
try {
    foreach ($case in ($Cases | ConvertFrom-Json).PSObject.Properties) {
        $path = [System.IO.Path]::Combine($folder, "$($case.Name).config")
        if ($case.Value) {
            [System.IO.File]::WriteAllBytes($path, [System.Convert]::FromBase64String($case.Value))
        }
        $answer[$case.Name] = @(Set-Case -Path $path -Wanted $proxy; Set-Case -Path $path -Wanted $proxy; Set-Case -Path $path -Wanted $none)
    }
}
finally {
    [System.IO.Directory]::Delete($folder, $true)
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
