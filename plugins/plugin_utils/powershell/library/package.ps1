# Proves an installer package: what the file is, and the first reason why it may not be run.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: timestamp.ps1

function Get-SignatureTable {
    # Where the Authenticode signature lies in a PE file: @{offset; length}, or nothing when the header has none.
    # The data directory's fifth entry holds a file offset; it stands 128 (PE32) or 144 (PE32+) bytes into the optional header.
    param(
        [System.IO.BinaryReader]$Reader
    )
    $length = $Reader.BaseStream.Length
    $Reader.BaseStream.Position = 0x3c
    $header = [long]$Reader.ReadUInt32()
    if ($header + 0x18 + 0x98 -gt $length) {
        return $null
    }
    $Reader.BaseStream.Position = $header + 0x18
    $isPe32Plus = $Reader.ReadUInt16() -eq 0x20b
    $Reader.BaseStream.Position = $header + 0x18 + $(if ($isPe32Plus) { 144 } else { 128 })
    $table = @{ offset = [long]$Reader.ReadUInt32(); length = [long]$Reader.ReadUInt32() }
    if ($table.length -eq 0) {
        return $null
    }
    return $table
}

function Get-SignatureMessage {
    # The PKCS #7 message of a file's signature, as bytes and decoded.
    param(
        [System.IO.BinaryReader]$Reader,
        [hashtable]$Table
    )
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        Add-Type -AssemblyName System.Security
    }
    # WIN_CERTIFICATE: four bytes length, two revision, two type, then the message.
    $Reader.BaseStream.Position = $Table.offset + 8
    $raw = $Reader.ReadBytes([int]$Table.length - 8)
    $message = New-Object -TypeName System.Security.Cryptography.Pkcs.SignedCms
    $message.Decode($raw)
    return @{ raw = $raw; decoded = $message }
}

function Get-RootCertificate {
    # The end of the signer's chain. Trust itself is judged by Get-AuthenticodeSignature; this only says which root it is.
    # The chain is built with the certificates inside the signature, since hosts behind a firewall cannot fetch any.
    param(
        [System.Security.Cryptography.X509Certificates.X509Certificate2]$Signer,
        [System.Security.Cryptography.X509Certificates.X509Certificate2Collection]$Embedded
    )
    $chain = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Chain
    $chain.ChainPolicy.RevocationMode = [System.Security.Cryptography.X509Certificates.X509RevocationMode]::NoCheck
    $chain.ChainPolicy.VerificationFlags = [System.Security.Cryptography.X509Certificates.X509VerificationFlags]::AllFlags
    $chain.ChainPolicy.ExtraStore.AddRange($Embedded)
    $null = $chain.Build($Signer)
    return $chain.ChainElements[$chain.ChainElements.Count - 1].Certificate
}

function Get-SignatureFact {
    param(
        [string]$Path,
        [System.IO.BinaryReader]$Reader,
        [hashtable]$Table
    )
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    $fact = @{ status = $signature.Status.ToString(); message = $signature.StatusMessage; subject = $null; issuer = $null; thumbprint = $null; root = $null; root_thumbprint = $null; not_after = $null; time_stamp = $null; expired = $false }
    $signer = $signature.SignerCertificate
    if ($null -eq $signer) {
        return $fact
    }
    $fact.subject = $signer.Subject
    $fact.issuer = $signer.Issuer
    $fact.thumbprint = $signer.Thumbprint
    $end = $signer.NotAfter.ToUniversalTime()
    $fact.not_after = Format-UtcTime -Time $end
    $stamped = $null
    if ($null -ne $Table) {
        try {
            $message = Get-SignatureMessage -Reader $Reader -Table $Table
            $root = Get-RootCertificate -Signer $signer -Embedded $message.decoded.Certificates
            $fact.root = $root.Subject
            $fact.root_thumbprint = $root.Thumbprint
            $stamped = Get-TimeStamp -Message $message.decoded -Raw $message.raw
        }
        catch [System.Management.Automation.RuntimeException] {
            # A signature that is not well-formed: without a root, or without a time, the file is refused further on.
            $fact.message = "$($fact.message) ($($_.Exception.Message))"
        }
    }
    if ($null -ne $stamped) {
        $fact.time_stamp = Format-UtcTime -Time $stamped
    }
    # Windows knows an older kind of stamp too, and judges both; Wine judges neither.
    $inTime = $null -ne $stamped -and $stamped -le $end -and $stamped -ge $signer.NotBefore.ToUniversalTime()
    $inTime = $inTime -or ($fact.status -eq 'Valid' -and $null -ne $signature.TimeStamperCertificate)
    $fact.expired = $end -lt [System.DateTime]::UtcNow -and -not $inTime
    return $fact
}

function Get-PackageFact {
    # What a package file is. Read-only; a file that is no program gets no signature facts.
    param(
        [string]$Path
    )
    $fact = @{ path = $Path; present = $false; size = $null; program = $false; page = $false; complete = $null; sha256 = $null; product_name = $null; original_filename = $null; version = $null; signature = $null }
    if (-not [System.IO.File]::Exists($Path)) {
        return $fact
    }
    $fact.present = $true
    $stream = [System.IO.File]::Open($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
    $reader = New-Object -TypeName System.IO.BinaryReader -ArgumentList $stream
    try {
        $fact.size = $stream.Length
        $fact.sha256 = Get-StreamSha256 -Stream $stream
        $stream.Position = 0
        $start = [System.Text.Encoding]::ASCII.GetString($reader.ReadBytes(512))
        $fact.program = $start.StartsWith('MZ', [System.StringComparison]::Ordinal)
        $fact.page = $start -match '^\W*<(!doctype|html|\?xml)'
        if (-not $fact.program -or $stream.Length -lt 512) {
            return $fact
        }
        $table = Get-SignatureTable -Reader $reader
        $fact.complete = $null -eq $table -or ($table.offset + $table.length) -le $stream.Length
        if (-not $fact.complete) {
            return $fact
        }
        $info = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($Path)
        $fact.product_name = $info.ProductName
        $fact.original_filename = $info.OriginalFilename
        $fact.version = Get-ProductVersion -Path $Path
        $fact.signature = Get-SignatureFact -Path $Path -Reader $reader -Table $table
    }
    finally {
        $reader.Dispose()
    }
    return $fact
}

function Get-PackageRefusal {
    # The first reason why the package may not be run, as a code that the controller words; '' when it may.
    # Expected: publisher[], root_thumbprints[], product_names[], minimum_size, sha256 ('' = any), version ('' = any).
    param(
        [hashtable]$Fact,
        [object]$Expected
    )
    if (-not $Fact.present) { return 'missing' }
    if ($Fact.size -eq 0) { return 'empty' }
    if ($Fact.page) { return 'page' }
    if (-not $Fact.program) { return 'not_program' }
    if ($Fact.complete -eq $false) { return 'truncated' }
    if ($Fact.size -lt $Expected.minimum_size) { return 'too_small' }
    if ($null -eq $Fact.signature -or $Fact.signature.status -eq 'NotSigned') { return 'unsigned' }
    if ($Fact.signature.status -eq 'HashMismatch') { return 'tampered' }
    if ($Fact.signature.expired) { return 'expired' }
    if ($Fact.signature.status -ne 'Valid') { return 'signature' }
    if (@($Expected.publisher) -notcontains $Fact.signature.subject) { return 'publisher' }
    if (@($Expected.root_thumbprints) -notcontains $Fact.signature.root_thumbprint) { return 'root' }
    if (@($Expected.product_names) -notcontains $Fact.product_name) { return 'product' }
    if ($Expected.sha256 -and $Expected.sha256 -ne $Fact.sha256) { return 'sha256' }
    if ($Expected.version -and (Test-VersionOlder -Version $Fact.version -Than $Expected.version)) { return 'older' }
    return ''
}
