# Compiles one C# source of the lab into a library of the name of its output file.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string]$SourcePath,
    [Parameter(Mandatory)]
    [string]$OutputPath
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Add-Type gives an assembly a random name, and .NET finds one by its name: so its compiler is called directly.
$libraries = 'Microsoft.CodeAnalysis.dll', 'Microsoft.CodeAnalysis.CSharp.dll', 'Newtonsoft.Json.dll', 'System.Management.Automation.dll' |
    ForEach-Object -Process { [System.IO.Path]::Combine($PSHOME, $_) }
$null = [System.Reflection.Assembly]::LoadFrom($libraries[1])
$tree = [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree]::ParseText([System.IO.File]::ReadAllText($SourcePath))
$references = @($libraries) + [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSHOME, 'ref'), '*.dll') |
    ForEach-Object -Process { [Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile($_) }
$options = [Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions]::new([Microsoft.CodeAnalysis.OutputKind]::DynamicallyLinkedLibrary)
$trees, $references = [Microsoft.CodeAnalysis.SyntaxTree[]]@($tree), [Microsoft.CodeAnalysis.MetadataReference[]]@($references)
$name = [System.IO.Path]::GetFileNameWithoutExtension($OutputPath)
$compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create($name, $trees, $references, $options)
$stream = [System.IO.File]::Create($OutputPath)
try {
    $result = $compilation.Emit($stream)
}
finally {
    $stream.Dispose()
}
if (-not $result.Success) {
    throw ($result.Diagnostics -join "`n")
}
