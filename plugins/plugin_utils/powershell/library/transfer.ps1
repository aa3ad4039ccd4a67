# Fetches a file over HTTPS: proxy, time limit, tries, resumption, and who presented a certificate that was refused.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: network.ps1
# include: proxy.ps1

function Get-TransferProxy {
    # The proxy to go through, or nothing for none: @{proxy; fact}, the fact as Get-WayFact has it (origin: option for an address that
    # is given). Without an address it is the host's own.
    # Settings: use, url, username, password (a secure string), default_credential.
    param(
        [hashtable]$Settings
    )
    $way = $(if (-not $Settings.use) { New-Way -Origin 'none' -Direct $true } elseif ($Settings.url) { New-Way -Origin 'option' -Url $Settings.url } else { Get-HostWay })
    $proxy = New-WayProxy -Way $way
    if ($null -ne $proxy -and $Settings.username) {
        # By way of PSCredential, which takes DOMAIN\name apart: proxies that ask for NTLM need the two separately.
        $credential = New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $Settings.username, $Settings.password
        $proxy.Credentials = $credential.GetNetworkCredential()
    }
    elseif ($null -ne $proxy -and $Settings.default_credential) {
        $proxy.Credentials = [System.Net.CredentialCache]::DefaultNetworkCredentials
    }
    return @{ proxy = $proxy; fact = Get-WayFact -Way $way }
}

function New-Transfer {
    # A transfer that has not begun. Known: what is noted of a file that is there (etag, last_modified), to ask whether it still is the
    # newest; ProbeOnly asks without a body. Save-Url leaves under "unchanged" whether it is.
    # SilentSeconds: how long the other side may send nothing before the try counts as failed. MostBytes: what is longer is no package,
    # which has about 60 MB, and would fill the disk.
    param(
        [string]$Uri,
        [System.DateTime]$Deadline,
        [int]$Retries,
        [object]$Proxy,
        [hashtable]$Known = @{},
        [bool]$ProbeOnly = $false,
        [int]$SilentSeconds = 60,
        [long]$MostBytes = 1073741824
    )
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        # Windows PowerShell loads it on demand only.
        Add-Type -AssemblyName System.Net.Http
    }
    Enable-StrongTls
    return @{
        uri = $Uri
        # By .NET, as all that follows with an address: module logging keeps a cmdlet's parameters, and a query may hold a key.
        asked = [System.Uri]::new($Uri)
        # Of one try each.
        invoker = $null
        cancellation = $null
        proxy = $Proxy
        deadline = $Deadline
        silent_seconds = $SilentSeconds
        most_bytes = $MostBytes
        retries = $Retries
        known = $Known
        probe_only = $ProbeOnly
        attempts = 0
        resumed = $false
        unchanged = $false
        etag = ''
        last_modified = ''
        error = ''
        certificate = $null
    }
}

function Open-TransferTry {
    # Gives a try connections of its own: .NET Framework has two for a host, and a try that met silence would keep one of them.
    # Without HttpClient, which hands the cancellation on until the answer's head is there and no longer; its body may stall as well.
    param(
        [hashtable]$Transfer
    )
    $handler = New-Object -TypeName System.Net.Http.HttpClientHandler
    # Send-Request follows redirections: .NET Framework would follow one to plain HTTP too, and not say which host has failed.
    $handler.AllowAutoRedirect = $false
    $handler.UseProxy = $null -ne $Transfer.proxy
    $handler.Proxy = $Transfer.proxy
    $Transfer.invoker = New-Object -TypeName System.Net.Http.HttpMessageInvoker -ArgumentList $handler
    $Transfer.cancellation = New-Object -TypeName System.Threading.CancellationTokenSource
}

function Close-TransferTry {
    # Ends all that is left of a try. Cancelled before the answer is closed: else .NET Framework reads on to its end, if need be for minutes.
    param(
        [hashtable]$Transfer,
        [object]$Response
    )
    $Transfer.cancellation.Cancel()
    if ($null -ne $Response) {
        $Response.Dispose()
    }
    $Transfer.invoker.Dispose()
    $Transfer.cancellation.Dispose()
}

function Wait-Transfer {
    # A peer that stalls would hold a blocking call for ever; one that is silent too long counts as gone.
    param(
        [System.Threading.Tasks.Task]$Task,
        [System.DateTime]$Deadline,
        [int]$SilentSeconds = 60
    )
    $limit = [System.Math]::Min(1000.0 * $SilentSeconds, ($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
    if (-not $Task.Wait([int][System.Math]::Max(1, $limit))) {
        throw (New-Object -TypeName System.TimeoutException -ArgumentList 'the other side has gone silent, or the time is up')
    }
    return $Task.Result
}

function Send-Request {
    # Sends a request and follows redirections, to HTTPS alone; "asked" names the host that the last one went to.
    param(
        [hashtable]$Transfer,
        [hashtable]$Headers
    )
    $Transfer.asked = [System.Uri]::new($Transfer.uri)
    for ($hop = 0; $hop -lt 10; $hop++) {
        $method = New-Object -TypeName System.Net.Http.HttpMethod -ArgumentList $(if ($Transfer.probe_only) { 'HEAD' } else { 'GET' })
        $request = [System.Net.Http.HttpRequestMessage]::new($method, $Transfer.asked)
        foreach ($name in $Headers.Keys) {
            $null = $request.Headers.TryAddWithoutValidation($name, [string]$Headers[$name])
        }
        $task = $Transfer.invoker.SendAsync($request, $Transfer.cancellation.Token)
        $response = Wait-Transfer -Task $task -Deadline $Transfer.deadline -SilentSeconds $Transfer.silent_seconds
        if (@(301, 302, 303, 307, 308) -notcontains [int]$response.StatusCode -or $null -eq $response.Headers.Location) {
            return $response
        }
        $Transfer.asked = [System.Uri]::new($Transfer.asked, $response.Headers.Location)
        $response.Dispose()
        if ($Transfer.asked.Scheme -ne 'https') {
            throw "the address leads on to $($Transfer.asked.GetLeftPart([System.UriPartial]::Path)), which does not start with https://"
        }
    }
    throw 'the address leads on to others without end'
}

function Get-RequestHeader {
    # What a request says beside its address: from where to go on after a part was received, or what is there already.
    # Only a strong tag proves that the rest belongs to the same file.
    param(
        [hashtable]$Transfer,
        [System.IO.FileStream]$Target
    )
    $headers = @{}
    if ($null -ne $Target -and $Target.Length -gt 0 -and $Transfer.etag.StartsWith('"', [System.StringComparison]::Ordinal)) {
        $headers['Range'] = "bytes=$($Target.Length)-"
        $headers['If-Range'] = $Transfer.etag
        return $headers
    }
    if ($Transfer.known['etag']) {
        $headers['If-None-Match'] = $Transfer.known['etag']
    }
    elseif ($Transfer.known['last_modified']) {
        $headers['If-Modified-Since'] = $Transfer.known['last_modified']
    }
    return $headers
}

function Get-RetryWait {
    # The seconds that a server asks to wait, at most a minute; nothing when it does not ask.
    param(
        [object]$Response
    )
    $asked = $Response.Headers.RetryAfter
    if ($null -eq $asked) {
        return $null
    }
    $wait = $asked.Delta
    if ($null -eq $wait) {
        $wait = $asked.Date - [System.DateTimeOffset]::UtcNow
    }
    return [System.Math]::Min(60, [System.Math]::Max(0, $wait.TotalSeconds))
}

function Assert-ResponseStatus {
    # Throws for an answer that brings nothing; HttpRequestException says that another try may help.
    param(
        [object]$Response
    )
    $status = [int]$Response.StatusCode
    if (@(200, 206, 304) -contains $status) {
        return
    }
    $reason = "the answer was $status $($Response.ReasonPhrase)"
    if ($status -eq 408 -or $status -eq 416 -or $status -eq 429 -or $status -ge 500) {
        $failure = New-Object -TypeName System.Net.Http.HttpRequestException -ArgumentList $reason
        $failure.Data['wait'] = Get-RetryWait -Response $Response
        throw $failure
    }
    throw (New-Object -TypeName System.InvalidOperationException -ArgumentList $reason)
}

function Copy-Stream {
    # Token ends a read that is under way, where the stream can do that. A read that has its bytes at once is never waited for, so that the
    # time and the length are looked at as well.
    param(
        [System.IO.Stream]$Source,
        [System.IO.FileStream]$Target,
        [System.DateTime]$Deadline,
        [int]$SilentSeconds = 60,
        [System.Threading.CancellationToken]$Token = [System.Threading.CancellationToken]::None,
        [long]$MostBytes = 1073741824
    )
    $buffer = New-Object -TypeName 'byte[]' -ArgumentList 1048576
    while ($true) {
        $count = Wait-Transfer -Task $Source.ReadAsync($buffer, 0, $buffer.Length, $Token) -Deadline $Deadline -SilentSeconds $SilentSeconds
        if ($count -eq 0) {
            return
        }
        $Target.Write($buffer, 0, $count)
        if ($Target.Length -gt $MostBytes) {
            throw (New-Object -TypeName System.InvalidOperationException -ArgumentList "what is there has more than $MostBytes bytes, which is no package")
        }
        if ([System.DateTime]::UtcNow -ge $Deadline) {
            throw (New-Object -TypeName System.TimeoutException -ArgumentList 'the time is up')
        }
    }
}

function Receive-Body {
    # Appends what was asked for, or starts anew when the server sends the whole file; a short body is an error.
    param(
        [hashtable]$Transfer,
        [object]$Response,
        [System.IO.FileStream]$Target
    )
    $range = $Response.Content.Headers.ContentRange
    if ([int]$Response.StatusCode -eq 206 -and $null -ne $range -and $range.From -eq $Target.Length) {
        $Transfer.resumed = $true
    }
    else {
        $Target.SetLength(0)
        if ([int]$Response.StatusCode -eq 206) {
            throw (New-Object -TypeName System.Net.Http.HttpRequestException -ArgumentList 'another part was sent than the one asked for')
        }
    }
    $Transfer.etag = [string]$Response.Headers.ETag
    $Transfer.last_modified = $(if ($null -ne $Response.Content.Headers.LastModified) { $Response.Content.Headers.LastModified.ToString('R') } else { '' })
    $length = $Response.Content.Headers.ContentLength
    $end = $(if ($null -ne $length) { $Target.Length + $length } else { $null })
    $limits = @{ Deadline = $Transfer.deadline; SilentSeconds = $Transfer.silent_seconds }
    $source = Wait-Transfer -Task $Response.Content.ReadAsStreamAsync() @limits
    Copy-Stream -Source $source -Target $Target -Token $Transfer.cancellation.Token -MostBytes $Transfer.most_bytes @limits
    if ($null -ne $end -and $Target.Length -ne $end) {
        throw (New-Object -TypeName System.Net.Http.HttpRequestException -ArgumentList "the transfer broke off after $($Target.Length) of $end bytes")
    }
}

function Receive-Url {
    # One try.
    param(
        [hashtable]$Transfer,
        [System.IO.FileStream]$Target
    )
    $response = $null
    Open-TransferTry -Transfer $Transfer
    try {
        $response = Send-Request -Transfer $Transfer -Headers (Get-RequestHeader -Transfer $Transfer -Target $Target)
        if ($Transfer.probe_only -and @(405, 501) -contains [int]$response.StatusCode) {
            # A server without HEAD cannot be asked: the file counts as another one.
            return
        }
        if ([int]$response.StatusCode -eq 416) {
            $Target.SetLength(0)
        }
        Assert-ResponseStatus -Response $response
        $Transfer.unchanged = [int]$response.StatusCode -eq 304
        if (-not $Transfer.unchanged -and -not $Transfer.probe_only) {
            Receive-Body -Transfer $Transfer -Response $response -Target $Target
        }
    }
    finally {
        Close-TransferTry -Transfer $Transfer -Response $response
    }
}

function Get-TransferFailure {
    # Why a try failed, whether another one may help, how long the server asks to wait, and whether the certificate was refused.
    # A task that failed is the network's doing (AggregateException); an error in writing the file is not.
    param(
        [System.Exception]$Exception
    )
    $failure = @{ reason = ''; again = $false; wait = $null; tls = $false }
    while ($null -ne $Exception) {
        $failure.reason = $Exception.Message
        if ($Exception -is [System.AggregateException] -or $Exception -is [System.Net.Http.HttpRequestException] -or $Exception -is [System.TimeoutException]) {
            $failure.again = $true
        }
        if ($Exception.Data.Contains('wait')) {
            $failure.wait = $Exception.Data['wait']
        }
        # .NET Framework says it with a WebException.
        if ($Exception -is [System.Security.Authentication.AuthenticationException] -or
            ($Exception -is [System.Net.WebException] -and $Exception.Status -eq [System.Net.WebExceptionStatus]::TrustFailure)) {
            $failure.tls = $true
        }
        # Or it is the bare error of Windows' security packages (SEC_E_..., 0x8009xxxx), which Wine answers with.
        if ($Exception -is [System.ComponentModel.Win32Exception] -and ($Exception.NativeErrorCode -band 0xffff0000) -eq 0x80090000) {
            $failure.tls = $true
        }
        $Exception = $Exception.InnerException
    }
    $failure.reason = $failure.reason.Trim().TrimEnd('.')
    # 407: the proxy wants credentials, or others; asking again could lock an account.
    $failure.again = $failure.again -and -not $failure.tls -and $failure.reason -notmatch '\b407\b'
    return $failure
}

function Save-Url {
    # Fetches the transfer's address into a file (none for a probe), in as many tries as it takes and may take. The outcome stands in the
    # transfer: unchanged, etag, last_modified, attempts, resumed; error is '' when all went well.
    param(
        [hashtable]$Transfer,
        [string]$Path = ''
    )
    $target = $null
    if (-not $Transfer.probe_only) {
        $target = [System.IO.File]::Open($Path, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
    }
    try {
        while ($true) {
            $Transfer.attempts++
            try {
                Receive-Url -Transfer $Transfer -Target $target
                return
            }
            catch {
                $failure = Get-TransferFailure -Exception $_.Exception
            }
            $wait = $(if ($null -ne $failure.wait) { $failure.wait } else { [System.Math]::Min(30, [System.Math]::Pow(2, $Transfer.attempts - 1)) })
            if (-not $failure.again -or $Transfer.attempts -gt $Transfer.retries -or [System.DateTime]::UtcNow.AddSeconds($wait) -ge $Transfer.deadline) {
                $Transfer.error = $failure.reason
                if ($failure.tls) {
                    $Transfer.certificate = Get-PresentedCertificate -Transfer $Transfer
                }
                return
            }
            Start-Sleep -Milliseconds ([int](1000 * $wait))
        }
    }
    finally {
        if ($null -ne $target) {
            $target.Dispose()
        }
    }
}

function Open-Tunnel {
    # Asks a proxy for a connection to a host. No credentials are sent: they would go out readable, also where the proxy wanted NTLM, and to
    # whoever it is that answers in the proxy's place. A proxy that wants some gives no connection.
    param(
        [System.IO.Stream]$Stream,
        [System.Uri]$Target
    )
    $lines = @("CONNECT $($Target.Host):$($Target.Port) HTTP/1.1", "Host: $($Target.Host):$($Target.Port)")
    $bytes = [System.Text.Encoding]::ASCII.GetBytes(($lines -join "`r`n") + "`r`n`r`n")
    $Stream.Write($bytes, 0, $bytes.Length)
    $answer = ''
    while (-not $answer.EndsWith("`r`n`r`n", [System.StringComparison]::Ordinal)) {
        $next = $Stream.ReadByte()
        if ($next -lt 0 -or $answer.Length -gt 16384) {
            throw 'the proxy gave no connection'
        }
        $answer += [char]$next
    }
    if ($answer -notmatch '^HTTP/1\.[01] 200 ') {
        throw 'the proxy gave no connection'
    }
}

function Get-PresentedCertificate {
    # The subject and issuer of the certificate that a host presented and this one refused, on a second connection of its own. Nothing
    # is sent on it. "subject" and "issuer" stay empty where it cannot be had: the refusal itself is reported without it.
    # Seconds: how long the whole may take; the time-outs of a socket begin anew with each byte.
    param(
        [hashtable]$Transfer,
        [int]$Seconds = 20
    )
    $answer = @{ host = $Transfer.asked.Host; subject = ''; issuer = '' }
    $way = $Transfer.asked
    if ($null -ne $Transfer.proxy -and -not $Transfer.proxy.IsBypassed($Transfer.asked)) {
        $way = $Transfer.proxy.GetProxy($Transfer.asked)
    }
    $tcp = New-TcpClient
    $limit = New-Object -TypeName System.Threading.CancellationTokenSource -ArgumentList (1000 * $Seconds)
    try {
        # Closed from outside, the connection ends every read on it. Windows PowerShell makes no delegate of a method by a cast.
        $null = $limit.Token.Register([System.Delegate]::CreateDelegate([System.Action], $tcp, 'Close'))
        $tcp.SendTimeout = 10000
        $tcp.ReceiveTimeout = 10000
        if (-not $tcp.ConnectAsync($way.DnsSafeHost, $way.Port).Wait(10000)) {
            throw 'no connection in time'
        }
        $stream = $tcp.GetStream()
        if ($way -ne $Transfer.asked) {
            Open-Tunnel -Stream $stream -Target $Transfer.asked
        }
        # The synchronous call asks on this thread, the one that a script block can run on.
        $look = [System.Net.Security.RemoteCertificateValidationCallback] { return $true }
        $tls = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $stream, $false, $look
        $protocols = Get-StrongTls -Type ([System.Security.Authentication.SslProtocols])
        $tls.AuthenticateAsClient($Transfer.asked.DnsSafeHost, $null, $protocols, $false)
        $answer.subject = $tls.RemoteCertificate.Subject
        $answer.issuer = $tls.RemoteCertificate.Issuer
    }
    catch {
        Write-Verbose -Message "no look at the certificate: $($_.Exception.Message)"
    }
    finally {
        $limit.Dispose()
        $tcp.Close()
    }
    return $answer
}
