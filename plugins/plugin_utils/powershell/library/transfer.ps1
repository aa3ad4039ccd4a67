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
    # What Save-Url is to fetch, and within which limits. Known: what is noted of a file that is there (etag, last_modified), to ask whether
    # it still is the newest; ProbeOnly asks without a body.
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
        # By .NET, as all that follows with an address: module logging keeps a cmdlet's parameters, and a query may hold a key.
        uri = [System.Uri]::new($Uri)
        proxy = $Proxy
        deadline = $Deadline
        silent_seconds = $SilentSeconds
        most_bytes = $MostBytes
        retries = $Retries
        known = $Known
        probe_only = $ProbeOnly
    }
}

function Open-Connection {
    # What a try sends with, its connections alone: @{invoker; cancellation}. .NET Framework has two for a host, and a try that met silence would keep one of them.
    # Without HttpClient, which hands the cancellation on until the answer's head is there and no longer; its body may stall as well.
    param(
        [object]$Proxy
    )
    $handler = New-Object -TypeName System.Net.Http.HttpClientHandler
    # Send-Request follows redirections: .NET Framework would follow one to plain HTTP too, and not say which host has failed.
    $handler.AllowAutoRedirect = $false
    $handler.UseProxy = $null -ne $Proxy
    $handler.Proxy = $Proxy
    return @{
        invoker = New-Object -TypeName System.Net.Http.HttpMessageInvoker -ArgumentList $handler
        cancellation = New-Object -TypeName System.Threading.CancellationTokenSource
    }
}

function Close-Connection {
    # Ends all that is left of a try. Cancelled before the answer is closed: else .NET Framework reads on to its end, if need be for minutes.
    param(
        [hashtable]$Connection,
        [object]$Response
    )
    $Connection.cancellation.Cancel()
    if ($null -ne $Response) {
        $Response.Dispose()
    }
    $Connection.invoker.Dispose()
    $Connection.cancellation.Dispose()
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
    # Sends a request to one address and returns the answer's head. An error carries the address, whose certificate it may be about.
    param(
        [hashtable]$Transfer,
        [hashtable]$Connection,
        [hashtable]$Headers,
        [System.Uri]$Address
    )
    $method = New-Object -TypeName System.Net.Http.HttpMethod -ArgumentList $(if ($Transfer.probe_only) { 'HEAD' } else { 'GET' })
    $request = [System.Net.Http.HttpRequestMessage]::new($method, $Address)
    foreach ($name in $Headers.Keys) {
        $null = $request.Headers.TryAddWithoutValidation($name, [string]$Headers[$name])
    }
    try {
        $task = $Connection.invoker.SendAsync($request, $Connection.cancellation.Token)
        return Wait-Transfer -Task $task -Deadline $Transfer.deadline -SilentSeconds $Transfer.silent_seconds
    }
    catch {
        $_.Exception.Data['address'] = $Address
        throw
    }
}

function Get-Response {
    # The answer's head after all redirections, which lead to HTTPS alone.
    param(
        [hashtable]$Transfer,
        [hashtable]$Connection,
        [hashtable]$Headers
    )
    $address = $Transfer.uri
    for ($hop = 0; $hop -lt 10; $hop++) {
        $response = Send-Request -Transfer $Transfer -Connection $Connection -Headers $Headers -Address $address
        if (@(301, 302, 303, 307, 308) -notcontains [int]$response.StatusCode -or $null -eq $response.Headers.Location) {
            return $response
        }
        $address = [System.Uri]::new($address, $response.Headers.Location)
        $response.Dispose()
        if ($address.Scheme -ne 'https') {
            throw "the address leads on to $($address.GetLeftPart([System.UriPartial]::Path)), which does not start with https://"
        }
    }
    throw 'the address leads on to others without end'
}

function Get-RequestHeader {
    # What a request says beside its address: from where to go on after a part was received, or what is there already.
    # Only a strong tag proves that the rest belongs to the same file.
    param(
        [hashtable]$Known,
        [string]$ETag,
        [System.IO.FileStream]$Target
    )
    $headers = @{}
    if ($null -ne $Target -and $Target.Length -gt 0 -and $ETag.StartsWith('"', [System.StringComparison]::Ordinal)) {
        $headers['Range'] = "bytes=$($Target.Length)-"
        $headers['If-Range'] = $ETag
        return $headers
    }
    if ($Known['etag']) {
        $headers['If-None-Match'] = $Known['etag']
    }
    elseif ($Known['last_modified']) {
        $headers['If-Modified-Since'] = $Known['last_modified']
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

function Test-Continued {
    # Whether an answer goes on where the file ends; else it has to bring the whole file.
    param(
        [object]$Response,
        [System.IO.FileStream]$Target
    )
    if ([int]$Response.StatusCode -ne 206) {
        return $false
    }
    $range = $Response.Content.Headers.ContentRange
    if ($null -ne $range -and $range.From -eq $Target.Length) {
        return $true
    }
    $Target.SetLength(0)
    throw (New-Object -TypeName System.Net.Http.HttpRequestException -ArgumentList 'another part was sent than the one asked for')
}

function Get-FileNote {
    # What the server says of the file that it sends: @{etag; last_modified}, '' for what it does not say.
    param(
        [object]$Response
    )
    $time = $Response.Content.Headers.LastModified
    return @{
        etag = [string]$Response.Headers.ETag
        last_modified = $(if ($null -ne $time) { $time.ToString('R') } else { '' })
    }
}

function Receive-Body {
    # Appends an answer's body to the file; a short body is an error.
    param(
        [hashtable]$Transfer,
        [hashtable]$Connection,
        [object]$Response,
        [System.IO.FileStream]$Target
    )
    $length = $Response.Content.Headers.ContentLength
    $end = $(if ($null -ne $length) { $Target.Length + $length } else { $null })
    $limits = @{ Deadline = $Transfer.deadline; SilentSeconds = $Transfer.silent_seconds }
    $source = Wait-Transfer -Task $Response.Content.ReadAsStreamAsync() @limits
    Copy-Stream -Source $source -Target $Target -Token $Connection.cancellation.Token -MostBytes $Transfer.most_bytes @limits
    if ($null -ne $end -and $Target.Length -ne $end) {
        throw (New-Object -TypeName System.Net.Http.HttpRequestException -ArgumentList "the transfer broke off after $($Target.Length) of $end bytes")
    }
}

function Receive-Url {
    # One try. Former: what the try before it returned, whose part of the file is there. Returns @{unchanged; resumed; etag; last_modified;
    # failure}: whether the file that is known is the newest, whether a part was gone on with, what the server says of the file, and what
    # Get-TransferFailure says of an error, else nothing.
    param(
        [hashtable]$Transfer,
        [System.IO.FileStream]$Target,
        [hashtable]$Former
    )
    $outcome = @{ unchanged = $false; resumed = $Former.resumed; etag = $Former.etag; last_modified = $Former.last_modified; failure = $null }
    $response = $null
    $connection = Open-Connection -Proxy $Transfer.proxy
    try {
        $headers = Get-RequestHeader -Known $Transfer.known -ETag $Former.etag -Target $Target
        $response = Get-Response -Transfer $Transfer -Connection $connection -Headers $headers
        if ($Transfer.probe_only -and @(405, 501) -contains [int]$response.StatusCode) {
            # A server without HEAD cannot be asked: the file counts as another one.
            return $outcome
        }
        if ([int]$response.StatusCode -eq 416) {
            $Target.SetLength(0)
        }
        Assert-ResponseStatus -Response $response
        $outcome.unchanged = [int]$response.StatusCode -eq 304
        if (-not $outcome.unchanged -and -not $Transfer.probe_only) {
            if (Test-Continued -Response $response -Target $Target) {
                $outcome.resumed = $true
            }
            else {
                $Target.SetLength(0)
            }
            # Before the body: should it break off, the next try has to know which file the part belongs to.
            $note = Get-FileNote -Response $response
            $outcome.etag = $note.etag
            $outcome.last_modified = $note.last_modified
            Receive-Body -Transfer $Transfer -Connection $connection -Response $response -Target $Target
        }
    }
    catch {
        $outcome.failure = Get-TransferFailure -Exception $_.Exception
    }
    finally {
        Close-Connection -Connection $connection -Response $response
    }
    return $outcome
}

function Get-TransferFailure {
    # Why a try failed, whether another one may help, how long the server asks to wait, whether the certificate was refused, and at which
    # address, where the error says it.
    # A task that failed is the network's doing (AggregateException); an error in writing the file is not.
    param(
        [System.Exception]$Exception
    )
    $failure = @{ reason = ''; again = $false; wait = $null; tls = $false; address = $null }
    while ($null -ne $Exception) {
        $failure.reason = $Exception.Message
        if ($Exception -is [System.AggregateException] -or $Exception -is [System.Net.Http.HttpRequestException] -or $Exception -is [System.TimeoutException]) {
            $failure.again = $true
        }
        if ($Exception.Data.Contains('wait')) {
            $failure.wait = $Exception.Data['wait']
        }
        if ($Exception.Data.Contains('address')) {
            $failure.address = $Exception.Data['address']
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

function Get-TryWait {
    # The seconds to wait before another try, $null when there must be none. Attempts: how many there were.
    param(
        [hashtable]$Transfer,
        [hashtable]$Failure,
        [int]$Attempts
    )
    $wait = $(if ($null -ne $Failure.wait) { $Failure.wait } else { [System.Math]::Min(30, [System.Math]::Pow(2, $Attempts - 1)) })
    if (-not $Failure.again -or $Attempts -gt $Transfer.retries -or [System.DateTime]::UtcNow.AddSeconds($wait) -ge $Transfer.deadline) {
        return $null
    }
    return $wait
}

function Get-TransferOutcome {
    # What Save-Url returns: what the last try did, how many there were, why it failed ('' when it did not), and which certificate was
    # refused, if one was.
    param(
        [hashtable]$Transfer,
        [hashtable]$Last,
        [int]$Attempts
    )
    $outcome = @{ attempts = $Attempts; error = ''; certificate = $null }
    foreach ($name in 'unchanged', 'resumed', 'etag', 'last_modified') {
        $outcome[$name] = $Last[$name]
    }
    if ($null -ne $Last.failure) {
        $outcome.error = $Last.failure.reason
        if ($Last.failure.tls) {
            $address = $(if ($null -ne $Last.failure.address) { $Last.failure.address } else { $Transfer.uri })
            $outcome.certificate = Get-PresentedCertificate -Address $address -Proxy $Transfer.proxy
        }
    }
    return $outcome
}

function Save-Url {
    # Fetches the transfer's address into a new file (none for a probe), in as many tries as it takes and may take. See Get-TransferOutcome.
    param(
        [hashtable]$Transfer,
        [string]$Path = ''
    )
    $target = $null
    if (-not $Transfer.probe_only) {
        $target = [System.IO.File]::Open($Path, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
    }
    $last = @{ resumed = $false; etag = ''; last_modified = '' }
    $attempts = 0
    try {
        do {
            $attempts++
            $last = Receive-Url -Transfer $Transfer -Target $target -Former $last
            $wait = $(if ($null -ne $last.failure) { Get-TryWait -Transfer $Transfer -Failure $last.failure -Attempts $attempts } else { $null })
            if ($null -ne $wait) {
                Start-Sleep -Milliseconds ([int](1000 * $wait))
            }
        } while ($null -ne $wait)
    }
    finally {
        if ($null -ne $target) {
            $target.Dispose()
        }
    }
    return Get-TransferOutcome -Transfer $Transfer -Last $last -Attempts $attempts
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
        [System.Uri]$Address,
        [object]$Proxy,
        [int]$Seconds = 20
    )
    $answer = @{ host = $Address.Host; subject = ''; issuer = '' }
    $way = $Address
    if ($null -ne $Proxy -and -not $Proxy.IsBypassed($Address)) {
        $way = $Proxy.GetProxy($Address)
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
        if ($way -ne $Address) {
            Open-Tunnel -Stream $stream -Target $Address
        }
        # The synchronous call asks on this thread, the one that a script block can run on.
        $look = [System.Net.Security.RemoteCertificateValidationCallback] { return $true }
        $tls = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $stream, $false, $look
        $protocols = Get-StrongTls -Type ([System.Security.Authentication.SslProtocols])
        $tls.AuthenticateAsClient($Address.DnsSafeHost, $null, $protocols, $false)
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
