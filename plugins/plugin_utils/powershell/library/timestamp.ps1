# Reads when a signature was stamped (RFC 3161): what distinguishes a signer whose certificate has ended since from one whose certificate had ended before.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# .NET Framework has no reader for DER or for time stamps, so the few fields are taken out by hand.

function Get-DerElement {
    # The element at an offset: its tag, where its content starts, where the next one begins.
    param(
        [byte[]]$Data,
        [int]$Offset
    )
    $length = [int]$Data[$Offset + 1]
    $start = $Offset + 2
    if ($length -gt 127) {
        $count = $length -band 127
        if ($count -lt 1 -or $count -gt 3) {
            throw 'the signature is not well-formed'
        }
        $length = 0
        for ($index = 0; $index -lt $count; $index++) {
            $length = $length * 256 + $Data[$start + $index]
        }
        $start += $count
    }
    if ($start + $length -gt $Data.Length) {
        throw 'the signature is not well-formed'
    }
    return @{ tag = [int]$Data[$Offset]; start = $start; next = $start + $length }
}

function Get-DerChild {
    # The elements inside one, in order.
    param(
        [byte[]]$Data,
        [hashtable]$Element
    )
    $offset = $Element.start
    while ($offset -lt $Element.next) {
        $child = Get-DerElement -Data $Data -Offset $offset
        $offset = $child.next
        $child
    }
}

function Get-DerContent {
    param(
        [byte[]]$Data,
        [hashtable]$Element
    )
    $content = New-Object -TypeName 'byte[]' -ArgumentList ($Element.next - $Element.start)
    [System.Array]::Copy($Data, $Element.start, $content, 0, $content.Length)
    return , $content
}

function Get-SignatureValue {
    # The signature proper of a PKCS #7 message's first signer: what a time stamp is made of. SignerInfo of .NET Framework keeps it.
    param(
        [byte[]]$Message
    )
    $contentInfo = @(Get-DerChild -Data $Message -Element (Get-DerElement -Data $Message -Offset 0))
    $signedData = @(Get-DerChild -Data $Message -Element $contentInfo[1])[0]
    # The signers come last, as a set; in a signer the one octet string of its own is the signature.
    $signers = @(Get-DerChild -Data $Message -Element $signedData)[-1]
    $signer = @(Get-DerChild -Data $Message -Element $signers)[0]
    $value = @(Get-DerChild -Data $Message -Element $signer | Where-Object -FilterScript { $_.tag -eq 4 })[0]
    return , (Get-DerContent -Data $Message -Element $value)
}

function Get-HashByOid {
    # A hash function by its object identifier's bytes, or nothing for one that is not used in time stamps any more.
    param(
        [byte[]]$Oid
    )
    switch ([System.BitConverter]::ToString($Oid)) {
        '60-86-48-01-65-03-04-02-01' { return [System.Security.Cryptography.SHA256]::Create() }
        '60-86-48-01-65-03-04-02-02' { return [System.Security.Cryptography.SHA384]::Create() }
        '60-86-48-01-65-03-04-02-03' { return [System.Security.Cryptography.SHA512]::Create() }
        '2B-0E-03-02-1A' { return [System.Security.Cryptography.SHA1]::Create() }
    }
    return $null
}

function Get-StampTime {
    # When a time stamp token was made, if it stamps this signature; nothing otherwise. Whether the stamp itself holds is for Windows to
    # judge: a forged one makes the status of the whole signature another than Valid.
    param(
        [byte[]]$Token,
        [byte[]]$Signature
    )
    $message = New-Object -TypeName System.Security.Cryptography.Pkcs.SignedCms
    $message.Decode($Token)
    # TSTInfo: version, policy, message imprint (algorithm, hash), serial number, time.
    $info = $message.ContentInfo.Content
    $top = Get-DerElement -Data $info -Offset 0
    if ($top.tag -eq 4) {
        # Some versions of .NET leave the octet string around it.
        $top = Get-DerElement -Data $info -Offset $top.start
    }
    $fields = @(Get-DerChild -Data $info -Element $top)
    $imprint = @(Get-DerChild -Data $info -Element $fields[2])
    $oid = @(Get-DerChild -Data $info -Element $imprint[0])[0]
    $hasher = Get-HashByOid -Oid (Get-DerContent -Data $info -Element $oid)
    if ($null -eq $hasher) {
        return $null
    }
    $expected = [System.BitConverter]::ToString((Get-DerContent -Data $info -Element $imprint[1]))
    if ([System.BitConverter]::ToString($hasher.ComputeHash($Signature)) -ne $expected) {
        return $null
    }
    $text = [System.Text.Encoding]::ASCII.GetString((Get-DerContent -Data $info -Element $fields[4])).Substring(0, 14)
    $styles = [System.Globalization.DateTimeStyles]::AssumeUniversal -bor [System.Globalization.DateTimeStyles]::AdjustToUniversal
    return [System.DateTime]::ParseExact($text, 'yyyyMMddHHmmss', [System.Globalization.CultureInfo]::InvariantCulture, $styles)
}

function Get-TimeStamp {
    # When an Authenticode signature was stamped, or nothing. Raw is the PKCS #7 message that Message was decoded from.
    param(
        [object]$Message,
        [byte[]]$Raw
    )
    foreach ($attribute in $Message.SignerInfos[0].UnsignedAttributes) {
        if ($attribute.Oid.Value -eq '1.3.6.1.4.1.311.3.3.1') {
            return Get-StampTime -Token $attribute.Values[0].RawData -Signature (Get-SignatureValue -Message $Raw)
        }
    }
    return $null
}
