# Runs the Pester tests of a folder and writes, for each file, how many passed and what failed, as JSON.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

param(
    [string]$Module,
    [string]$Folder,
    [string]$Outcome
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

Import-Module -Name $Module
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Folder
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'None'
$run = Invoke-Pester -Configuration $configuration

$answer = @{}
foreach ($container in $run.Containers) {
    # A file that cannot be run has an error of its own; so has a BeforeAll, whose tests have failed without a reason then.
    $answer[$container.Item.Name] = @{ passed = 0; failed = @($container.ErrorRecord | ForEach-Object -Process { "$_" }) }
}
foreach ($block in $run.FailedBlocks) {
    $answer[$block.BlockContainer.Item.Name].failed += "$($block.ExpandedPath): $($block.ErrorRecord -join ' ')"
}
foreach ($test in $run.Tests) {
    $file = $answer[$test.Block.BlockContainer.Item.Name]
    if ($test.Result -eq 'Passed') {
        $file.passed++
    }
    else {
        $file.failed += "$($test.ExpandedPath) ($($test.Result)): $($test.ErrorRecord -join ' ')"
    }
}
[System.IO.File]::WriteAllText($Outcome, ($answer | ConvertTo-Json -Depth 5))
