# What is sent to a proxy when a refused certificate is looked at.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

BeforeAll {
    Set-StrictMode -Version Latest
    . $PSScriptRoot/Library.ps1
    . (Import-Library transfer.ps1)
}

Describe 'Get-PresentedCertificate' {
    It 'sends the proxy no credentials' {
        $listener = New-Object -TypeName System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Loopback), 0
        $listener.Start()
        # A proxy that asks for NTLM; it returns what it was sent.
        $proxy = [powershell]::Create().AddScript({
                param($listener)
                $client = $listener.AcceptTcpClient()
                $stream = $client.GetStream()
                $text = ''
                while (-not $text.EndsWith("`r`n`r`n") -and ($next = $stream.ReadByte()) -ge 0) {
                    $text += [char]$next
                }
                $answer = "HTTP/1.1 407 Proxy Authentication Required`r`nProxy-Authenticate: NTLM`r`nContent-Length: 0`r`n`r`n"
                $bytes = [System.Text.Encoding]::ASCII.GetBytes($answer)
                $stream.Write($bytes, 0, $bytes.Length)
                $client.Close()
                $text
            }).AddArgument($listener)
        $running = $proxy.BeginInvoke()
        $way = New-Object -TypeName System.Net.WebProxy -ArgumentList "http://127.0.0.1:$($listener.LocalEndpoint.Port)"
        $way.Credentials = New-Object -TypeName System.Net.NetworkCredential -ArgumentList 'user', 'canary'
        try {
            $found = Get-PresentedCertificate -Address ([System.Uri]'https://download.contoso.lab/setup.exe') -Proxy $way
        }
        finally {
            $listener.Stop()
        }
        $sent = [string]$proxy.EndInvoke($running)
        $proxy.Dispose()
        $sent | Should -Match '^CONNECT download\.contoso\.lab:443 HTTP/1\.1\r\n'
        $sent | Should -Not -Match 'Authorization'
        $found.issuer | Should -BeExactly ''
    }
}
