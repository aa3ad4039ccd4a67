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
# include: language.ps1

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
    # one is renamed or deleted next. Proof: session, expected, timeout.
    param(
        [string]$Path,
        [hashtable]$Proof
    )
    return Invoke-PowerShellProcess -Script $Proof.session -Values @{ path = $Path; expected = $Proof.expected } -TimeoutSeconds $Proof.timeout
}

function Test-AgentWanted {
    # Whether the installed agent will do: it is complete, and at least of the wanted version ('' = any).
    param(
        [string]$Version,
        [string]$Wanted
    )
    if (-not (Test-AgentComplete)) {
        return $false
    }
    return -not $Wanted -or -not (Test-VersionOlder -Version $Version -Than $Wanted)
}

function Receive-PackageUrl {
    # Fetches the URL into a new file, or asks for it alone without a path. Package is the one that is there and passes, or $null. Returns
    # the same as Save-Url, and proxy, which one counted.
    param(
        [hashtable]$Request,
        [object]$Package,
        [string]$Path = ''
    )
    $known = @{}
    if ($null -ne $Package) {
        $known = Read-SourceNote -Path $Request.destination -Source $Request.source.key -Sha256 $Package.sha256
    }
    $way = Get-TransferProxy -Settings $Request.proxy
    $transfer = New-Transfer -Uri $Request.source.url -Deadline $Request.deadline -Retries $Request.retries -Proxy $way.proxy -Known $known -ProbeOnly (-not $Path)
    return (Save-Url -Transfer $transfer -Path $Path) + @{ proxy = $way.fact }
}

function Get-TransferFact {
    # What the answer has of a transfer (see Receive-PackageUrl); without one, that nothing was tried.
    param(
        [hashtable]$Received = @{ attempts = 0; resumed = $false; error = ''; certificate = $null; proxy = $null }
    )
    $fact = @{}
    foreach ($name in 'attempts', 'resumed', 'error', 'certificate', 'proxy') {
        $fact[$name] = $Received[$name]
    }
    return $fact
}

function Open-SharedFile {
    param(
        [string]$Path
    )
    return [System.IO.File]::Open($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
}

function Get-SharedFileError {
    # Why the shared file cannot be read, or ''.
    param(
        [string]$Path
    )
    try {
        (Open-SharedFile -Path $Path).Dispose()
        return ''
    }
    catch [System.Management.Automation.MethodInvocationException] {
        return $_.Exception.GetBaseException().Message.TrimEnd('.')
    }
}

function Test-SharedFileSame {
    # Size and time show most changes; the content is read only where the time alone differs.
    param(
        [string]$Path,
        [string]$Destination,
        [object]$Package
    )
    $file = Open-SharedFile -Path $Path
    try {
        if ($file.Length -ne $Package.size) {
            return $false
        }
        $sameTime = [System.IO.File]::GetLastWriteTimeUtc($Path) -eq [System.IO.File]::GetLastWriteTimeUtc($Destination)
        return $sameTime -or (Get-StreamSha256 -Stream $file) -eq $Package.sha256
    }
    finally {
        $file.Dispose()
    }
}

function Test-NoteLatest {
    # Whether the controller's file is the one that the package there was made of, by what its server said of it.
    param(
        [hashtable]$Source,
        [hashtable]$Note
    )
    return ($Source.etag -and $Source.etag -eq $Note['etag']) -or ($Source.modified -and $Source.modified -eq $Note['last_modified'])
}

function Compare-PackageSource {
    # Whether the package that is there is what the source has now, as far as that shows without moving it. A URL is asked by the transfer
    # itself, so here only for a probe. Returns same, and transfer: see Get-TransferFact.
    param(
        [hashtable]$Request,
        [object]$Package
    )
    $source = $Request.source
    if ($source.url -and $Request.mode -eq 'probe') {
        $received = Receive-PackageUrl -Request $Request -Package $Package
        return @{ same = $received.unchanged; transfer = Get-TransferFact -Received $received }
    }
    if ($source.share_path) {
        $same = Test-SharedFileSame -Path $source.share_path -Destination $Request.destination -Package $Package
    }
    elseif ($source.sha256) {
        $same = $source.sha256 -eq $Package.sha256
    }
    else {
        $note = Read-SourceNote -Path $Request.destination -Source $source.key -Sha256 $Package.sha256
        $same = Test-NoteLatest -Source $source -Note $note
    }
    return @{ same = $same; transfer = Get-TransferFact }
}

function Copy-SharedFile {
    param(
        [string]$From,
        [string]$To,
        [System.DateTime]$Deadline
    )
    $source = Open-SharedFile -Path $From
    try {
        $target = [System.IO.File]::Open($To, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
        try {
            Copy-Stream -Source $source -Target $target -Deadline $Deadline
        }
        finally {
            $target.Dispose()
        }
    }
    finally {
        $source.Dispose()
    }
    [System.IO.File]::SetLastWriteTimeUtc($To, [System.IO.File]::GetLastWriteTimeUtc($From))
}

function Receive-SharedFile {
    # Returns the same as Receive-Package.
    param(
        [string]$From,
        [string]$To,
        [System.DateTime]$Deadline
    )
    $fact = Get-TransferFact
    try {
        Copy-SharedFile -From $From -To $To -Deadline $Deadline
    }
    catch [System.Management.Automation.MethodInvocationException] {
        $fact.error = $_.Exception.GetBaseException().Message.TrimEnd('.')
        return @{ note = $null; transfer = $fact }
    }
    return @{ note = @{ etag = ''; last_modified = '' }; transfer = $fact }
}

function Receive-Package {
    # Brings the file to Path. Returns note, what is to be noted of it, $null when there is no file (nothing newer, or an error), and
    # transfer: see Get-TransferFact.
    param(
        [hashtable]$Request,
        [string]$Path,
        [object]$Package
    )
    $source = $Request.source
    if ($source.staged_path) {
        return @{ note = @{ etag = $source.etag; last_modified = $source.modified }; transfer = Get-TransferFact }
    }
    if ($source.share_path) {
        return Receive-SharedFile -From $source.share_path -To $Path -Deadline $Request.deadline
    }
    $received = Receive-PackageUrl -Request $Request -Package $Package -Path $Path
    $note = $null
    if (-not $received.error -and -not $received.unchanged) {
        $note = @{ etag = $received.etag; last_modified = $received.last_modified }
    }
    return @{ note = $note; transfer = Get-TransferFact -Received $received }
}

function Set-Package {
    # Proves the file that was fetched and gives it its name; one that is refused stays without. Returns package, its facts, and action.
    param(
        [hashtable]$Request,
        [string]$Path,
        [hashtable]$Note,
        [object]$Current
    )
    $package = Get-ProvenPackage -Path $Path -Proof $Request.proof
    $package.path = $Request.destination
    if ($package.refusal) {
        return @{ package = $package; action = 'fetched' }
    }
    $action = 'fetched'
    if (-not $Request.force -and $null -ne $Current -and $Current.sha256 -eq $package.sha256) {
        $action = 'present'
    }
    else {
        Move-File -From $Path -To $Request.destination
        $Ansible.Changed = $true
    }
    Write-SourceNote -Path $Request.destination -Source $Request.source.key -Sha256 $package.sha256 -ETag $Note.etag -LastModified $Note.last_modified
    return @{ package = $package; action = $action }
}

function Update-PackageFile {
    # Fetches, proves, renames. Current is the package that is there and passes, or $null. Returns action, package, and what the answer has
    # of the transfer.
    param(
        [hashtable]$Request,
        [object]$Current
    )
    $part = $(if ($Request.source.staged_path) { $Request.source.staged_path } else { New-PartPath -Path $Request.destination })
    try {
        New-ProtectedDirectory -Path ([System.IO.Path]::GetDirectoryName($Request.destination))
        Remove-UnfinishedFile -Path $Request.destination -Except $part
        $received = Receive-Package -Request $Request -Path $part -Package $(if ($Request.latest -and -not $Request.force) { $Current } else { $null })
        $outcome = @{ action = 'fetched'; package = $null }
        if ($null -ne $received.note) {
            $outcome = Set-Package -Request $Request -Path $part -Note $received.note -Current $Current
        }
        elseif (-not $received.transfer.error) {
            $outcome = @{ action = 'present'; package = $Current }
        }
        return $outcome + $received.transfer
    }
    finally {
        # Refused, broken off, not needed or moved away: nothing stays under the temporary name.
        Remove-File -Path $part
    }
}

function New-StagingPlace {
    # Makes room for a file that the controller puts here, and returns the path for it.
    param(
        [string]$Destination
    )
    New-ProtectedDirectory -Path ([System.IO.Path]::GetDirectoryName($Destination))
    Remove-UnfinishedFile -Path $Destination
    return New-PartPath -Path $Destination
}

function Invoke-PackageRequest {
    # Does what the mode asks for, and returns what the answer has of it. Current is the package that is there and passes, or $null.
    param(
        [hashtable]$Request,
        [object]$Current
    )
    $outcome = Get-TransferFact
    if ($Request.source.share_path -and ($null -eq $Current -or $Request.force -or $Request.latest)) {
        $outcome.error = Get-SharedFileError -Path $Request.source.share_path
    }
    if (-not $outcome.error -and $null -ne $Current -and -not $Request.force) {
        $compared = $(if ($Request.latest) { Compare-PackageSource -Request $Request -Package $Current } else { @{ same = $true; transfer = $outcome } })
        if ($compared.same) {
            return $compared.transfer + @{ action = 'present'; package = $Current }
        }
        $outcome = $compared.transfer
    }
    if ($Request.mode -eq 'prepare') {
        $outcome.staged_path = New-StagingPlace -Destination $Request.destination
    }
    elseif ($Request.mode -eq 'fetch' -and -not $outcome.error) {
        return Update-PackageFile -Request $Request -Current $Current
    }
    return $outcome
}

$product = Get-ProductFact
$answer = @{ action = 'fetch'; installed_version = $product.version; package = $null; error = ''; attempts = 0; resumed = $false; certificate = $null; proxy = $null; staged_path = '' }
$request = @{
    destination = $Destination
    mode = $Mode
    source = @{ key = $SourceKey; url = $Url; share_path = $SharePath; staged_path = $StagedPath; sha256 = $LatestSha256; etag = $LatestETag; modified = $LatestModified }
    force = $Force
    latest = $Latest
    retries = $Retries
    deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
    proxy = @{ use = $UseProxy; url = $ProxyUrl; username = $ProxyUserName; password = $ProxyPassword; default_credential = $ProxyUseDefaultCredential }
    proof = @{ session = $PackageSession; expected = $Expected; timeout = $TimeoutSeconds }
}

if (-not $Force -and -not $Latest -and (Test-AgentWanted -Version $product.version -Wanted $InstalledVersion)) {
    $answer.action = 'installed'
}
else {
    $current = $null
    $refused = $false
    if ([System.IO.File]::Exists($Destination)) {
        $current = Get-ProvenPackage -Path $Destination -Proof $request.proof
        if ($current.refusal) {
            $refused = $true
            $current = $null
        }
    }
    $outcome = Invoke-PackageRequest -Request $request -Current $current
    foreach ($name in $outcome.Keys) {
        $answer[$name] = $outcome[$name]
    }
    if ($refused -and $Mode -ne 'probe' -and -not ($answer.action -eq 'fetched' -and -not $answer.error -and -not $answer.package.refusal)) {
        # The file that was there does not pass and was not replaced: it must not look like a package.
        Remove-Package -Path $Destination
        $Ansible.Changed = $true
    }
}
$Ansible.Result = $answer | ConvertTo-Json -Depth 6 -Compress
