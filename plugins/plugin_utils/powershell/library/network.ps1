# The way out of this process: its proxy, the TLS versions that it offers, and connections over IPv4 and IPv6.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1

function Get-StrongTls {
    # TLS 1.2, and 1.3 where both .NET and Windows have it, as a value of SslProtocols or SecurityProtocolType. By name: without one,
    # .NET Framework offers SSL 3 and TLS 1.0 where SchUseStrongCrypto is not set, which is Server 2016 and 2019 as installed.
    param(
        [type]$Type
    )
    $names = 'Tls12'
    # .NET 4.8 knows the name on every Windows, and Windows before Server 2022 fails at it.
    $windows = Get-RegistryValue -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    if ([System.Enum]::IsDefined($Type, 'Tls13') -and [int]$windows['CurrentBuildNumber'] -ge 20348) {
        $names = 'Tls12, Tls13'
    }
    return [System.Enum]::Parse($Type, $names)
}

function Enable-StrongTls {
    # Lets this process offer them too; what it offers already stays. 0 leaves the choice to Windows, which then offers them by itself.
    $now = [System.Net.ServicePointManager]::SecurityProtocol
    if ([int]$now -ne 0) {
        [System.Net.ServicePointManager]::SecurityProtocol = $now -bor (Get-StrongTls -Type ([System.Net.SecurityProtocolType]))
    }
}

function ConvertTo-ProxyUri {
    # The address of a proxy as .NET takes it, without a scheme too; nothing where it is not well-formed.
    param(
        [string]$Text
    )
    $whole = $(if ($Text.Contains('://')) { $Text } else { "http://$Text" })
    $address = $null
    if ([System.Uri]::TryCreate($whole, [System.UriKind]::Absolute, [ref]$address)) {
        return $address
    }
    return $null
}

function New-WayProxy {
    # The proxy of a way out (see Get-HostWay), nothing for a way without one.
    param(
        [object]$Way
    )
    if ($Way.direct) {
        return $null
    }
    if ($Way.script) {
        # Windows runs the script, with the setting that it stands in.
        return [System.Net.WebRequest]::GetSystemWebProxy()
    }
    if (-not $Way.url) {
        # Windows may still find one by itself (WPAD).
        return [System.Net.WebRequest]::DefaultWebProxy
    }
    $proxy = New-Object -TypeName System.Net.WebProxy -ArgumentList $Way.url, $Way.bypass_on_local, ([string[]]@($Way.bypass_list))
    $proxy.UseDefaultCredentials = $Way.use_default_credentials
    return $proxy
}

function Set-ProcessNetwork {
    # Gives this process its way out; to be called before anything in it opens a connection, such as the agent's module, which takes
    # .NET's default proxy and protocols. .NET's own default is the calling user's setting, mostly empty in a session over the network.
    param(
        [object]$Way
    )
    Enable-StrongTls
    [System.Net.WebRequest]::DefaultWebProxy = New-WayProxy -Way $Way
}

function New-TcpClient {
    # A client for IPv4 and IPv6: that of the constructor without arguments is for IPv4 alone on .NET Framework.
    # To be connected by ConnectAsync, since Connect tries IPv6 addresses alone there.
    if (-not [System.Net.Sockets.Socket]::OSSupportsIPv6) {
        return New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList ([System.Net.Sockets.AddressFamily]::InterNetwork)
    }
    $tcp = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList ([System.Net.Sockets.AddressFamily]::InterNetworkV6)
    $tcp.Client.DualMode = $true
    return $tcp
}
