# Runs a script in a PowerShell process of its own, with its values on standard input.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: json.ps1
# include: program.ps1

function ConvertTo-AsciiJson {
    # JSON in ASCII alone, whatever the code page of a pipe is. The depth is Windows PowerShell's to cut, so it has room.
    param(
        [object]$Value
    )
    $json = ConvertTo-Json -InputObject $Value -Depth 8 -Compress
    return [System.Text.RegularExpressions.Regex]::Replace($json, '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int][char]$match.Value })
}

function Get-ProcessScript {
    # What the new process runs: it reads script and values from standard input, and writes the answer between two markers.
    $script = {
        $ErrorActionPreference = 'Stop'
        $ProgressPreference = 'SilentlyContinue'
        # $input, not [Console]::In: Windows PowerShell's own host reads a redirected standard input and would take lines away.
        $text = @($input) -join ''
        # What stands before the first brace is a byte order mark, if anything.
        $request = ConvertFrom-JsonText -Text $text.Substring($text.IndexOf([char]'{'))
        $values = $(if ($request['json']) { ConvertFrom-JsonText -Text $request['json'] } else { @{} })
        foreach ($name in @($request.values.Keys)) {
            $values[$name] = $request.values[$name]
        }
        try {
            $answer = @{ result = (& ([scriptblock]::Create($request.script)) $values) }
        }
        catch {
            $answer = @{ error = $_.Exception.Message }
        }
        # In a line of its own for who looks at the output; what a native library has printed before may lack its line's end.
        [System.Console]::Out.WriteLine("`n" + $request.marker + (ConvertTo-AsciiJson -Value $answer) + $request.marker)
    }.ToString()
    $functions = @(foreach ($name in 'ConvertFrom-JsonText', 'ConvertFrom-JsonElement', 'ConvertTo-AsciiJson') {
            "function $name {$((Get-Command -Name $name -CommandType Function).Definition)}"
        })
    return ($functions + $script) -join "`n"
}

function Invoke-PowerShellProcess {
    # The agent's module is a .NET Framework assembly that clashes with what a session has loaded already, and its secrets
    # must not stand on a command line: so a new Windows PowerShell reads script and values from standard input.
    # The script gets the members of Json (text of a JSON object) and Values (text by name) as one hashtable. Secrets come in Json alone,
    # which no cmdlet sees. It returns one object; it comes back as json.ps1 reads it. A script that fails throws here with its message; one
    # that gives no answer throws a TimeoutException or an EndOfStreamException, and may have done anything by then.
    param(
        [string]$Script,
        [hashtable]$Values = @{},
        [string]$Json = '',
        [int]$TimeoutSeconds
    )
    $marker = [System.Guid]::NewGuid().ToString('N')
    $request = ConvertTo-AsciiJson -Value @{ script = $Script; values = $Values; json = $Json; marker = $marker }
    $code = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes((Get-ProcessScript)))
    $answer = "$marker(?<json>.*)$marker"
    $path = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
    # Without the formats, Windows PowerShell takes an encoded command for one of its own, and writes errors as XML.
    $arguments = "-NoProfile -NonInteractive -InputFormat Text -OutputFormat Text -EncodedCommand $code"
    # PowerShell 7's module path would make Windows PowerShell load modules that are not its own. And Ansible runs with a policy of its own
    # (Unrestricted), which the new process would inherit: the agent's module refuses to register then.
    $without = @('PSModulePath', 'PSExecutionPolicyPreference')
    $run = Invoke-Program -Path $path -Arguments $arguments -Content "$request`n" -Answer $answer -TimeoutSeconds $TimeoutSeconds -WithoutVariables $without
    if ($run.output -notmatch $answer) {
        $said = $run.errors.Trim()
        $said = $said.Substring([System.Math]::Max(0, $said.Length - 2000))
        throw [System.IO.EndOfStreamException]"The PowerShell process of its own ended with code $($run.exit_code) and no answer: $said"
    }
    $reply = ConvertFrom-JsonText -Text $Matches['json']
    if ($reply.ContainsKey('error')) {
        throw $reply.error
    }
    return $reply.result
}
