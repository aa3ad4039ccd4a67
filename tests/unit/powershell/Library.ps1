# Loads files of the payloads' library into a test: BeforeAll { . $PSScriptRoot/Library.ps1; . (Import-Library storage.ps1) }
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

$libraryFolder = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '../../../plugins/plugin_utils/powershell/library'))

function Get-LibraryText {
    # The texts of files with those that they include, each once, as _host/payload.py puts them together.
    param(
        [string[]]$Name,
        [System.Collections.Generic.HashSet[string]]$Seen
    )
    foreach ($file in $Name) {
        if ($Seen.Add($file)) {
            $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($libraryFolder, $file))
            $included = @([regex]::Matches($text, '(?m)^# include: (\S+?)\r?$') | ForEach-Object -Process { $_.Groups[1].Value })
            if ($included.Count -gt 0) {
                Get-LibraryText -Name $included -Seen $Seen
            }
            $text
        }
    }
}

function Import-Library {
    # A script block to be dot-sourced, so that the functions are the caller's.
    param(
        [string[]]$Name
    )
    $seen = New-Object -TypeName 'System.Collections.Generic.HashSet[string]'
    return [scriptblock]::Create(@(Get-LibraryText -Name $Name -Seen $seen) -join "`n")
}
