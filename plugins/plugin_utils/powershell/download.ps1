# Payload: brings the installer package to this host and proves it before it gets its name.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding(SupportsShouldProcess)]
param(
    [string]$Destination,
    # Where it comes from: a URL, or a file that the controller has put on this host.
    [string]$Url = '',
    [string]$StagedPath = '',
    # JSON of what the package must be (see Get-PackageRefusal), and the text of package_session.ps1 that judges it.
    [string]$Expected,
    [string]$PackageSession,
    # An installed agent of at least this version ('' = any) needs no package, unless Force.
    [string]$InstalledVersion = '',
    [bool]$Force = $false,
    # Only tell what would be done.
    [bool]$ProbeOnly = $false,
    [int]$TimeoutSeconds = 600
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WhatIfPreference = $false
$Ansible.Changed = $false

# include: storage.ps1
# include: settings.ps1
# include: agent.ps1
# include: process.ps1

function Get-ProvenPackage {
    # In a process of its own: WinVerifyTrust may keep a file open in the process that asked (it does under Wine), and this
    # one is renamed or deleted next.
    param(
        [string]$Path
    )
    return Invoke-PowerShellProcess -Script $PackageSession -Values @{ path = $Path; expected = $rule } -TimeoutSeconds $TimeoutSeconds
}

function Assert-TrustedOwner {
    # Below ProgramData every user can make folders: one that somebody made before us could bring libraries of his beside the package.
    param(
        [string]$Path
    )
    if (-not $Path.StartsWith([System.Environment]::GetFolderPath('CommonApplicationData'), [System.StringComparison]::OrdinalIgnoreCase)) {
        return
    }
    $owner = (Get-Acl -LiteralPath $Path).GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    # SYSTEM, Administrators, TrustedInstaller, and the account that this runs as, which is an administrator.
    $trusted = @('S-1-5-18', 'S-1-5-32-544', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
        [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value)
    if ($trusted -notcontains $owner) {
        throw "The folder $Path belongs to $owner, who is no administrator: remove it, or name another folder."
    }
}

function New-ProtectedDirectory {
    # The default ACL below ProgramData lets every user put files beside ours: what runs as administrator must not lie there.
    param(
        [string]$Path
    )
    if ([System.IO.Directory]::Exists($Path)) {
        Assert-TrustedOwner -Path $Path
        return
    }
    $null = [System.IO.Directory]::CreateDirectory($Path)
    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm('D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
    Set-Acl -LiteralPath $Path -AclObject $security
}

function Remove-UnfinishedFile {
    # What an earlier transfer left when its connection or host went away. One still being written is locked and stays.
    param(
        [string]$Path
    )
    $directory = [System.IO.Path]::GetDirectoryName($Path)
    if (-not [System.IO.Directory]::Exists($directory)) {
        return
    }
    foreach ($file in [System.IO.Directory]::GetFiles($directory, [System.IO.Path]::GetFileName($Path) + '.*.part')) {
        try {
            [System.IO.File]::Delete($file)
        }
        catch [System.IO.IOException] {
            Write-Verbose -Message "in use: $file"
        }
    }
}

function Save-Url {
    # Streams a URL into a file under one deadline for the whole transfer; a short body is an error.
    param(
        [string]$Uri,
        [string]$Path,
        [System.DateTime]$Deadline
    )
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        # Windows PowerShell loads it on demand only, and .NET Framework below 4.7 offers no TLS 1.2 by itself.
        Add-Type -AssemblyName System.Net.Http
        [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor [System.Net.SecurityProtocolType]::Tls12
    }
    $client = New-Object -TypeName System.Net.Http.HttpClient
    $client.Timeout = $Deadline - [System.DateTime]::UtcNow
    try {
        $response = $client.GetAsync($Uri, [System.Net.Http.HttpCompletionOption]::ResponseHeadersRead).GetAwaiter().GetResult()
        $null = $response.EnsureSuccessStatusCode()
        $length = $response.Content.Headers.ContentLength
        $source = $response.Content.ReadAsStreamAsync().GetAwaiter().GetResult()
        $target = [System.IO.File]::Open($Path, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
        try {
            $buffer = New-Object -TypeName 'byte[]' -ArgumentList 1048576
            while ($true) {
                $read = $source.ReadAsync($buffer, 0, $buffer.Length)
                # A stalled sender would hold a blocking read for ever.
                if (-not $read.Wait([System.Math]::Max(1, [int]($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds))) {
                    throw "the transfer did not end in time, after $($target.Length) bytes"
                }
                if ($read.Result -eq 0) {
                    break
                }
                $target.Write($buffer, 0, $read.Result)
            }
            if ($null -ne $length -and $target.Length -ne $length) {
                throw "the transfer broke off after $($target.Length) of $length bytes"
            }
        }
        finally {
            $target.Dispose()
        }
    }
    finally {
        $client.Dispose()
    }
}

function Get-InnermostMessage {
    param(
        [System.Exception]$Exception
    )
    while ($null -ne $Exception.InnerException) {
        $Exception = $Exception.InnerException
    }
    return $Exception.Message
}

function Move-IntoPlace {
    # One rename, so that there is never half a file under the final name.
    param(
        [string]$From,
        [string]$To
    )
    if ([System.IO.File]::Exists($To)) {
        # A plain $null would reach .NET as an empty file name.
        [System.IO.File]::Replace($From, $To, [System.Management.Automation.Language.NullString]::Value)
    }
    else {
        [System.IO.File]::Move($From, $To)
    }
}

$rule = $Expected | ConvertFrom-Json
$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$product = Get-ProductFact
$answer = @{ action = ''; installed_version = $product.version; package = $null; error = '' }
$installed = Test-AgentComplete
if ($installed -and $InstalledVersion) {
    $installed = -not (Test-VersionOlder -Version $product.version -Than $InstalledVersion)
}

if ($installed -and -not $Force) {
    $answer.action = 'installed'
}
else {
    $present = $null
    if ([System.IO.File]::Exists($Destination)) {
        $present = Get-ProvenPackage -Path $Destination
    }
    if ($null -ne $present -and -not $present.refusal -and -not $Force) {
        $answer.action = 'present'
        $answer.package = $present
    }
    elseif ($ProbeOnly) {
        $answer.action = 'fetch'
    }
    else {
        $answer.action = 'fetched'
        New-ProtectedDirectory -Path ([System.IO.Path]::GetDirectoryName($Destination))
        Remove-UnfinishedFile -Path $Destination
        $part = $Destination + '.' + [System.Guid]::NewGuid().ToString('N') + '.part'
        try {
            if ($StagedPath) {
                [System.IO.File]::Move($StagedPath, $part)
            }
            else {
                try {
                    Save-Url -Uri $Url -Path $part -Deadline $deadline
                }
                catch {
                    $answer.error = Get-InnermostMessage -Exception $_.Exception
                }
            }
            if (-not $answer.error) {
                $package = Get-ProvenPackage -Path $part
                if (-not $package.refusal) {
                    Move-IntoPlace -From $part -To $Destination
                    $Ansible.Changed = $true
                }
                $package.path = $Destination
                $answer.package = $package
            }
        }
        finally {
            # Refused, broken off or moved away: nothing stays under the temporary name.
            [System.IO.File]::Delete($part)
        }
        if ($null -ne $present -and $present.refusal -and ($answer.error -or $answer.package.refusal)) {
            # The file that was there before does not pass either: it must not look like a package.
            [System.IO.File]::Delete($Destination)
            $Ansible.Changed = $true
        }
    }
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 6 -Compress
