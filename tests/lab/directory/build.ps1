# Compiles the stand-in for .NET's LDAP client.
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

# Add-Type gives an assembly a random name, and .NET finds one by its name: so its compiler is called directly.
$null = [System.Reflection.Assembly]::LoadFrom([System.IO.Path]::Combine($PSHOME, 'Microsoft.CodeAnalysis.CSharp.dll'))
$name = 'System.DirectoryServices.Protocols'
$tree = [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree]::ParseText([System.IO.File]::ReadAllText($SourcePath))
$references = [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSHOME, 'ref'), '*.dll') |
    ForEach-Object -Process { [Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile($_) }
$options = [Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions]::new([Microsoft.CodeAnalysis.OutputKind]::DynamicallyLinkedLibrary)
$trees, $libraries = [Microsoft.CodeAnalysis.SyntaxTree[]]@($tree), [Microsoft.CodeAnalysis.MetadataReference[]]@($references)
$compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create($name, $trees, $libraries, $options)
$stream = [System.IO.File]::Create([System.IO.Path]::Combine($OutputDirectory, "$name.dll"))
try {
    $result = $compilation.Emit($stream)
}
finally {
    $stream.Dispose()
}
if (-not $result.Success) {
    throw ($result.Diagnostics -join "`n")
}
