# Reads and changes the installed agent's settings: the proxy and the FIPS switch of its exe.config, and its registry tunables.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1

$agentKey = 'SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent'
$tunableNames = @('LdapConnectionTimeoutInMilliseconds', 'ReferralChasingOptions', 'UserPasswordLength')

# ---- the file ----

function New-XmlReaderSetting {
    # How any file of XML is read here: without a DTD, whose entities may fill the memory, and without anything outside the file.
    $settings = New-Object -TypeName System.Xml.XmlReaderSettings
    $settings.DtdProcessing = [System.Xml.DtdProcessing]::Prohibit
    $settings.XmlResolver = $null
    return $settings
}

function ConvertTo-Document {
    # Parses a configuration; white space stays as it is, and nothing outside the text is ever read.
    param(
        [string]$Text
    )
    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    $document.PreserveWhitespace = $true
    $reader = [System.Xml.XmlReader]::Create((New-Object -TypeName System.IO.StringReader -ArgumentList $Text), (New-XmlReaderSetting))
    try {
        $document.Load($reader)
    }
    finally {
        $reader.Dispose()
    }
    if ($document.DocumentElement.Name -ne 'configuration') {
        throw [System.Xml.XmlException]"its root is '$($document.DocumentElement.Name)' instead of 'configuration'"
    }
    return , $document
}

function Read-ConfigurationFile {
    # The text of a file with the encoding of its byte order mark, UTF-8 without a mark.
    param(
        [string]$Path
    )
    $unmarked = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false, $true
    $reader = New-Object -TypeName System.IO.StreamReader -ArgumentList $Path, $unmarked, $true
    try {
        $text = $reader.ReadToEnd()
        return @{ text = $text; encoding = $reader.CurrentEncoding }
    }
    finally {
        $reader.Dispose()
    }
}

function Write-ConfigurationFile {
    # Puts a changed document in the place of the file by one rename, which keeps its access rules and leaves the old one as a backup.
    # Returns the backup's path.
    param(
        [System.Xml.XmlDocument]$Document,
        [string]$Path,
        [hashtable]$Old
    )
    $settings = New-Object -TypeName System.Xml.XmlWriterSettings
    $settings.Encoding = $Old.encoding
    $settings.OmitXmlDeclaration = $Document.FirstChild -isnot [System.Xml.XmlDeclaration]
    $settings.NewLineHandling = [System.Xml.NewLineHandling]::None
    $stream = New-Object -TypeName System.IO.MemoryStream
    $writer = [System.Xml.XmlWriter]::Create($stream, $settings)
    $Document.Save($writer)
    $writer.Dispose()
    $text = $Old.encoding.GetString($stream.ToArray()).TrimStart([char]0xfeff)
    if ($Old.text.Contains("`r`n")) {
        # The parser has turned them into line feeds, as XML demands.
        $text = $text.Replace("`r`n", "`n").Replace("`n", "`r`n")
    }
    $new = "$Path.new"
    $stamp = [System.DateTime]::UtcNow.ToString('yyyyMMddTHHmmssfffZ', [System.Globalization.CultureInfo]::InvariantCulture)
    $backup = "$Path.$stamp.bak"
    try {
        [System.IO.File]::WriteAllText($new, $text, $Old.encoding)
        Move-File -From $new -To $Path -Backup $backup
    }
    finally {
        Remove-File -Path $new
    }
    Remove-OldBackup -Path $Path
    return $backup
}

function Remove-OldBackup {
    # Keeps the five newest; their names sort by time.
    param(
        [string]$Path
    )
    $pattern = [System.IO.Path]::GetFileName($Path) + '.*.bak'
    $files = @([System.IO.Directory]::GetFiles([System.IO.Path]::GetDirectoryName($Path), $pattern) | Sort-Object -Descending)
    foreach ($file in @($files | Select-Object -Skip 5)) {
        Remove-File -Path $file
    }
}

# ---- elements ----

function Add-ChildElement {
    # Adds an element at the end of another one, on a line of its own. Returns it.
    param(
        [System.Xml.XmlElement]$Parent,
        [System.Xml.XmlNode]$Child
    )
    $depth = 0
    for ($node = $Parent; $node.ParentNode -is [System.Xml.XmlElement]; $node = $node.ParentNode) {
        $depth++
    }
    $document = $Parent.OwnerDocument
    $last = $Parent.LastChild
    if ($last -is [System.Xml.XmlCharacterData] -and $last.NodeType -ne [System.Xml.XmlNodeType]::Comment -and -not $last.Value.Trim()) {
        $null = $Parent.RemoveChild($last)
    }
    $null = $Parent.AppendChild($document.CreateWhitespace("`n" + '  ' * ($depth + 1)))
    $null = $Parent.AppendChild($Child)
    $null = $Parent.AppendChild($document.CreateWhitespace("`n" + '  ' * $depth))
    return $Child
}

function Get-ChildElement {
    # The first child element of that name, made when it is missing and wanted.
    param(
        [System.Xml.XmlElement]$Parent,
        [string]$Name,
        [switch]$Force
    )
    $child = $Parent.SelectSingleNode($Name)
    if ($null -eq $child -and $Force) {
        return Add-ChildElement -Parent $Parent -Child $Parent.OwnerDocument.CreateElement($Name)
    }
    return $child
}

function Remove-ChildElement {
    # Removes a child with the white space in front of it.
    param(
        [System.Xml.XmlElement]$Parent,
        [string]$Name
    )
    $child = $Parent.SelectSingleNode($Name)
    if ($null -eq $child) {
        return
    }
    if ($child.PreviousSibling -is [System.Xml.XmlWhitespace]) {
        $null = $Parent.RemoveChild($child.PreviousSibling)
    }
    $null = $Parent.RemoveChild($child)
}

function Get-Flag {
    # An attribute as true or false; System.Net takes "true" and "false" in any case.
    param(
        [System.Xml.XmlElement]$Element,
        [string]$Name,
        [bool]$Default
    )
    $text = $Element.GetAttribute($Name)
    if (-not $text) {
        return $Default
    }
    return $text -eq 'true'
}

# ---- reading ----

function Get-ProxyFact {
    # What the element defaultProxy says, nothing where there is none. A user name and a password in the address, which .NET does not send
    # to a proxy, are masked: they would be in the answer, and in what module logging keeps of it.
    param(
        [System.Xml.XmlDocument]$Document
    )
    $outer = $Document.SelectSingleNode('/configuration/system.net/defaultProxy')
    if ($null -eq $outer) {
        return $null
    }
    $proxy = $outer.SelectSingleNode('proxy')
    $address = $(if ($null -ne $proxy) { $proxy.GetAttribute('proxyaddress') } else { '' })
    $list = @($outer.SelectNodes('bypasslist/add/@address') | ForEach-Object -Process { $_.Value })
    return @{
        url = [System.Text.RegularExpressions.Regex]::Replace($address, '^([a-zA-Z][a-zA-Z0-9+.-]*://)?.*@', '$1********@')
        enabled = Get-Flag -Element $outer -Name 'enabled' -Default $true
        use_default_credentials = Get-Flag -Element $outer -Name 'useDefaultCredentials' -Default $false
        bypass_on_local = $null -ne $proxy -and (Get-Flag -Element $proxy -Name 'bypassonlocal' -Default $false)
        bypass_list = $list
    }
}

function Get-TunableFact {
    # The tunables that are set: name, value as text, and kind, since the agent reads each in one kind only.
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    $key = $null
    try {
        $key = $hive.OpenSubKey($agentKey)
        if ($null -eq $key) {
            return
        }
        foreach ($name in @($key.GetValueNames() | Where-Object -FilterScript { $tunableNames -contains $_ })) {
            @{ name = $name; value = [string]$key.GetValue($name); kind = $key.GetValueKind($name).ToString() }
        }
    }
    finally {
        if ($null -ne $key) {
            $key.Dispose()
        }
        $hive.Dispose()
    }
}

function Get-SettingFact {
    # What the agent's exe.config and its registry key say; a file that is no well-formed configuration has no parts.
    param(
        [string]$ConfigurationPath
    )
    $fact = @{
        path = $ConfigurationPath; present = [System.IO.File]::Exists($ConfigurationPath); well_formed = $null; error = ''
        proxy = $null; enforce_fips_policy = $null; tunables = @(Get-TunableFact)
    }
    if (-not $fact.present) {
        return $fact
    }
    try {
        $document = ConvertTo-Document -Text (Read-ConfigurationFile -Path $ConfigurationPath).text
    }
    catch [System.Management.Automation.MethodInvocationException], [System.Xml.XmlException] {
        $fact.well_formed = $false
        $fact.error = $_.Exception.GetBaseException().Message
        return $fact
    }
    $fact.well_formed = $true
    $fact.proxy = Get-ProxyFact -Document $document
    $fips = $document.SelectSingleNode('/configuration/runtime/enforceFIPSPolicy')
    if ($null -ne $fips) {
        $fact.enforce_fips_policy = Get-Flag -Element $fips -Name 'enabled' -Default $true
    }
    return $fact
}

# ---- changing ----

function Set-Proxy {
    # Returns whether the document changed. Attributes that are not ours stay as somebody has set them.
    param(
        [System.Xml.XmlDocument]$Document,
        [object]$Wanted
    )
    $fact = Get-ProxyFact -Document $Document
    if ($Wanted.state -eq 'absent') {
        $outer = $Document.SelectSingleNode('/configuration/system.net')
        if ($null -ne $fact) {
            Remove-ChildElement -Parent $outer -Name 'defaultProxy'
        }
        return $null -ne $fact
    }
    $list = @($Wanted.bypass_list)
    if ($null -ne $fact -and $fact.enabled -and $fact.url -ceq $Wanted.url -and $fact.bypass_on_local -eq $Wanted.bypass_on_local -and
        $fact.use_default_credentials -eq $Wanted.use_default_credentials -and (@($fact.bypass_list) -join "`n") -ceq ($list -join "`n")) {
        return $false
    }
    $net = Get-ChildElement -Parent $Document.DocumentElement -Name 'system.net' -Force
    $outer = Get-ChildElement -Parent $net -Name 'defaultProxy' -Force
    $outer.SetAttribute('enabled', 'true')
    $outer.SetAttribute('useDefaultCredentials', ([string]$Wanted.use_default_credentials).ToLowerInvariant())
    $proxy = Get-ChildElement -Parent $outer -Name 'proxy' -Force
    if (-not $proxy.HasAttribute('usesystemdefault')) {
        $proxy.SetAttribute('usesystemdefault', 'true')
    }
    $proxy.SetAttribute('proxyaddress', $Wanted.url)
    $proxy.SetAttribute('bypassonlocal', ([string]$Wanted.bypass_on_local).ToLowerInvariant())
    Remove-ChildElement -Parent $outer -Name 'bypasslist'
    if ($list.Count -gt 0) {
        $bypass = Get-ChildElement -Parent $outer -Name 'bypasslist' -Force
        foreach ($address in $list) {
            $entry = Add-ChildElement -Parent $bypass -Child $Document.CreateElement('add')
            $entry.SetAttribute('address', $address)
        }
    }
    return $true
}

function Set-FipsPolicy {
    # False writes the switch; true takes it away, since that is what .NET does without it. Returns whether the document changed.
    param(
        [System.Xml.XmlDocument]$Document,
        [bool]$Enforce
    )
    $fips = $Document.SelectSingleNode('/configuration/runtime/enforceFIPSPolicy')
    $now = $null -eq $fips -or (Get-Flag -Element $fips -Name 'enabled' -Default $true)
    if ($now -eq $Enforce) {
        return $false
    }
    $runtime = Get-ChildElement -Parent $Document.DocumentElement -Name 'runtime' -Force
    if ($Enforce) {
        Remove-ChildElement -Parent $runtime -Name 'enforceFIPSPolicy'
    }
    else {
        (Get-ChildElement -Parent $runtime -Name 'enforceFIPSPolicy' -Force).SetAttribute('enabled', 'false')
    }
    return $true
}

function Set-Tunable {
    # Returns whether the registry changed.
    param(
        [object[]]$Wanted
    )
    $facts = @(Get-TunableFact)
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    $key = $hive.CreateSubKey($agentKey)
    $changed = $false
    try {
        foreach ($tunable in $Wanted) {
            $now = @($facts | Where-Object -FilterScript { $_.name -eq $tunable.name })
            if ($tunable.kind -eq 'None') {
                if ($now.Count -gt 0) {
                    $key.DeleteValue($tunable.name)
                    $changed = $true
                }
            }
            elseif ($now.Count -eq 0 -or $now[0].value -cne $tunable.value -or $now[0].kind -ne $tunable.kind) {
                $value = $(if ($tunable.kind -eq 'DWord') { [int]$tunable.value } else { [string]$tunable.value })
                $key.SetValue($tunable.name, $value, [Microsoft.Win32.RegistryValueKind]$tunable.kind)
                $changed = $true
            }
        }
    }
    finally {
        $key.Dispose()
        $hive.Dispose()
    }
    return $changed
}

function Set-AgentSetting {
    # Changes what differs from Wanted: proxy (or nothing), enforce_fips_policy (or nothing), tunables. A file that is missing or no
    # well-formed configuration is refused before anything is changed. Returns @{changed; backup}.
    param(
        [string]$ConfigurationPath,
        [object]$Wanted
    )
    $result = @{ changed = $false; backup = $null }
    if ($null -ne $Wanted.proxy -or $null -ne $Wanted.enforce_fips_policy) {
        if (-not [System.IO.File]::Exists($ConfigurationPath)) {
            throw "The file $ConfigurationPath does not exist."
        }
        $old = Read-ConfigurationFile -Path $ConfigurationPath
        $document = ConvertTo-Document -Text $old.text
        if ($null -ne $Wanted.proxy -and (Set-Proxy -Document $document -Wanted $Wanted.proxy)) {
            $result.changed = $true
        }
        if ($null -ne $Wanted.enforce_fips_policy -and (Set-FipsPolicy -Document $document -Enforce $Wanted.enforce_fips_policy)) {
            $result.changed = $true
        }
        if ($result.changed) {
            $result.backup = Write-ConfigurationFile -Document $document -Path $ConfigurationPath -Old $old
        }
    }
    if (@($Wanted.tunables).Count -gt 0 -and (Set-Tunable -Wanted @($Wanted.tunables))) {
        $result.changed = $true
    }
    return $result
}

# ---- over an upgrade ----

function Copy-Section {
    # Puts a section of the old document in the place of the new one's. Returns whether that changed anything.
    param(
        [System.Xml.XmlDocument]$From,
        [System.Xml.XmlDocument]$To,
        [string]$Parent,
        [string]$Name
    )
    $old = $From.SelectSingleNode("$Parent/$Name")
    if ($null -eq $old) {
        return $false
    }
    $new = $To.SelectSingleNode("$Parent/$Name")
    if ($null -ne $new -and $new.OuterXml -ceq $old.OuterXml) {
        return $false
    }
    $copy = $To.ImportNode($old, $true)
    if ($null -ne $new) {
        $null = $new.ParentNode.ReplaceChild($copy, $new)
        return $true
    }
    $place = $To.SelectSingleNode($Parent)
    if ($null -eq $place) {
        $place = Get-ChildElement -Parent $To.DocumentElement -Name ($Parent -replace '^.*/', '') -Force
    }
    $null = Add-ChildElement -Parent $place -Child $copy
    return $true
}

function Copy-ApplicationSetting {
    # Carries application settings over that the new file lacks or has with another value. Returns whether any was.
    param(
        [System.Xml.XmlDocument]$From,
        [System.Xml.XmlDocument]$To
    )
    $changed = $false
    foreach ($old in @($From.SelectNodes('/configuration/appSettings/add[@key]'))) {
        $place = Get-ChildElement -Parent $To.DocumentElement -Name 'appSettings' -Force
        $new = @($place.SelectNodes('add') | Where-Object -FilterScript { $_.GetAttribute('key') -ceq $old.GetAttribute('key') })
        if ($new.Count -eq 0) {
            $null = Add-ChildElement -Parent $place -Child $To.ImportNode($old, $true)
            $changed = $true
        }
        elseif ($new[0].GetAttribute('value') -cne $old.GetAttribute('value')) {
            $new[0].SetAttribute('value', $old.GetAttribute('value'))
            $changed = $true
        }
    }
    return $changed
}

function Copy-ConfigurationEdit {
    # Carries an administrator's edits from the text of an older exe.config over into a file that the installer has written anew: proxy,
    # trace, FIPS switch, application settings. All else, such as assembly bindings, belongs to the new version.
    # Returns @{changed; backup}. An older file that was not well-formed has nothing to carry.
    param(
        [string]$OldText,
        [string]$Path
    )
    $result = @{ changed = $false; backup = $null }
    if (-not [System.IO.File]::Exists($Path)) {
        return $result
    }
    $file = Read-ConfigurationFile -Path $Path
    if ($file.text -ceq $OldText) {
        return $result
    }
    try {
        $from = ConvertTo-Document -Text $OldText
    }
    catch [System.Management.Automation.MethodInvocationException], [System.Xml.XmlException] {
        return $result
    }
    $to = ConvertTo-Document -Text $file.text
    $carried = @(
        Copy-Section -From $from -To $to -Parent '/configuration' -Name 'system.net'
        Copy-Section -From $from -To $to -Parent '/configuration' -Name 'system.diagnostics'
        Copy-Section -From $from -To $to -Parent '/configuration/runtime' -Name 'enforceFIPSPolicy'
        Copy-ApplicationSetting -From $from -To $to
    )
    if ($carried -contains $true) {
        $result.backup = Write-ConfigurationFile -Document $to -Path $Path -Old $file
        $result.changed = $true
    }
    return $result
}
