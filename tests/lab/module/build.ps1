# Compiles the agent's PowerShell module and puts the one library it needs beside it.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string]$SourcePath,
    [Parameter(Mandatory)]
    [string]$OutputDirectory
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Add-Type leaves most of its own references out once others are named; $PSHOME\ref holds them.
$references = [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSHOME, 'ref'), '*.dll')
$library = [System.IO.Path]::Combine($PSHOME, 'Newtonsoft.Json.dll')
$parameters = @{
    TypeDefinition = [System.IO.File]::ReadAllText($SourcePath)
    OutputAssembly = [System.IO.Path]::Combine($OutputDirectory, 'Microsoft.CloudSync.PowerShell.dll')
    OutputType = 'Library'
    # Newtonsoft.Json is made for an older runtime: that it gets this one is meant.
    CompilerOptions = '-nowarn:CS1701'
    ReferencedAssemblies = @($references) + @($library, [System.Management.Automation.PSObject].Assembly.Location)
}
Add-Type @parameters
[System.IO.File]::Copy($library, [System.IO.Path]::Combine($OutputDirectory, 'Newtonsoft.Json.dll'), $true)
