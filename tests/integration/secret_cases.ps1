# Registers with PowerShell's own trace of parameters on: what it shows is what module logging (event 4103) keeps.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param([string]$Payload, [string]$Session, [string]$Modules, [System.Security.SecureString]$Request)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# include: process.ps1
# include: proxy.ps1

$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'secret cases')
$null = [System.IO.Directory]::CreateDirectory($folder)

function Invoke-Traced {
    # Runs a script block and returns the trace of all values that were bound to parameters.
    param(
        [scriptblock]$Action
    )
    $file = [System.IO.Path]::Combine($folder, 'trace.txt')
    [System.IO.File]::Delete($file)
    $null = Trace-Command -Name ParameterBinding -Option All -FilePath $file -Expression $Action
    return [System.IO.File]::ReadAllText($file)
}

$module = [System.IO.Path]::Combine($folder, 'Agent.psm1')
[System.IO.File]::WriteAllText($module, $Modules)
$answer = @{}
try {
    $answer.payload = Invoke-Traced -Action { & ([scriptblock]::Create($Payload)) -Request $Request -Session 'param($Values) @{ steps = @(); domains = $null }' }
    # The process of its own that it starts has no trace: what that would run is run here, in front of a module with the agent's commands.
    $json = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Request).Password
    $lines = ConvertTo-AsciiJson -Value @{ script = $Session; values = @{ module = $module; way = (Get-AgentWay -Configured $null) }; json = $json; marker = 'MARK' }
    $before = [System.Console]::Out
    $printed = New-Object -TypeName System.IO.StringWriter
    [System.Console]::SetOut($printed)
    try {
        $answer.session = Invoke-Traced -Action { $lines | & ([scriptblock]::Create((Get-ProcessScript))) }
    }
    finally {
        [System.Console]::SetOut($before)
    }
    $answer.printed = $printed.ToString()
}
finally {
    [System.IO.Directory]::Delete($folder, $true)
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 4 -Compress
