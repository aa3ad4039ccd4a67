# Moves files that somebody else has open, by the functions of storage.ps1; whoever waits lets go of them by that.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# include: placement.ps1
# include: settings.ps1

$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'file cases')
$held = $null
$waits = 0
$patience = 0

function Start-Sleep {
    # In the place of the command: lets go of the file after so many waits.
    param([int]$Milliseconds)
    $script:waits++
    if ($script:waits -eq $patience) {
        $held.Dispose()
    }
}

function Invoke-Case {
    # Runs an action while a file is open without sharing, until it has waited so many times; returns how it ended.
    param([string]$Hold, [int]$Waits, [scriptblock]$Action)
    $null = [System.IO.Directory]::CreateDirectory($folder)
    foreach ($name in 'new', 'old') {
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, $name), "<configuration>$name</configuration>")
    }
    $script:waits = 0
    $script:patience = $Waits
    $script:held = [System.IO.File]::Open([System.IO.Path]::Combine($folder, $Hold), 'Open', 'Read', 'None')
    $problem = ''
    try {
        $null = & $Action
    }
    catch {
        $problem = $_.Exception.GetBaseException().GetType().Name
    }
    finally {
        $script:held.Dispose()
    }
    $files = @{}
    # Wine leaves an empty file behind for each replacement that fails; Windows does not.
    foreach ($file in @([System.IO.Directory]::GetFiles($folder) | Where-Object -FilterScript { $_ -notmatch '\\rf\w+\.tmp$' })) {
        $files[[System.IO.Path]::GetFileName($file)] = [System.IO.File]::ReadAllText($file)
    }
    [System.IO.Directory]::Delete($folder, $true)
    return @{ waits = $script:waits; problem = $problem; files = $files }
}

$new, $old, $other = @('new', 'old', 'other' | ForEach-Object -Process { [System.IO.Path]::Combine($folder, $_) })
$move = { Move-File -From $new -To $other }
$replace = { Move-File -From $new -To $old }
$configure = {
    $document = ConvertTo-Document -Text '<configuration />'
    $null = Write-ConfigurationFile -Document $document -Path $old -Old @{ text = ''; encoding = (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false) }
}
$answer = @{
    move = Invoke-Case -Hold 'new' -Waits 2 -Action $move
    move_in_vain = Invoke-Case -Hold 'new' -Waits 99 -Action $move
    replace_new = Invoke-Case -Hold 'new' -Waits 2 -Action $replace
    replace_old = Invoke-Case -Hold 'old' -Waits 2 -Action $replace
    replace_in_vain = Invoke-Case -Hold 'old' -Waits 99 -Action $replace
    delete = Invoke-Case -Hold 'old' -Waits 2 -Action { Remove-Package -Path $old }
    configure = Invoke-Case -Hold 'old' -Waits 2 -Action $configure
    absent = Invoke-Case -Hold 'old' -Waits 2 -Action { Move-File -From "$new.absent" -To $other }
}
$Ansible.Result = ConvertTo-Json -InputObject $answer -Depth 4 -Compress
