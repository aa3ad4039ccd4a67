# Folders below ProgramData that only administrators can change: made so, looked at, taken over where that is safe.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Below ProgramData every user can make folders. Who owns one, or may write to it, can put libraries beside the package that is run from
# there, or exchange it; who owns the folder above can rename it; and a link leads to where somebody else rules.
# SYSTEM, Administrators, TrustedInstaller.
$trustedIdentities = @('S-1-5-18', 'S-1-5-32-544', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464')
# What lets somebody change a file or a folder: write and append, attributes, delete what is inside, delete, change permissions, take
# ownership, all, generic write.
$changingRights = 0x500d0156
$protectedFolder = 'O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)'

function Get-FolderLevel {
    # The folder and those above it as far as they lie below ProgramData, the highest first; none elsewhere, where whoever named the
    # folder answers for it.
    param(
        [string]$Path
    )
    $level = [System.Environment]::GetFolderPath('CommonApplicationData').TrimEnd('\')
    $full = [System.IO.Path]::GetFullPath($Path).TrimEnd('\')
    if (-not $full.StartsWith("$level\", [System.StringComparison]::OrdinalIgnoreCase)) {
        return
    }
    foreach ($name in $full.Substring($level.Length + 1).Split([char]'\')) {
        $level = [System.IO.Path]::Combine($level, $name)
        $level
    }
}

function Get-TrustedIdentity {
    # And the account that this runs as, which is an administrator.
    return $trustedIdentities + @([System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value)
}

function Get-EntryFact {
    # Who owns a file or folder, whether it is a link, and who beside those that are trusted may change it.
    param(
        [string]$Path
    )
    $fact = @{ path = $Path; link = $false; owner = ''; writers = @() }
    $fact.link = ([int][System.IO.File]::GetAttributes($Path) -band [int][System.IO.FileAttributes]::ReparsePoint) -ne 0
    if ($fact.link) {
        return $fact
    }
    $security = Get-Acl -LiteralPath $Path
    $fact.owner = $security.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    # CREATOR OWNER stands for who makes something inside.
    $trusted = @(Get-TrustedIdentity) + @('S-1-3-0')
    $fact.writers = @(foreach ($rule in $security.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])) {
            $allows = $rule.AccessControlType -eq [System.Security.AccessControl.AccessControlType]::Allow
            if ($allows -and ([int]$rule.FileSystemRights -band $changingRights) -and $trusted -notcontains $rule.IdentityReference.Value) {
                $rule.IdentityReference.Value
            }
        })
    return $fact
}

function Assert-TrustedEntry {
    # Throws what makes a file or folder unfit, with what to do about it.
    param(
        [hashtable]$Fact
    )
    if ($Fact.link) {
        throw "$($Fact.path) is a link to another place (reparse point): remove it, or name another folder."
    }
    if (@(Get-TrustedIdentity) -notcontains $Fact.owner) {
        throw "$($Fact.path) belongs to $($Fact.owner), who is no administrator: remove it, or name another folder."
    }
}

function New-ProtectedFolder {
    # Makes one folder with its security in the same call; one that somebody has made meanwhile stays as it is.
    param(
        [string]$Path
    )
    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm($protectedFolder)
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        $null = [System.IO.Directory]::CreateDirectory($Path, $security)
    }
    else {
        $null = [System.IO.FileSystemAclExtensions]::CreateDirectory($security, $Path)
    }
}

function Protect-Folder {
    # Takes a folder over that belongs to an administrator, and that others may change: as ProgramData's own rules make it.
    param(
        [string]$Path
    )
    $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm($protectedFolder)
    Set-Acl -LiteralPath $Path -AclObject $security
}

function Confirm-Folder {
    # Sees that a folder below ProgramData, those above it, and what it holds can be changed by administrators alone. With Change it is made
    # where it is missing, and taken over where it belongs to an administrator; returns whether that was necessary. Throws where the folder
    # is unfit.
    param(
        [string]$Path,
        [switch]$Change
    )
    if ([System.IO.Path]::GetFullPath($Path).TrimEnd('\') -eq [System.Environment]::GetFolderPath('CommonApplicationData').TrimEnd('\')) {
        throw "Every user of this host can write to ${Path}: name a folder of its own below it."
    }
    $taken = $false
    $levels = @(Get-FolderLevel -Path $Path)
    foreach ($level in $levels) {
        if (-not [System.IO.Directory]::Exists($level)) {
            if (-not $Change) {
                return $false
            }
            New-ProtectedFolder -Path $level
        }
        $fact = Get-EntryFact -Path $level
        Assert-TrustedEntry -Fact $fact
        if ($fact.writers.Count -gt 0 -and $Change) {
            Protect-Folder -Path $level
            $taken = $true
        }
    }
    if ($levels.Count -eq 0) {
        if ($Change) {
            $null = [System.IO.Directory]::CreateDirectory($Path)
        }
        return $false
    }
    # Whoever put something here while he could may change it still.
    foreach ($entry in [System.IO.Directory]::GetFileSystemEntries($Path)) {
        Assert-TrustedEntry -Fact (Get-EntryFact -Path $entry)
    }
    return $taken
}
