# Reads log-ons of many kinds by the function of logon.ps1; Windows' klist.exe is played.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param([string]$Listings)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# include: json.ps1
# include: logon.ps1

$listing = $null
$answer = @{ here = Get-LogonFact; interactive = Get-LogonFact -Groups 'S-1-1-0', 'S-1-5-4'; absent = Get-LogonFact -Groups 'S-1-5-2' }

function Invoke-QuietProgram {
    param([string]$Name, [string]$Arguments)
    if ("$Name $Arguments" -ne 'klist.exe tickets') {
        throw "not to be run: $Name $Arguments"
    }
    return $listing
}

$all = ConvertFrom-JsonText -Text $Listings
foreach ($name in @($all.Keys)) {
    $listing = $all[$name]
    $answer[$name] = Get-LogonFact -Groups 'S-1-1-0', 'S-1-5-2', 'S-1-5-11'
}
$Ansible.Result = ConvertTo-Json -InputObject $answer -Depth 4 -Compress
