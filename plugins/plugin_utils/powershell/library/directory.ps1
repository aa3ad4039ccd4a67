# Reads what the agent's service account needs: log-on right, key distribution service, schema, the account itself.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: program.ps1

function Get-AccountName {
    # The name of an identifier as DOMAIN\name; the identifier itself where Windows knows none, or cannot ask the domain for it.
    param(
        [string]$Identifier
    )
    try {
        $account = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $Identifier
        return $account.Translate([System.Security.Principal.NTAccount]).Value
    }
    catch {
        return $Identifier
    }
}

function Get-LogOnRightFact {
    # Who holds the right "Log on as a service": identifiers, or names where secedit could not resolve them, and the names of them all.
    # secedit writes to files only.
    $fact = @{ readable = $false; problem = ''; holders = @(); names = @() }
    $file = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    try {
        # It opens the security database, which takes its time on a busy host.
        $null = Invoke-QuietProgram -Name 'secedit.exe' -Arguments "/export /areas USER_RIGHTS /cfg `"$file`" /quiet"
        $lines = [System.IO.File]::ReadAllLines($file)
        if (@($lines | Where-Object -FilterScript { $_ -eq '[Privilege Rights]' }).Count -eq 0) {
            throw 'secedit.exe exported no rights'
        }
        $fact.readable = $true
        foreach ($line in $lines) {
            # A right that nobody holds has no line.
            if ($line -match '^\s*SeServiceLogonRight\s*=\s*(?<holders>.*)$') {
                $fact.holders = @($Matches['holders'] -split ',' | ForEach-Object -Process { $_.Trim().TrimStart('*') } | Where-Object -FilterScript { $_ })
                $fact.names = @($fact.holders | ForEach-Object -Process { Get-AccountName -Identifier $_ })
            }
        }
    }
    catch {
        $fact.problem = $_.Exception.GetBaseException().Message
    }
    finally {
        try {
            [System.IO.File]::Delete($file)
        }
        catch {
            $left = "the exported rights were left in ${file}: $($_.Exception.GetBaseException().Message)"
            $fact.problem = @(@($fact.problem, $left) | Where-Object -FilterScript { $_ }) -join '; '
        }
    }
    return $fact
}

function Find-DirectoryEntry {
    # The entries that a search finds; none where the base does not exist.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Base,
        [string]$Filter = '(objectClass=*)',
        [System.DirectoryServices.Protocols.SearchScope]$Scope = [System.DirectoryServices.Protocols.SearchScope]::Base,
        [string[]]$Attributes
    )
    $request = New-Object -TypeName System.DirectoryServices.Protocols.SearchRequest -ArgumentList $Base, $Filter, $Scope, $Attributes
    try {
        return @($Connection.SendRequest($request, $Connection.Timeout).Entries)
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        if ($cause -is [System.DirectoryServices.Protocols.DirectoryOperationException] -and
            $cause.Response.ResultCode -eq [System.DirectoryServices.Protocols.ResultCode]::NoSuchObject) {
            return @()
        }
        throw
    }
}

function Get-EntryValue {
    # The values of one attribute, as the wanted type; none where the entry has not got it.
    param(
        [System.DirectoryServices.Protocols.SearchResultEntry]$Entry,
        [string]$Name,
        [type]$As = [string]
    )
    if (-not $Entry.Attributes.Contains($Name)) {
        return
    }
    foreach ($value in $Entry.Attributes[$Name].GetValues($As)) {
        # With the comma an array of bytes leaves as one.
        , $value
    }
}

function Get-RootKeyFact {
    # When the root keys of the key distribution service come into use. Only administrators of the domain see them: "conclusive" is
    # whether this account is one, so that an empty list means that there are none.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Configuration
    )
    $base = "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,$Configuration"
    $container = @(Find-DirectoryEntry -Connection $Connection -Base $base -Attributes 'sDRightsEffective')
    $rights = @($container | ForEach-Object -Process { Get-EntryValue -Entry $_ -Name 'sDRightsEffective' })
    $scope = [System.DirectoryServices.Protocols.SearchScope]::OneLevel
    $keys = @(Find-DirectoryEntry -Connection $Connection -Base $base -Scope $scope -Attributes 'msKds-UseStartTime')
    $times = @($keys | ForEach-Object -Process { Get-EntryValue -Entry $_ -Name 'msKds-UseStartTime' })
    return @{
        conclusive = $times.Count -gt 0 -or ($rights.Count -gt 0 -and [int]$rights[0] -ne 0)
        use_start_times = @($times | ForEach-Object -Process { Format-UtcTime -Time ([System.DateTime]::FromFileTimeUtc([long]$_)) })
    }
}

function Get-HostIdentifier {
    # The security identifiers of this computer's account and of the groups that it is in.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Domain
    )
    $filter = "(sAMAccountName=$([System.Environment]::MachineName)`$)"
    $scope = [System.DirectoryServices.Protocols.SearchScope]::Subtree
    foreach ($computer in @(Find-DirectoryEntry -Connection $Connection -Base $Domain -Filter $filter -Scope $scope -Attributes 'objectSid')) {
        # tokenGroups is worked out by the domain controller, for a search of the entry itself only.
        $entries = @(Find-DirectoryEntry -Connection $Connection -Base $computer.DistinguishedName -Attributes 'objectSid', 'tokenGroups')
        foreach ($name in @('objectSid', 'tokenGroups')) {
            foreach ($bytes in @(Get-EntryValue -Entry $entries[0] -Name $name -As ([byte[]]))) {
                (New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
            }
        }
    }
}

function Find-AccountDomain {
    # The domain of the forest that the part before an account's backslash names, be it by its NetBIOS or its DNS name: its naming context
    # and its DNS name; nothing where the forest has no such domain.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Configuration,
        [string]$Prefix
    )
    $attribute = $(if ($Prefix.Contains('.')) { 'dnsRoot' } else { 'nETBIOSName' })
    $filter = "(&(objectClass=crossRef)($attribute=$($Prefix -replace '[()*\\]', '')))"
    $scope = [System.DirectoryServices.Protocols.SearchScope]::OneLevel
    $wanted = @('nETBIOSName', 'nCName', 'dnsRoot')
    foreach ($entry in @(Find-DirectoryEntry -Connection $Connection -Base "CN=Partitions,$Configuration" -Filter $filter -Scope $scope -Attributes $wanted)) {
        $netbios, $context, $dns = @($wanted | ForEach-Object -Process { @(Get-EntryValue -Entry $entry -Name $_)[0] })
        # Schema and configuration have the DNS name of the forest's root too, and no NetBIOS name.
        if ($netbios) {
            @{ context = $context; dns = $dns }
        }
    }
}

function Read-ServiceAccount {
    # What the domain that it is in knows of a group managed service account: @{exists; retrievable; encryption_types; identifier}.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Domain,
        [string[]]$HostIdentifiers,
        [string]$Name
    )
    $short = $Name.Substring($Name.LastIndexOf([char]'\') + 1) -replace '[()*\\]', ''
    $filter = "(&(objectClass=msDS-GroupManagedServiceAccount)(sAMAccountName=$short))"
    $scope = [System.DirectoryServices.Protocols.SearchScope]::Subtree
    $wanted = @('msDS-GroupMSAMembership', 'msDS-SupportedEncryptionTypes', 'objectSid')
    $entries = @(Find-DirectoryEntry -Connection $Connection -Base $Domain -Filter $filter -Scope $scope -Attributes $wanted)
    $account = @{ exists = $entries.Count -gt 0; retrievable = $null; encryption_types = $null; identifier = $null }
    if (-not $account.exists) {
        return $account
    }
    $types = @(Get-EntryValue -Entry $entries[0] -Name 'msDS-SupportedEncryptionTypes')
    $account.encryption_types = $(if ($types.Count -gt 0) { [long]$types[0] } else { [long]0 })
    foreach ($bytes in @(Get-EntryValue -Entry $entries[0] -Name 'objectSid' -As ([byte[]]))) {
        $account.identifier = (New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
    }
    foreach ($bytes in @(Get-EntryValue -Entry $entries[0] -Name 'msDS-GroupMSAMembership' -As ([byte[]]))) {
        $list = (New-Object -TypeName System.Security.AccessControl.RawSecurityDescriptor -ArgumentList $bytes, 0).DiscretionaryAcl
        $account.retrievable = @($list | Where-Object -FilterScript { $HostIdentifiers -contains $_.SecurityIdentifier.Value }).Count -gt 0
    }
    return $account
}

function Read-ForeignServiceAccount {
    # The same from another domain of the forest, asked of that domain's own controllers; or @{problem} where they do not answer.
    param(
        [string]$DnsDomain,
        [string]$Domain,
        [string[]]$HostIdentifiers,
        [string]$Name
    )
    $connection = $null
    try {
        $connection = Open-Directory -DnsDomain $DnsDomain
        $account = Read-ServiceAccount -Connection $connection -Domain $Domain -HostIdentifiers $HostIdentifiers -Name $Name
        if ($account.retrievable -eq $false) {
            # This host may be in a group of that domain, which its own domain does not list.
            $account.retrievable = $null
        }
        return $account
    }
    catch {
        return @{ problem = "the domain $DnsDomain does not answer: $($_.Exception.GetBaseException().Message)" }
    }
    finally {
        if ($null -ne $connection) {
            $connection.Dispose()
        }
    }
}

function Get-ServiceAccountFact {
    # A group managed service account: whether it exists, whether its list of hosts lets this one have the password, its encryption types.
    # "exists" is null where its domain could not be asked, with the reason. The list is what Test-ADServiceAccount depends on too; that
    # one needs administration tools that a host need not have.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Domain,
        [string]$Configuration,
        [string]$Name
    )
    $fact = @{ name = $Name; exists = $null; problem = ''; retrievable = $null; encryption_types = $null; identifier = $null }
    $prefix = $Name.Substring(0, [System.Math]::Max(0, $Name.LastIndexOf([char]'\')))
    $place = @{ context = $Domain; dns = '' }
    if ($prefix) {
        $found = @(Find-AccountDomain -Connection $Connection -Configuration $Configuration -Prefix $prefix)
        if ($found.Count -eq 0) {
            $fact.problem = "the forest has no domain $prefix"
            return $fact
        }
        $place = $found[0]
    }
    # Everyone and Authenticated Users, which no directory counts among a computer's groups.
    $identifiers = @(Get-HostIdentifier -Connection $Connection -Domain $Domain) + @('S-1-1-0', 'S-1-5-11')
    if ($place.context -eq $Domain) {
        $read = Read-ServiceAccount -Connection $Connection -Domain $Domain -HostIdentifiers $identifiers -Name $Name
    }
    else {
        $read = Read-ForeignServiceAccount -DnsDomain $place.dns -Domain $place.context -HostIdentifiers $identifiers -Name $Name
    }
    foreach ($key in $read.Keys) {
        $fact[$key] = $read[$key]
    }
    return $fact
}

function Open-Directory {
    # A connection that is signed in; the name of a domain stands for any of its controllers.
    param(
        [string]$DnsDomain
    )
    $connection = New-Object -TypeName System.DirectoryServices.Protocols.LdapConnection -ArgumentList $DnsDomain
    try {
        $connection.Timeout = [System.TimeSpan]::FromSeconds(5)
        $connection.SessionOptions.ProtocolVersion = 3
        $connection.SessionOptions.Signing = $true
        # A search of a domain from its top is answered with referrals to other servers too, which Windows would ask one after another,
        # however long they take, and with this session's credentials.
        $connection.SessionOptions.ReferralChasing = [System.DirectoryServices.Protocols.ReferralChasingOptions]::None
        $connection.Bind()
        return $connection
    }
    catch {
        $connection.Dispose()
        throw
    }
}

function Get-DirectoryFact {
    # What the forest holds that the agent needs, asked over LDAP, which needs no administration tools. Account: DOMAIN\name$ or ''.
    # A session that came over the network without delegation has no credentials to ask with: that is "not readable", with the reason.
    param(
        [string]$DnsDomain,
        [string]$Account
    )
    $fact = @{
        readable = $false; problem = ''; kds = $null; schema_version = $null; external_object_id = $null; account_container = $null; account = $null
    }
    $connection = $null
    try {
        Add-Type -AssemblyName System.DirectoryServices.Protocols
        $connection = Open-Directory -DnsDomain $DnsDomain
        $read = Read-Directory -Connection $connection -Account $Account
        foreach ($key in $read.Keys) {
            $fact[$key] = $read[$key]
        }
        $fact.readable = $true
    }
    catch {
        $fact.problem = $_.Exception.GetBaseException().Message
    }
    finally {
        if ($null -ne $connection) {
            $connection.Dispose()
        }
    }
    return $fact
}

function Read-Directory {
    # What a connection that is bound can read: @{kds; schema_version; external_object_id; account_container; account}.
    param(
        [System.DirectoryServices.Protocols.LdapConnection]$Connection,
        [string]$Account
    )
    $wanted = @('defaultNamingContext', 'configurationNamingContext', 'schemaNamingContext')
    $root = @(Find-DirectoryEntry -Connection $Connection -Base '' -Attributes $wanted)[0]
    $domain, $configuration, $schema = @($wanted | ForEach-Object -Process { @(Get-EntryValue -Entry $root -Name $_)[0] })
    $head = @(Find-DirectoryEntry -Connection $Connection -Base $schema -Attributes 'objectVersion')[0]
    $filter = '(lDAPDisplayName=msDS-ExternalDirectoryObjectId)'
    $scope = [System.DirectoryServices.Protocols.SearchScope]::OneLevel
    $attribute = @(Find-DirectoryEntry -Connection $Connection -Base $schema -Filter $filter -Scope $scope -Attributes 'cn')
    # The well-known identifier leads to the container Managed Service Accounts, whatever it is called and wherever it was moved to.
    $container = @(Find-DirectoryEntry -Connection $Connection -Base "<WKGUID=1EB93889E40C45DF9F0C64D23BBB6237,$domain>" -Attributes 'cn')
    return @{
        kds = Get-RootKeyFact -Connection $Connection -Configuration $configuration
        schema_version = [int]@(Get-EntryValue -Entry $head -Name 'objectVersion')[0]
        external_object_id = $attribute.Count -gt 0
        account_container = $container.Count -gt 0
        account = $(if ($Account) { Get-ServiceAccountFact -Connection $Connection -Domain $domain -Configuration $configuration -Name $Account } else { $null })
    }
}
