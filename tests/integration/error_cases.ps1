# Reads errors of many kinds by the function of errors.ps1.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# include: errors.ps1

$logOn = New-Object -TypeName System.ComponentModel.Win32Exception -ArgumentList 1326, 'Der Benutzername oder das Kennwort ist falsch.'
$directory = New-Object -TypeName System.Runtime.InteropServices.COMException -ArgumentList 'Ein solches Objekt ist nicht vorhanden.', 0x80072030
$trust = New-Object -TypeName System.Net.WebException -ArgumentList 'Vertrauensstellung', $null, ([System.Net.WebExceptionStatus]::TrustFailure), $null
$answer = @{
    plain = Get-ErrorFact -Exception (New-Object -TypeName System.Exception -ArgumentList 'nichts')
    log_on = Get-ErrorFact -Exception (New-Object -TypeName System.InvalidOperationException -ArgumentList 'Es ging nicht.', $logOn)
    directory = Get-ErrorFact -Exception $directory
    trust = Get-ErrorFact -Exception (New-Object -TypeName System.AggregateException -ArgumentList 'Fehler', $trust)
}
try {
    [System.IO.File]::OpenRead('Z:\nowhere\nothing')
}
catch {
    $answer.thrown = Get-ErrorFact -Exception $_.Exception
}
$Ansible.Result = ConvertTo-Json -InputObject $answer -Depth 4 -Compress
