# Runs scripts as ansible.windows.win_powershell does, without Ansible, one after another, each in a runspace of its own: reads the paths of a
# request and of its answer from a line of standard input each, both JSON files, and writes a line when the answer is there.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function ConvertTo-Argument {
    # The script's arguments: parameters, sensitive_parameters (as secure strings), and -WhatIf in check mode.
    param(
        [object]$Request
    )
    $arguments = @{}
    foreach ($property in $Request.parameters.PSObject.Properties) {
        $arguments[$property.Name] = $property.Value
    }
    foreach ($secret in $Request.sensitive_parameters) {
        $arguments[$secret.name] = ConvertTo-SecureString -String $secret.value -AsPlainText -Force
    }
    if ($Request.check_mode) {
        $arguments['WhatIf'] = $true
    }
    return $arguments
}

# What a payload calls for ConvertTo-Json: it refuses what Windows PowerShell 5.1 would write otherwise. A function goes before a cmdlet.
Add-Type -LiteralPath ([System.IO.Path]::Combine($PSHOME, 'WindowsPowerShellJson.dll'))
$convertToJson = {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipeline)]
        [AllowNull()]
        [object]$InputObject,
        [int]$Depth = 2,
        [switch]$Compress
    )
    begin {
        $all = [System.Collections.Generic.List[object]]::new()
    }
    process {
        $all.Add($InputObject)
    }
    end {
        # Whole, or as its elements.
        [CloudSyncLab.WindowsPowerShellJson]::Check($(if ($all.Count -eq 1) { $all[0] } else { , $all }), $Depth)
        $all | Microsoft.PowerShell.Utility\ConvertTo-Json -Depth $Depth -Compress:$Compress
    }
}.ToString()

# And for ConvertFrom-Json: 5.1 takes no text for a date, and a list as a whole.
$convertFromJson = {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipeline)]
        [AllowEmptyString()]
        [string]$InputObject
    )
    process {
        Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $InputObject -DateKind String -NoEnumerate
    }
}.ToString()

function Invoke-Request {
    # Runs the script and returns the part of win_powershell's answer that the collection reads.
    param(
        [object]$Request
    )
    $ansible = New-Object -TypeName System.Management.Automation.PSObject -Property @{ Result = $null; Changed = $true }
    # As win_powershell does: without what PowerShell itself has built in, in whose place a lab host has stand-ins.
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $state.Commands.Add([System.Management.Automation.Runspaces.SessionStateFunctionEntry]::new('ConvertTo-Json', $convertToJson))
    $state.Commands.Add([System.Management.Automation.Runspaces.SessionStateFunctionEntry]::new('ConvertFrom-Json', $convertFromJson))
    $shell = [System.Management.Automation.PowerShell]::Create($state)
    $before = [System.Globalization.CultureInfo]::CurrentCulture
    try {
        # The script's thread takes it from this one.
        [System.Globalization.CultureInfo]::CurrentCulture = $Request.culture
        $shell.Runspace.SessionStateProxy.SetVariable('Ansible', $ansible)
        $shell.Runspace.SessionStateProxy.SetVariable('ErrorActionPreference', 'Stop')
        $shell.Runspace.SessionStateProxy.SetVariable('ProgressPreference', 'SilentlyContinue')
        if ($Request.PSObject.Properties.Name -contains 'language') {
            $shell.Runspace.SessionStateProxy.LanguageMode = $Request.language
        }
        $null = $shell.AddScript($Request.script).AddParameters((ConvertTo-Argument -Request $Request))
        $null = $shell.Invoke()
        return @{ failed = $false; msg = ''; result = $ansible.Result; changed = $ansible.Changed }
    }
    catch {
        return @{ failed = $true; msg = $_.Exception.GetBaseException().Message; changed = $ansible.Changed }
    }
    finally {
        [System.Globalization.CultureInfo]::CurrentCulture = $before
        $shell.Dispose()
    }
}

while ($path = [System.Console]::In.ReadLine()) {
    $request = [System.IO.File]::ReadAllText($path) | ConvertFrom-Json
    [System.IO.File]::WriteAllText([System.Console]::In.ReadLine(), (Invoke-Request -Request $request | ConvertTo-Json -Depth 10 -Compress))
    [System.Console]::Out.WriteLine('answered')
}
