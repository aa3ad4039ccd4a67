# Tries whether Microsoft's endpoints can be reached from this host, and with whose certificate they answer.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: network.ps1
# include: proxy.ps1

# What is of use only for the clock may not hold up the rest: it gets this part of a step's time.
$datePart = 0.3

function New-Probe {
    # A probe of one endpoint that has not begun. "reachable" stays null where this probe cannot know. Seconds is what each of its steps may
    # take: to connect, to get the proxy's answer, to make the handshake. A slow endpoint takes no time from the others.
    param(
        [string]$Name,
        [int]$Port,
        [System.Net.IWebProxy]$Proxy,
        [int]$Seconds
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
            # Without the user's name and password that an address may carry.
            proxy = $(if ($way -ne $target) { "$($way.Scheme)://$($way.Authority)" } else { '' })
        }
        target = $target
        way = $way
        tcp = New-TcpClient
        stream = $null
        # Who is to see the certificate that the server presents, or nothing.
        look = $null
        step = 'connect'
        seconds = $Seconds
        task = $null
        deadline = [System.DateTime]::MaxValue
        buffer = New-Object -TypeName 'byte[]' -ArgumentList 8192
        text = ''
        silent = $false
        date = $null
    }
}

function Set-ProbeStep {
    # Notes which step a probe is at. What the step is to wait for is still to come.
    param(
        [hashtable]$Probe,
        [string]$Step,
        [int]$Seconds = $Probe.seconds
    )
    $Probe.step = $Step
    $Probe.task = $null
    $Probe.deadline = [System.DateTime]::UtcNow.AddSeconds($Seconds)
}

function Stop-Probe {
    # Ends a probe at the step where it failed. A server's missing date is no failure: some close at once on whom they do not know, and
    # they were reached, which is what counts.
    param(
        [hashtable]$Probe,
        [string]$Message
    )
    if ($Probe.step -eq 'date') {
        Set-ProbeStep -Probe $Probe -Step 'done'
        return
    }
    $Probe.fact.error = $Message.Trim().TrimEnd('.')
    Set-ProbeStep -Probe $Probe -Step $(if ($Probe.step -eq 'handshake') { 'refused' } else { 'failed' })
}

function Send-ProbeRequest {
    # Sends a request and begins to read the answer.
    param(
        [hashtable]$Probe,
        [string]$Step,
        [int]$Seconds = $Probe.seconds,
        [string[]]$Lines
    )
    Set-ProbeStep -Probe $Probe -Step $Step -Seconds $Seconds
    $bytes = [System.Text.Encoding]::ASCII.GetBytes(($Lines -join "`r`n") + "`r`n`r`n")
    $Probe.stream.Write($bytes, 0, $bytes.Length)
    $Probe.text = ''
    $Probe.task = $Probe.stream.ReadAsync($Probe.buffer, 0, $Probe.buffer.Length)
}

function Read-ProbeHeader {
    # Takes up what has arrived of an answer. Returns whether its head is whole, and reads on where it is not.
    param(
        [hashtable]$Probe
    )
    if ($Probe.task.Result -eq 0 -or $Probe.text.Length -gt 65536) {
        throw 'the connection was closed'
    }
    $Probe.text += [System.Text.Encoding]::ASCII.GetString($Probe.buffer, 0, $Probe.task.Result)
    if ($Probe.text.IndexOf("`r`n`r`n", [System.StringComparison]::Ordinal) -ge 0) {
        return $true
    }
    $Probe.task = $Probe.stream.ReadAsync($Probe.buffer, 0, $Probe.buffer.Length)
    return $false
}

function Assert-ProbeTunnel {
    # Throws where the proxy did not make the connection. Nothing was sent to it that could count as a failed sign-in.
    param(
        [hashtable]$Probe
    )
    if ($Probe.text -match '^HTTP/1\.[01] 407 ') {
        # The agent may sign in to it with its own account, which only the agent can try.
        $Probe.fact.reachable = $null
        throw 'the proxy asks for a sign-in, which this probe does not make'
    }
    if ($Probe.text -notmatch '^HTTP/1\.[01] 200 ') {
        throw "the proxy refuses the connection ($(@($Probe.text -split '\r?\n')[0]))"
    }
}

function Start-ProbeHandshake {
    # TLS 1.2 by name: .NET Framework's own default offers less where SchUseStrongCrypto is not set. It throws here and now where Windows
    # has TLS 1.2 switched off for clients.
    param(
        [hashtable]$Probe
    )
    Set-ProbeStep -Probe $Probe -Step 'handshake'
    $protocol = [System.Security.Authentication.SslProtocols]::Tls12
    $look = [System.Net.Security.RemoteCertificateValidationCallback]$Probe.look
    $Probe.stream = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $Probe.tcp.GetStream(), $false, $look
    if ($null -ne $look) {
        # On this thread: a script block cannot run on another.
        $Probe.tcp.ReceiveTimeout = $Probe.seconds * 1000
        $Probe.stream.AuthenticateAsClient($Probe.target.Host, $null, $protocol, $false)
        Set-ProbeStep -Probe $Probe -Step 'done'
        return
    }
    $Probe.task = $Probe.stream.AuthenticateAsClientAsync($Probe.target.Host, $null, $protocol, $false)
}

function Read-ProbeDate {
    # Notes the time that the server's answer carries, against the host's own at that moment; nothing where it answers without one.
    param(
        [hashtable]$Probe
    )
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $time = [System.DateTime]::MinValue
    if ($Probe.text -match '(?m)^Date: (?<date>[^\r\n]+)' -and [System.DateTime]::TryParseExact($Matches['date'], 'r', $culture, $style, [ref]$time)) {
        $Probe.date = [long]([System.DateTime]::UtcNow - $time).TotalSeconds
    }
}

function Step-Probe {
    # Takes a probe whose step has ended to the next one. It throws what went wrong.
    param(
        [hashtable]$Probe
    )
    # Throws what the task ended with; it has ended, so nothing waits.
    $Probe.task.Wait()
    if ($Probe.step -eq 'connect') {
        $Probe.stream = $Probe.tcp.GetStream()
        if (-not $Probe.fact.proxy) {
            Start-ProbeHandshake -Probe $Probe
            return
        }
        $target = "$($Probe.target.Host):$($Probe.target.Port)"
        Send-ProbeRequest -Probe $Probe -Step 'tunnel' -Lines "CONNECT $target HTTP/1.1", "Host: $target"
    }
    elseif ($Probe.step -eq 'handshake') {
        $Probe.fact.reachable = $true
        $Probe.fact.issuer = $Probe.stream.RemoteCertificate.Issuer
        $lines = @('HEAD / HTTP/1.1', "Host: $($Probe.target.Authority)", 'Connection: close')
        $seconds = [int][System.Math]::Ceiling($Probe.seconds * $datePart)
        Send-ProbeRequest -Probe $Probe -Step 'date' -Seconds $seconds -Lines $lines
    }
    elseif (-not (Read-ProbeHeader -Probe $Probe)) {
        return
    }
    elseif ($Probe.step -eq 'tunnel') {
        Assert-ProbeTunnel -Probe $Probe
        Start-ProbeHandshake -Probe $Probe
    }
    else {
        Read-ProbeDate -Probe $Probe
        Set-ProbeStep -Probe $Probe -Step 'done'
    }
}

function Wait-Probe {
    # Waits until one of the probes has come to the end of its step or of its time.
    param(
        [hashtable[]]$Probes
    )
    $first = @($Probes | ForEach-Object -Process { $_.deadline } | Sort-Object)[0]
    $left = [int][System.Math]::Max(0, ($first - [System.DateTime]::UtcNow).TotalMilliseconds)
    $tasks = [System.Threading.Tasks.Task[]]@($Probes | ForEach-Object -Process { $_.task })
    $null = [System.Threading.Tasks.Task]::WaitAny($tasks, $left)
}

function Invoke-Probe {
    # Takes all probes through their steps at the same time, each as soon as it can. What goes wrong with one, be it that a call throws at
    # once, stands in its own fact.
    param(
        [hashtable[]]$Probes
    )
    foreach ($probe in $Probes) {
        try {
            Set-ProbeStep -Probe $probe -Step 'connect'
            $probe.task = $probe.tcp.ConnectAsync($probe.way.DnsSafeHost, $probe.way.Port)
        }
        catch {
            Stop-Probe -Probe $probe -Message $_.Exception.GetBaseException().Message
        }
    }
    while (($waiting = @($Probes | Where-Object -FilterScript { $null -ne $_.task })).Count -gt 0) {
        Wait-Probe -Probes $waiting
        foreach ($probe in $waiting) {
            try {
                if ($probe.task.IsCompleted) {
                    Step-Probe -Probe $probe
                }
                elseif ([System.DateTime]::UtcNow -ge $probe.deadline) {
                    $probe.silent = $true
                    throw 'no answer in time'
                }
            }
            catch {
                Stop-Probe -Probe $probe -Message $_.Exception.GetBaseException().Message
            }
        }
    }
}

function Read-PresentedIssuer {
    # What a server presented whose handshake failed: on a second connection, since the first one's certificate is gone with it.
    # A good certificate means that the server was reached, and ended the handshake because it wants a client's certificate.
    param(
        [hashtable]$Probe,
        [System.Net.IWebProxy]$Proxy
    )
    $seen = @{ issuer = $null; good = $false }
    $second = New-Probe -Name $Probe.fact.host -Port $Probe.fact.port -Proxy $Proxy -Seconds $Probe.seconds
    $second.look = {
        param($source, $certificate, $chain, $problems)
        $seen.issuer = $certificate.Issuer
        $seen.good = $problems -eq [System.Net.Security.SslPolicyErrors]::None
        return $true
    }
    try {
        Invoke-Probe -Probes $second
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
    # Probes all endpoints at the same time, by the agent's way out: Configured is the proxy of its exe.config, or the one that is to stand
    # there. Seconds is what each step may take. Returns @{endpoints; proxy_origin; clock_skew}: the origin as Get-AgentWay has it, null
    # where the proxy that is set cannot be used; seconds that this host is ahead, null where no endpoint sent its time.
    param(
        [object[]]$Endpoints,
        [object]$Configured,
        [int]$Seconds
    )
    $origin, $proxy, $problem = $null, $null, ''
    try {
        $way = Get-AgentWay -Configured $Configured
        $proxy = New-WayProxy -Way $way
        $origin = $way.origin
    }
    catch {
        # Somebody's edit of a configuration.
        $problem = $_.Exception.GetBaseException().Message
    }
    $probes = @($Endpoints | ForEach-Object -Process { New-Probe -Name $_.host -Port $_.port -Proxy $proxy -Seconds $Seconds })
    try {
        if ($problem) {
            $probes | ForEach-Object -Process { Stop-Probe -Probe $_ -Message $problem }
        }
        else {
            Invoke-Probe -Probes $probes
        }
        # Who kept silent would do so again.
        foreach ($probe in @($probes | Where-Object -FilterScript { $_.step -eq 'refused' -and -not $_.silent })) {
            Read-PresentedIssuer -Probe $probe -Proxy $proxy
        }
    }
    finally {
        $probes | ForEach-Object -Process { $_.tcp.Close() }
    }
    $skews = @($probes | ForEach-Object -Process { $_.date } | Where-Object -FilterScript { $null -ne $_ })
    return @{
        endpoints = @($probes | ForEach-Object -Process { $_.fact })
        proxy_origin = $origin
        clock_skew = $(if ($skews.Count -gt 0) { $skews[0] } else { $null })
    }
}
