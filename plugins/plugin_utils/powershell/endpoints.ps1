# Tries whether Microsoft's endpoints can be reached from this host, and with whose certificate they answer.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-AgentProxy {
    # The way out that the agent takes: the proxy of its exe.config where that has one, else the host's own.
    param(
        [object]$Configured
    )
    if ($null -eq $Configured -or -not $Configured.enabled -or -not $Configured.url) {
        return [System.Net.WebRequest]::GetSystemWebProxy()
    }
    $proxy = New-Object -TypeName System.Net.WebProxy -ArgumentList $Configured.url, $Configured.bypass_on_local, ([string[]]@($Configured.bypass_list))
    return $proxy
}

function New-Probe {
    # A probe of one endpoint that has not begun. "reachable" stays null where this probe cannot tell.
    param(
        [string]$Name,
        [int]$Port,
        [System.Net.IWebProxy]$Proxy
    )
    $target = New-Object -TypeName System.Uri -ArgumentList "https://${Name}:$Port/"
    $way = $target
    if ($null -ne $Proxy -and -not $Proxy.IsBypassed($target)) {
        # PowerShell 7 answers with nothing where there is no proxy, Windows PowerShell with the target itself.
        $found = $Proxy.GetProxy($target)
        if ($null -ne $found) {
            $way = $found
        }
    }
    return @{
        fact = @{
            host = $Name; port = $Port; reachable = $false; error = ''; issuer = $null
            proxy = $(if ($way -ne $target) { $way.GetLeftPart([System.UriPartial]::Authority) } else { '' })
        }
        target = $target
        way = $way
        tcp = New-Object -TypeName System.Net.Sockets.TcpClient
        stream = $null
        task = $null
        date = $null
    }
}

function Wait-Probe {
    # Waits for a probe's present step and returns whether it went well; the time is for all probes together, which run at the same time.
    param(
        [hashtable]$Probe,
        [System.DateTime]$Deadline
    )
    try {
        $left = [int][System.Math]::Max(1, ($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
        if ($Probe.task.Wait($left)) {
            return $true
        }
        $Probe.fact.error = 'no answer in time'
    }
    catch {
        $Probe.fact.error = $_.Exception.GetBaseException().Message.Trim().TrimEnd('.')
    }
    return $false
}

function Read-ProbeHeader {
    # The head of an answer; throws when the other side closes or stays silent.
    param(
        [hashtable]$Probe,
        [System.DateTime]$Deadline
    )
    $buffer = New-Object -TypeName 'byte[]' -ArgumentList 8192
    $text = ''
    while ($text.IndexOf("`r`n`r`n", [System.StringComparison]::Ordinal) -lt 0) {
        $task = $Probe.stream.ReadAsync($buffer, 0, $buffer.Length)
        if (-not $task.Wait([int][System.Math]::Max(1, ($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds))) {
            throw 'no answer in time'
        }
        if ($task.Result -eq 0 -or $text.Length -gt 65536) {
            throw 'the connection was closed'
        }
        $text += [System.Text.Encoding]::ASCII.GetString($buffer, 0, $task.Result)
    }
    return $text
}

function Send-ProbeLine {
    param(
        [hashtable]$Probe,
        [string[]]$Lines
    )
    $bytes = [System.Text.Encoding]::ASCII.GetBytes(($Lines -join "`r`n") + "`r`n`r`n")
    $Probe.stream.Write($bytes, 0, $bytes.Length)
}

function Open-ProbeTunnel {
    # Asks the proxy for a connection; nothing is sent to it that could count as a failed sign-in.
    param(
        [hashtable]$Probe,
        [System.DateTime]$Deadline
    )
    $target = "$($Probe.target.Host):$($Probe.target.Port)"
    Send-ProbeLine -Probe $Probe -Lines "CONNECT $target HTTP/1.1", "Host: $target"
    $answer = Read-ProbeHeader -Probe $Probe -Deadline $Deadline
    if ($answer -match '^HTTP/1\.[01] 407 ') {
        # The agent may sign in to it with its own account, which only the agent can try.
        $Probe.fact.reachable = $null
        throw 'the proxy asks for a sign-in, which this probe does not make'
    }
    if ($answer -notmatch '^HTTP/1\.[01] 200 ') {
        throw "the proxy refuses the connection ($(@($answer -split '\r?\n')[0]))"
    }
}

function Start-ProbeHandshake {
    # TLS 1.2 by name: .NET Framework's own default offers less where SchUseStrongCrypto is not set.
    param(
        [hashtable]$Probe,
        [object]$Look = $null
    )
    $raw = $Probe.tcp.GetStream()
    $Probe.stream = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $raw, $false, ([System.Net.Security.RemoteCertificateValidationCallback]$Look)
    $protocol = [System.Security.Authentication.SslProtocols]::Tls12
    if ($null -ne $Look) {
        # On this thread: a script block cannot run on another.
        $Probe.stream.AuthenticateAsClient($Probe.target.Host, $null, $protocol, $false)
        return
    }
    $Probe.task = $Probe.stream.AuthenticateAsClientAsync($Probe.target.Host, $null, $protocol, $false)
}

function Connect-Probe {
    # Connects, one step for all probes at a time. Returns those that got through to where the handshake begins.
    param(
        [hashtable[]]$Probes,
        [System.DateTime]$Deadline
    )
    foreach ($probe in $Probes) {
        $probe.task = $probe.tcp.ConnectAsync($probe.way.Host, $probe.way.Port)
    }
    foreach ($probe in $Probes) {
        if (-not (Wait-Probe -Probe $probe -Deadline $Deadline)) {
            continue
        }
        try {
            $probe.stream = $probe.tcp.GetStream()
            if ($probe.fact.proxy) {
                Open-ProbeTunnel -Probe $probe -Deadline $Deadline
            }
            $probe
        }
        catch {
            $probe.fact.error = $_.Exception.GetBaseException().Message
        }
    }
}

function Read-ProbeDate {
    # The time that the server's answer carries, against the host's own at that moment; nothing where it answers without one.
    param(
        [hashtable]$Probe,
        [System.DateTime]$Deadline
    )
    try {
        Send-ProbeLine -Probe $Probe -Lines 'HEAD / HTTP/1.1', "Host: $($Probe.target.Authority)", 'Connection: close'
        $answer = Read-ProbeHeader -Probe $Probe -Deadline $Deadline
    }
    catch {
        # Some endpoints close at once on whom they do not know: they were reached, which is what counts.
        return
    }
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $time = [System.DateTime]::MinValue
    if ($answer -match '(?m)^Date: (?<date>[^\r\n]+)' -and [System.DateTime]::TryParseExact($Matches['date'], 'r', $culture, $style, [ref]$time)) {
        $Probe.date = [long]([System.DateTime]::UtcNow - $time).TotalSeconds
    }
}

function Read-PresentedIssuer {
    # What a server presented whose handshake failed: on a second connection, since the first one's certificate is gone with it.
    # A good certificate means that the server was reached, and ended the handshake because it wants a client's certificate.
    param(
        [hashtable]$Probe,
        [System.Net.IWebProxy]$Proxy,
        [System.DateTime]$Deadline
    )
    $seen = @{ issuer = $null; good = $false }
    $second = New-Probe -Name $Probe.fact.host -Port $Probe.fact.port -Proxy $Proxy
    try {
        $second.tcp.ReceiveTimeout = [int][System.Math]::Max(1, ($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
        if (@(Connect-Probe -Probes $second -Deadline $Deadline).Count -gt 0) {
            Start-ProbeHandshake -Probe $second -Look {
                param($source, $certificate, $chain, $problems)
                $seen.issuer = $certificate.Issuer
                $seen.good = $problems -eq [System.Net.Security.SslPolicyErrors]::None
                return $true
            }
        }
    }
    catch {
        Write-Verbose -Message "the second handshake failed too: $($_.Exception.Message)"
    }
    finally {
        $second.tcp.Close()
    }
    $Probe.fact.issuer = $seen.issuer
    if ($seen.good) {
        $Probe.fact.reachable = $true
        $Probe.fact.error = ''
    }
}

function Get-EndpointFact {
    # Probes all endpoints at the same time. Returns @{endpoints; clock_skew}: seconds that this host is ahead, null where no one told.
    param(
        [object[]]$Endpoints,
        [object]$Configured,
        [int]$TimeoutSeconds = 10
    )
    $deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
    $proxy = Get-AgentProxy -Configured $Configured
    $probes = @($Endpoints | ForEach-Object -Process { New-Probe -Name $_.host -Port $_.port -Proxy $proxy })
    try {
        $connected = @(Connect-Probe -Probes $probes -Deadline $deadline)
        foreach ($probe in $connected) {
            Start-ProbeHandshake -Probe $probe
        }
        foreach ($probe in $connected) {
            if (Wait-Probe -Probe $probe -Deadline $deadline) {
                $probe.fact.reachable = $true
                $probe.fact.issuer = $probe.stream.RemoteCertificate.Issuer
                Read-ProbeDate -Probe $probe -Deadline $deadline
            }
            else {
                Read-PresentedIssuer -Probe $probe -Proxy $proxy -Deadline $deadline
            }
        }
    }
    finally {
        $probes | ForEach-Object -Process { $_.tcp.Close() }
    }
    $skews = @($probes | ForEach-Object -Process { $_.date } | Where-Object -FilterScript { $null -ne $_ })
    return @{
        endpoints = @($probes | ForEach-Object -Process { $_.fact })
        clock_skew = $(if ($skews.Count -gt 0) { $skews[0] } else { $null })
    }
}
