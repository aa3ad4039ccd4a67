# Reads which proxy is set on this host, where the agent, .NET, Windows for all users, the user, and WinHTTP each have a place for it.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: settings.ps1
# include: network.ps1

$internetSettings = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings'

function New-Way {
    # A way out as plain values: origin, url or script, bypass_on_local, bypass_list (regular expressions as .NET takes them),
    # use_default_credentials, and direct for none at all.
    param(
        [string]$Origin,
        [string]$Url = '',
        [string]$Script = '',
        [bool]$BypassOnLocal = $false,
        [string[]]$BypassList = @(),
        [bool]$UseDefaultCredentials = $false,
        [bool]$Direct = $false
    )
    return @{
        origin = $Origin
        url = $Url
        script = $Script
        bypass_on_local = $BypassOnLocal
        bypass_list = @($BypassList)
        use_default_credentials = $UseDefaultCredentials
        direct = $Direct
    }
}

function ConvertTo-BypassPattern {
    # One entry of Windows' list of addresses that go past the proxy (*.contoso.com, 10.*, host:port) as .NET takes it: a pattern
    # for scheme://host:port, where .NET leaves out the port that goes with the scheme.
    param(
        [string]$Entry
    )
    $scheme = $(if ($Entry.Contains('://')) { '' } else { '[a-z]+://' })
    $port = $(if ($Entry -match ':\d+$') { '' } else { '(:\d+)?' })
    return '^' + $scheme + [System.Text.RegularExpressions.Regex]::Escape($Entry).Replace('\*', '.*') + $port + '$'
}

function ConvertFrom-WindowsProxy {
    # A way out from Windows' own texts: Server is host:port for all, or http=host:port;https=host:port; Bypass has <local> among its
    # entries. Nothing where it has no well-formed proxy for HTTPS.
    param(
        [string]$Origin,
        [string]$Server,
        [string]$Bypass
    )
    $servers = @($Server -split '[;\s]+' | Where-Object -FilterScript { $_ })
    $chosen = @($servers | Where-Object -FilterScript { $_ -like 'https=*' -or -not $_.Contains('=') })
    if ($chosen.Count -eq 0) {
        return $null
    }
    $address = ConvertTo-ProxyUri -Text ($chosen[0] -replace '^https=', '')
    if ($null -eq $address) {
        return $null
    }
    $entries = @($Bypass -split '[;\s]+' | Where-Object -FilterScript { $_ })
    # <local> is names without a dot, <-loopback> what .NET does anyway.
    $patterns = @($entries | Where-Object -FilterScript { -not $_.StartsWith('<', [System.StringComparison]::Ordinal) } | ForEach-Object -Process { ConvertTo-BypassPattern -Entry $_ })
    return New-Way -Origin $Origin -Url $address.AbsoluteUri -BypassOnLocal ($entries -contains '<local>') -BypassList $patterns
}

function Get-WinInetWay {
    # The setting of Windows' Internet options: the user's, or the machine's where a policy says that it counts for all users. Nothing
    # where it names no proxy and no script.
    $policy = Get-RegistryValue -Path 'SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings'
    $forAll = $null -ne $policy -and $null -ne $policy['ProxySettingsPerUser'] -and [int]$policy['ProxySettingsPerUser'] -eq 0
    $root = $(if ($forAll) { [Microsoft.Win32.RegistryHive]::LocalMachine } else { [Microsoft.Win32.RegistryHive]::CurrentUser })
    $origin = $(if ($forAll) { 'machine' } else { 'user' })
    $values = Get-RegistryValue -Path $internetSettings -Root $root
    if ($null -eq $values) {
        return $null
    }
    if ($values['AutoConfigURL']) {
        return New-Way -Origin $origin -Script ([string]$values['AutoConfigURL'])
    }
    if ($null -eq $values['ProxyEnable'] -or [int]$values['ProxyEnable'] -eq 0) {
        return $null
    }
    return ConvertFrom-WindowsProxy -Origin $origin -Server ([string]$values['ProxyServer']) -Bypass ([string]$values['ProxyOverride'])
}

function Read-CountedText {
    # A text in bytes after its length in four of them; throws where they do not fit.
    param(
        [byte[]]$Bytes,
        [int]$Start
    )
    return [System.Text.Encoding]::ASCII.GetString($Bytes, $Start + 4, [System.BitConverter]::ToInt32($Bytes, $Start))
}

function Get-WinHttpWay {
    # What "netsh winhttp set proxy" has left: version, counter, flags (2: a proxy is set), the proxy's text and the list of what goes
    # past it. Nothing where none is set, or the bytes are none that Windows writes.
    $values = Get-RegistryValue -Path "$internetSettings\Connections"
    if ($null -eq $values -or $values['WinHttpSettings'] -isnot [byte[]]) {
        return $null
    }
    $bytes = $values['WinHttpSettings']
    try {
        if (([System.BitConverter]::ToInt32($bytes, 8) -band 2) -eq 0) {
            return $null
        }
        $server = Read-CountedText -Bytes $bytes -Start 12
        $bypass = Read-CountedText -Bytes $bytes -Start (16 + $server.Length)
    }
    catch [System.Management.Automation.MethodInvocationException] {
        return $null
    }
    return ConvertFrom-WindowsProxy -Origin 'winhttp' -Server $server -Bypass $bypass
}

function Get-ConfiguredWay {
    # What an element defaultProxy (see Get-ProxyFact) says, nothing where it leaves the choice to what is next. It throws where its
    # address is not well-formed; that may carry a password, so it is not repeated.
    param(
        [string]$Origin,
        [object]$Configured
    )
    if ($null -eq $Configured) {
        return $null
    }
    if (-not $Configured.enabled) {
        return New-Way -Origin $Origin -Direct $true
    }
    if (-not $Configured.url) {
        return $null
    }
    $address = ConvertTo-ProxyUri -Text $Configured.url
    if ($null -eq $address) {
        $place = $(if ($Origin -eq 'agent') { "of the agent's proxy in its exe.config" } else { "of .NET's proxy in machine.config" })
        throw "the address $place is not well-formed"
    }
    $flags = @{ BypassOnLocal = $Configured.bypass_on_local; UseDefaultCredentials = $Configured.use_default_credentials }
    return New-Way -Origin $Origin -Url $address.AbsoluteUri -BypassList ([string[]]@($Configured.bypass_list)) @flags
}

function Get-HostWay {
    # The proxy that is set on this host, by the first place that has one. Origin: dotnet (machine.config), machine or user (Internet
    # options), winhttp (netsh winhttp), none.
    # The last is no place where .NET looks; but a host that has it there, and nowhere else, has no other way out.
    $framework = [System.IO.Path]::Combine([System.Environment]::GetFolderPath([System.Environment+SpecialFolder]::Windows), 'Microsoft.NET\Framework64')
    $machine = (Get-SettingFact -ConfigurationPath ([System.IO.Path]::Combine($framework, 'v4.0.30319\Config\machine.config'))).proxy
    foreach ($way in @((Get-ConfiguredWay -Origin 'dotnet' -Configured $machine), (Get-WinInetWay), (Get-WinHttpWay))) {
        if ($null -ne $way) {
            return $way
        }
    }
    return New-Way -Origin 'none'
}

function Get-AgentWay {
    # The way out that the agent takes: that of its exe.config (origin: agent) where this has one, else the host's.
    param(
        [object]$Configured
    )
    $way = Get-ConfiguredWay -Origin 'agent' -Configured $Configured
    if ($null -ne $way) {
        return $way
    }
    return Get-HostWay
}

function Get-AgentProxyUri {
    # The address of the proxy in the agent's exe.config; nothing where there is none or it is not well-formed.
    param(
        [object]$Configured
    )
    if ($null -eq $Configured -or -not $Configured.enabled -or -not $Configured.url) {
        return $null
    }
    return ConvertTo-ProxyUri -Text $Configured.url
}

function Get-WayFact {
    # What a result says of a way out: its origin, and the proxy's address or that of the script that chooses it, without a user's name and
    # password.
    param(
        [hashtable]$Way
    )
    $address = $(if ($Way.url -or $Way.script) { ConvertTo-ProxyUri -Text ($Way.url + $Way.script) } else { $null })
    $shown = $(if ($null -eq $address) { '' } elseif ($Way.script) { "$($address.Scheme)://$($address.Authority)$($address.AbsolutePath)" } else { "$($address.Scheme)://$($address.Authority)" })
    return @{ origin = $Way.origin; url = $shown }
}
