# Runs programs and PowerShell processes that behave badly, by the functions of process.ps1 and program.ps1.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param([string]$Request)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# include: process.ps1

$powershell = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
$sleep = '-NoProfile -NonInteractive -Command Start-Sleep -Seconds 900'

function Invoke-Case {
    # What a script in a process of its own came to: its result, or its error with the kind of it.
    param(
        [string]$Script,
        [hashtable]$Values = @{},
        [string]$Json = '',
        [int]$TimeoutSeconds = 600
    )
    try {
        return @{ result = Invoke-PowerShellProcess -Script $Script -Values $Values -Json $Json -TimeoutSeconds $TimeoutSeconds; error = ''; kind = '' }
    }
    catch {
        return @{ result = $null; error = $_.Exception.Message; kind = $_.Exception.GetBaseException().GetType().Name }
    }
}

function Invoke-Marked {
    # Runs the text of a process of its own here, with input that begins with a byte order mark, and returns what it printed.
    $before = [System.Console]::Out
    $printed = New-Object -TypeName System.IO.StringWriter
    [System.Console]::SetOut($printed)
    try {
        $text = [char]0xfeff + '{"script": "param($Values) $Values.name", "values": {}, "json": "{\"name\": \"marked\"}", "marker": "MARK"}'
        $text | & ([scriptblock]::Create((Get-ProcessScript)))
    }
    finally {
        [System.Console]::SetOut($before)
    }
    return $printed.ToString().Trim()
}

$answer = @{}
# A process that the script leaves behind holds its pipes.
$left = Invoke-Case -Values @{ program = $powershell; arguments = $sleep } -Script @'
param($Values)
$start = New-Object -TypeName System.Diagnostics.ProcessStartInfo -ArgumentList $Values.program, $Values.arguments
$start.UseShellExecute = $false
# With a console of the process that ends it would end too.
$start.CreateNoWindow = $true
@{ id = [System.Diagnostics.Process]::Start($start).Id }
'@
$process = Get-Process -Id $left.result.id -ErrorAction SilentlyContinue
$answer.left_alive = $null -ne $process
if ($answer.left_alive) {
    Stop-Program -Process $process
}

$answer.without_line_end = Invoke-Case -Script '[System.Console]::Out.Write("a library says"); 7'
$answer.errors = Invoke-Case -Script '$Host.UI.WriteErrorLine("the library is broken"); exit 3'
$answer.thrown = Invoke-Case -Script 'throw "no"'
$answer.endless = Invoke-Case -Script 'Start-Sleep -Seconds 900' -TimeoutSeconds 10
$answer.values = Invoke-Case -Script 'param($Values) $Values' -Values @{ name = "$([char]0xfc)`n{}" } -Json $Request
$answer.marked = Invoke-Marked
try {
    # Far more than a pipe holds.
    $null = Invoke-Program -Path $powershell -Arguments $sleep -Content ('x' * 1000000) -TimeoutSeconds 5
}
catch {
    $answer.unread = $_.Exception.Message
}
try {
    Invoke-QuietProgram -Name 'reg.exe' -Arguments 'query HKLM\nothing'
}
catch {
    $answer.failed = $_.Exception.Message
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
