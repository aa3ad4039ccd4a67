# Runs a script in a PowerShell process of its own, with its values on standard input.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Invoke-PowerShellProcess {
    # The agent's module is a .NET Framework assembly that clashes with what a session has loaded already, and its secrets
    # must not stand on a command line: so a new Windows PowerShell reads script and values from standard input.
    # The script returns one object; it comes back as an object. A script that fails throws here with its message; one that gives no answer
    # throws a TimeoutException or an EndOfStreamException, and may have done anything by then.
    param(
        [string]$Script,
        [hashtable]$Values,
        [int]$TimeoutSeconds
    )
    $marker = [System.Guid]::NewGuid().ToString('N')
    # $input, not [Console]::In: Windows PowerShell's own host reads a redirected standard input and would take lines away.
    $bootstrap = {
        $ErrorActionPreference = 'Stop'
        $ProgressPreference = 'SilentlyContinue'
        $request = @($input)[0] | ConvertFrom-Json
        try {
            $answer = @{ result = (& ([scriptblock]::Create($request.script)) $request.values) }
        }
        catch {
            $answer = @{ error = $_.Exception.Message }
        }
        $json = $answer | ConvertTo-Json -Depth 6 -Compress
        # ASCII only in both directions, whatever the code page of the pipes is.
        $json = [System.Text.RegularExpressions.Regex]::Replace($json, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })
        [System.Console]::Out.WriteLine($request.marker + $json)
    }.ToString()
    $request = @{ script = $Script; values = $Values; marker = $marker } | ConvertTo-Json -Depth 8 -Compress
    $request = [System.Text.RegularExpressions.Regex]::Replace($request, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })

    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
    $start.Arguments = '-NoProfile -NonInteractive -EncodedCommand ' + [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($bootstrap))
    # PowerShell 7's module path would make Windows PowerShell load modules that are not its own.
    $start.EnvironmentVariables.Remove('PSModulePath')
    # Ansible runs with a policy of its own (Unrestricted), which the new process would inherit: the agent's module refuses to register then.
    $start.EnvironmentVariables.Remove('PSExecutionPolicyPreference')
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $output = $process.StandardOutput.ReadToEndAsync()
        $errors = $process.StandardError.ReadToEndAsync()
        # As bytes: with a UTF-8 console .NET Framework's writer would put a byte order mark in front.
        $bytes = [System.Text.Encoding]::ASCII.GetBytes($request + "`n")
        $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $process.StandardInput.BaseStream.Flush()
        $process.StandardInput.Close()
        if (-not $process.WaitForExit($TimeoutSeconds * 1000)) {
            $process.Kill()
            # Kill() returns before the process has ended, and what it holds is free only then.
            $process.WaitForExit()
            throw [System.TimeoutException]"The PowerShell process of its own did not end within $TimeoutSeconds seconds and was stopped."
        }
        $line = @($output.Result -split '\r?\n' | Where-Object -FilterScript { $_.StartsWith($marker, [System.StringComparison]::Ordinal) })
        if ($line.Count -eq 0) {
            throw [System.IO.EndOfStreamException]"The PowerShell process of its own ended with code $($process.ExitCode) and no answer: $($errors.Result)"
        }
    }
    finally {
        $process.Dispose()
    }
    $answer = $line[0].Substring($marker.Length) | ConvertFrom-Json
    if ($answer.PSObject.Properties.Name -contains 'error') {
        throw $answer.error
    }
    return $answer.result
}
