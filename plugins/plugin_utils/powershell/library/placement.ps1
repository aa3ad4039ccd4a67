# The package's place on the host: a folder that only administrators write to, one rename, and a note of where the file is from.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: json.ps1

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
        [string]$Path,
        [string]$Except = ''
    )
    $directory = [System.IO.Path]::GetDirectoryName($Path)
    foreach ($file in [System.IO.Directory]::GetFiles($directory, [System.IO.Path]::GetFileName($Path) + '.*.part')) {
        if ($file -eq $Except) {
            continue
        }
        try {
            [System.IO.File]::Delete($file)
        }
        catch [System.IO.IOException] {
            Write-Verbose -Message "in use: $file"
        }
    }
}

function New-PartPath {
    # A name of its own for a file that is not proven yet, which Remove-UnfinishedFile knows again.
    param(
        [string]$Path
    )
    return $Path + '.' + [System.Guid]::NewGuid().ToString('N') + '.part'
}

function Get-SourceNotePath {
    param(
        [string]$Path
    )
    return "$Path.source.json"
}

function Read-SourceNote {
    # What was noted of a file when it came from this source: etag, last_modified. Empty for another source, or when the file has changed
    # since: then its source is asked for all of it.
    param(
        [string]$Path,
        [string]$Source,
        [string]$Sha256
    )
    $notePath = Get-SourceNotePath -Path $Path
    if (-not [System.IO.File]::Exists($notePath)) {
        return @{}
    }
    try {
        $note = ConvertFrom-JsonText -Text ([System.IO.File]::ReadAllText($notePath))
    }
    catch [System.Management.Automation.MethodInvocationException] {
        # Not JSON: cut off when the host went down, or written by somebody else.
        return @{}
    }
    $table = $note -as [hashtable]
    $missing = @('source', 'sha256', 'etag', 'last_modified' | Where-Object -FilterScript { $null -eq $table -or $null -eq $table[$_] })
    if ($missing.Count -gt 0 -or $table['source'] -ne $Source -or $table['sha256'] -ne $Sha256) {
        return @{}
    }
    return @{ etag = [string]$table['etag']; last_modified = [string]$table['last_modified'] }
}

function Write-SourceNote {
    # The address is noted as its hash: it may carry a key in its query.
    param(
        [string]$Path,
        [string]$Source,
        [string]$Sha256,
        [string]$ETag,
        [string]$LastModified
    )
    $note = @{ source = $Source; sha256 = $Sha256; etag = $ETag; last_modified = $LastModified } | ConvertTo-Json -Compress
    [System.IO.File]::WriteAllText((Get-SourceNotePath -Path $Path), $note)
}

function Remove-Package {
    # The file and the note that belongs to it.
    param(
        [string]$Path
    )
    Remove-File -Path $Path
    Remove-File -Path (Get-SourceNotePath -Path $Path)
}
