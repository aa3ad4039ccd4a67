# Runs a program to its end; its input, its output and its end all have a limit of time.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Start-Program {
    # Starts a program with pipes to its input and its outputs, and without some variables of the environment.
    param(
        [string]$Path,
        [string]$Arguments,
        [string[]]$WithoutVariables
    )
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $Path
    $start.Arguments = $Arguments
    foreach ($name in $WithoutVariables) {
        $start.EnvironmentVariables.Remove($name)
    }
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    return [System.Diagnostics.Process]::Start($start)
}

function New-OutputReader {
    # Reads one output of a program piece by piece. ReadToEnd would wait for every process that has inherited the pipe, for ever if need be.
    param(
        [System.IO.StreamReader]$Reader
    )
    $buffer = New-Object -TypeName 'char[]' -ArgumentList 4096
    return @{
        reader = $Reader
        buffer = $buffer
        text = New-Object -TypeName System.Text.StringBuilder
        task = $Reader.ReadAsync($buffer, 0, $buffer.Length)
        ended = $false
    }
}

function Read-AvailableOutput {
    # Takes what a program has printed since the last look, without waiting for more. Returns whether there was any.
    param(
        [hashtable]$Output
    )
    $read = $false
    while (-not $Output.ended -and $Output.task.IsCompleted) {
        $count = $Output.task.Result
        if ($count -eq 0) {
            $Output.ended = $true
        }
        else {
            $null = $Output.text.Append($Output.buffer, 0, $count)
            $Output.task = $Output.reader.ReadAsync($Output.buffer, 0, $Output.buffer.Length)
            $read = $true
        }
    }
    return $read
}

function Stop-Program {
    # Ends a program and waits until it is gone: Kill returns before, while the program still holds its files.
    param(
        [System.Diagnostics.Process]$Process
    )
    try {
        $Process.Kill()
    }
    catch {
        # It may have ended by itself meanwhile, which .NET Framework reports as an error.
        if (-not $Process.HasExited) {
            throw
        }
    }
    $null = $Process.WaitForExit(10000)
}

function Wait-ProgramOutput {
    # Reads what a program prints until it has ended, or until the output matches Answer (a pattern, '' for none). Returns whether one of the
    # two happened before the deadline.
    param(
        [System.Diagnostics.Process]$Process,
        [object[]]$Outputs,
        [string]$Answer,
        [System.DateTime]$Deadline
    )
    while (-not $Process.WaitForExit(50)) {
        $read = @($Outputs | ForEach-Object -Process { Read-AvailableOutput -Output $_ })
        if ($Answer -and $read[0] -and $Outputs[0].text.ToString() -match $Answer) {
            return $true
        }
        if ([System.DateTime]::UtcNow -ge $Deadline) {
            return $false
        }
    }
    return $true
}

function Wait-LastOutput {
    # Reads what is left in the pipes of a program that has ended. A process that it has started may hold them open: that one is not waited
    # for longer than some seconds.
    param(
        [object[]]$Outputs
    )
    $limit = [System.DateTime]::UtcNow.AddSeconds(5)
    while ($true) {
        $null = @($Outputs | ForEach-Object -Process { Read-AvailableOutput -Output $_ })
        $tasks = @($Outputs | Where-Object -FilterScript { -not $_.ended } | ForEach-Object -Process { $_.task })
        if ($tasks.Count -eq 0 -or [System.DateTime]::UtcNow -ge $limit) {
            return
        }
        $null = [System.Threading.Tasks.Task]::WaitAny([System.Threading.Tasks.Task[]]$tasks, 200)
    }
}

function Invoke-Program {
    # Runs a program with the text Content (ASCII) on its standard input. Returns @{exit_code; output; errors}; exit_code is $null where the
    # answer was complete and the program did not end after it. Throws a TimeoutException where there is neither end nor answer in time.
    param(
        [string]$Path,
        [string]$Arguments,
        [string]$Content = '',
        [string]$Answer = '',
        [int]$TimeoutSeconds,
        [string[]]$WithoutVariables = @()
    )
    $deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
    $process = Start-Program -Path $Path -Arguments $Arguments -WithoutVariables $WithoutVariables
    try {
        $outputs = @((New-OutputReader -Reader $process.StandardOutput), (New-OutputReader -Reader $process.StandardError))
        Write-ProgramInput -Process $process -Content $Content -Deadline $deadline
        if (-not (Wait-ProgramOutput -Process $process -Outputs $outputs -Answer $Answer -Deadline $deadline)) {
            Stop-Program -Process $process
            throw [System.TimeoutException]"$([System.IO.Path]::GetFileName($Path)) did not end within $TimeoutSeconds seconds and was stopped."
        }
        $code = Complete-Program -Process $process
        Wait-LastOutput -Outputs $outputs
        return @{ exit_code = $code; output = $outputs[0].text.ToString(); errors = $outputs[1].text.ToString() }
    }
    finally {
        $process.Dispose()
    }
}

function Write-ProgramInput {
    # Hands a program its input and closes it. As bytes: with a UTF-8 console .NET Framework's writer would put a byte order mark in front.
    # A program that does not read would hold a plain write for ever.
    param(
        [System.Diagnostics.Process]$Process,
        [string]$Content,
        [System.DateTime]$Deadline
    )
    $stream = $Process.StandardInput.BaseStream
    $bytes = [System.Text.Encoding]::ASCII.GetBytes($Content)
    $task = $stream.WriteAsync($bytes, 0, $bytes.Length)
    try {
        $left = [int][System.Math]::Max(1, ($Deadline - [System.DateTime]::UtcNow).TotalMilliseconds)
        if (-not $task.Wait($left)) {
            Stop-Program -Process $Process
            throw [System.TimeoutException]"$($Process.StartInfo.FileName) did not read its input in time and was stopped."
        }
        $stream.Flush()
        $Process.StandardInput.Close()
    }
    catch [System.Management.Automation.MethodInvocationException] {
        # It has ended without reading its input: its exit code and its errors say why.
        if ($_.Exception.GetBaseException() -isnot [System.IO.IOException]) {
            throw
        }
    }
}

function Complete-Program {
    # Waits for the end of a program whose work is done and returns its exit code; $null where it had to be stopped.
    param(
        [System.Diagnostics.Process]$Process
    )
    if ($Process.WaitForExit(10000)) {
        return $Process.ExitCode
    }
    Stop-Program -Process $Process
    return $null
}

function Invoke-QuietProgram {
    # Runs a program of Windows to its end and returns what it printed; throws when it fails or takes too long.
    param(
        [string]$Name,
        [string]$Arguments,
        [int]$TimeoutSeconds = 60
    )
    $path = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, $Name)
    $run = Invoke-Program -Path $path -Arguments $Arguments -TimeoutSeconds $TimeoutSeconds
    if ($run.exit_code -ne 0) {
        $said = (@($run.output, $run.errors) | ForEach-Object -Process { $_.Trim() } | Where-Object -FilterScript { $_ }) -join ' '
        throw "$Name ended with code $($run.exit_code)$(if ($said) { ': ' + ($said -replace '\s+', ' ') })"
    }
    return $run.output
}
