# Payload: brings the installer package to this host and proves it before it gets its name.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding(SupportsShouldProcess)]
param(
    [string]$Destination,
    # probe only returns what would be done; prepare makes room for a file that the controller puts under "staged_path"; fetch does it.
    [string]$Mode = 'fetch',
    # Where it comes from: a URL, a file that this host can read, or the one that the controller has put here.
    [string]$Url = '',
    [string]$SharePath = '',
    [string]$StagedPath = '',
    # What stands for the source in the note beside the package.
    [string]$SourceKey,
    # JSON of what the package must be (see Get-PackageRefusal), and the text of sessions/package.ps1 that judges it.
    [string]$Expected,
    [string]$PackageSession,
    # An installed agent of at least this version ('' = any) needs no package, unless Force or Latest.
    [string]$InstalledVersion = '',
    [bool]$Force = $false,
    # A file that is there must be what the source has now. For a file of the controller's the one or the other says what that is.
    [bool]$Latest = $false,
    [string]$LatestSha256 = '',
    [string]$LatestETag = '',
    [string]$LatestModified = '',
    [int]$TimeoutSeconds = 600,
    [int]$Retries = 5,
    [bool]$UseProxy = $true,
    [string]$ProxyUrl = '',
    [string]$ProxyUserName = '',
    [System.Security.SecureString]$ProxyPassword = $null,
    [bool]$ProxyUseDefaultCredential = $false
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WhatIfPreference = $false
$Ansible.Changed = $false

# include: storage.ps1
# include: agent.ps1
# include: process.ps1
# include: placement.ps1
# include: transfer.ps1

function Get-ProvenPackage {
    # In a process of its own: WinVerifyTrust may keep a file open in the process that asked (it does under Wine), and this
    # one is renamed or deleted next.
    param(
        [string]$Path
    )
    return Invoke-PowerShellProcess -Script $PackageSession -Values @{ path = $Path; expected = $rule } -TimeoutSeconds $TimeoutSeconds
}

function Test-AgentWanted {
    # Whether the installed agent will do.
    if (-not (Test-AgentComplete)) {
        return $false
    }
    return -not $InstalledVersion -or -not (Test-VersionOlder -Version $product.version -Than $InstalledVersion)
}

function New-PackageTransfer {
    # A transfer from the URL; Package is the one that is there and passes, or nothing.
    param(
        [object]$Package
    )
    $known = @{}
    if ($null -ne $Package) {
        $known = Read-SourceNote -Path $Destination -Source $SourceKey -Sha256 $Package.sha256
    }
    $proxy = Get-TransferProxy -Settings @{ use = $UseProxy; url = $ProxyUrl; username = $ProxyUserName; password = $ProxyPassword; default_credential = $ProxyUseDefaultCredential }
    return New-Transfer -Uri $Url -Deadline $deadline -Retries $Retries -Proxy $proxy -Known $known -ProbeOnly ($Mode -eq 'probe')
}

function Add-TransferFact {
    param(
        [hashtable]$Transfer
    )
    $answer.attempts = $Transfer.attempts
    $answer.resumed = $Transfer.resumed
    $answer.error = $Transfer.error
    $answer.certificate = $Transfer.certificate
}

function Open-SharedFile {
    return [System.IO.File]::Open($SharePath, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
}

function Get-SharedFileError {
    # Why the shared file cannot be read, or ''.
    try {
        (Open-SharedFile).Dispose()
        return ''
    }
    catch [System.Management.Automation.MethodInvocationException] {
        return $_.Exception.GetBaseException().Message.TrimEnd('.')
    }
}

function Test-SharedFileSame {
    # Size and time show most changes; the content is read only where the time alone differs.
    param(
        [object]$Package
    )
    $file = Open-SharedFile
    try {
        if ($file.Length -ne $Package.size) {
            return $false
        }
        $sameTime = [System.IO.File]::GetLastWriteTimeUtc($SharePath) -eq [System.IO.File]::GetLastWriteTimeUtc($Destination)
        return $sameTime -or (Get-StreamSha256 -Stream $file) -eq $Package.sha256
    }
    finally {
        $file.Dispose()
    }
}

function Test-PackageLatest {
    # Whether the package that is there is what the source has now, as far as that shows without moving it. A URL is asked by the transfer
    # itself, so here only for a probe.
    param(
        [object]$Package
    )
    if ($SharePath) {
        return Test-SharedFileSame -Package $Package
    }
    if ($LatestSha256) {
        return $LatestSha256 -eq $Package.sha256
    }
    if ($Url -and $Mode -eq 'probe') {
        $transfer = New-PackageTransfer -Package $Package
        Save-Url -Transfer $transfer
        Add-TransferFact -Transfer $transfer
        return $transfer.unchanged
    }
    $note = Read-SourceNote -Path $Destination -Source $SourceKey -Sha256 $Package.sha256
    return ($LatestETag -and $LatestETag -eq $note['etag']) -or ($LatestModified -and $LatestModified -eq $note['last_modified'])
}

function Copy-SharedFile {
    param(
        [string]$Path
    )
    $source = Open-SharedFile
    try {
        $target = [System.IO.File]::Open($Path, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
        try {
            Copy-Stream -Source $source -Target $target -Deadline $deadline
        }
        finally {
            $target.Dispose()
        }
    }
    finally {
        $source.Dispose()
    }
    [System.IO.File]::SetLastWriteTimeUtc($Path, [System.IO.File]::GetLastWriteTimeUtc($SharePath))
}

function Receive-Package {
    # Brings the file to Path; returns what is to be noted of it, or nothing when there is no file: nothing newer, or an error in $answer.
    param(
        [string]$Path,
        [object]$Package
    )
    if ($StagedPath) {
        return @{ etag = $LatestETag; last_modified = $LatestModified }
    }
    if ($SharePath) {
        try {
            Copy-SharedFile -Path $Path
        }
        catch [System.Management.Automation.MethodInvocationException] {
            $answer.error = $_.Exception.GetBaseException().Message.TrimEnd('.')
            return $null
        }
        return @{ etag = ''; last_modified = '' }
    }
    $transfer = New-PackageTransfer -Package $Package
    Save-Url -Transfer $transfer -Path $Path
    Add-TransferFact -Transfer $transfer
    if ($transfer.error -or $transfer.unchanged) {
        return $null
    }
    return @{ etag = $transfer.etag; last_modified = $transfer.last_modified }
}

function Set-Package {
    # Proves the file that was fetched and gives it its name; one that is refused stays without.
    param(
        [string]$Path,
        [hashtable]$Note,
        [object]$Current
    )
    $package = Get-ProvenPackage -Path $Path
    $package.path = $Destination
    $answer.package = $package
    if ($package.refusal) {
        return
    }
    if (-not $Force -and $null -ne $Current -and $Current.sha256 -eq $package.sha256) {
        $answer.action = 'present'
    }
    else {
        Move-IntoPlace -From $Path -To $Destination
        $Ansible.Changed = $true
    }
    Write-SourceNote -Path $Destination -Source $SourceKey -Sha256 $package.sha256 -ETag $Note.etag -LastModified $Note.last_modified
}

function Install-Package {
    # Fetches, proves, renames. Current is the package that is there and passes, or nothing.
    param(
        [object]$Current
    )
    $answer.action = 'fetched'
    $part = $(if ($StagedPath) { $StagedPath } else { New-PartPath -Path $Destination })
    try {
        New-ProtectedDirectory -Path ([System.IO.Path]::GetDirectoryName($Destination))
        Remove-UnfinishedFile -Path $Destination -Except $part
        $note = Receive-Package -Path $part -Package $(if ($Latest -and -not $Force) { $Current } else { $null })
        if ($null -ne $note) {
            Set-Package -Path $part -Note $note -Current $Current
        }
        elseif (-not $answer.error) {
            $answer.action = 'present'
            $answer.package = $Current
        }
    }
    finally {
        # Refused, broken off, not needed or moved away: nothing stays under the temporary name.
        [System.IO.File]::Delete($part)
    }
}

$rule = $Expected | ConvertFrom-Json
$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$product = Get-ProductFact
$answer = @{ action = 'fetch'; installed_version = $product.version; package = $null; error = ''; attempts = 0; resumed = $false; certificate = $null; staged_path = '' }

if (-not $Force -and -not $Latest -and (Test-AgentWanted)) {
    $answer.action = 'installed'
}
else {
    $current = $null
    $refused = $false
    if ([System.IO.File]::Exists($Destination)) {
        $current = Get-ProvenPackage -Path $Destination
        if ($current.refusal) {
            $refused = $true
            $current = $null
        }
    }
    if ($SharePath -and ($null -eq $current -or $Force -or $Latest)) {
        $answer.error = Get-SharedFileError
    }
    if (-not $answer.error -and $null -ne $current -and -not $Force -and (-not $Latest -or (Test-PackageLatest -Package $current))) {
        $answer.action = 'present'
        $answer.package = $current
    }
    elseif ($Mode -eq 'prepare') {
        New-ProtectedDirectory -Path ([System.IO.Path]::GetDirectoryName($Destination))
        Remove-UnfinishedFile -Path $Destination
        $answer.staged_path = New-PartPath -Path $Destination
    }
    elseif ($Mode -eq 'fetch' -and -not $answer.error) {
        Install-Package -Current $current
    }
    if ($refused -and $Mode -ne 'probe' -and -not ($answer.action -eq 'fetched' -and -not $answer.error -and -not $answer.package.refusal)) {
        # The file that was there does not pass and was not replaced: it must not look like a package.
        Remove-Package -Path $Destination
        $Ansible.Changed = $true
    }
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 6 -Compress
