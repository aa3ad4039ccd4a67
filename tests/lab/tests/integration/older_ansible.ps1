# Does with .NET Framework's classes and a session of its own what older releases of Ansible do, and returns what it got.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
Set-StrictMode -Version Latest

function Read-Job {
    # Reads a job's file as async_status does before ansible.windows 3.8.0.
    param([string]$Text)
    $serializer = New-Object -TypeName System.Web.Script.Serialization.JavaScriptSerializer
    $serializer.MaxJsonLength = [int]::MaxValue
    return , $serializer.DeserializeObject($Text)
}

function Send-Job {
    # Sends bytes through a pipe as the wrapper of jobs does up to ansible-core 2.18, and returns how many arrive.
    param([int]$Count)
    $name = [System.Guid]::NewGuid().ToString()
    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent().User
    $security = New-Object -TypeName System.IO.Pipes.PipeSecurity
    $security.AddAccessRule((New-Object -TypeName System.IO.Pipes.PipeAccessRule -ArgumentList $user, 'Read', 'Allow'))
    $arguments = $name, [System.IO.Pipes.PipeDirection]::Out, 1, [System.IO.Pipes.PipeTransmissionMode]::Byte, [System.IO.Pipes.PipeOptions]::Asynchronous, 0, 0, $security
    $server = New-Object -TypeName System.IO.Pipes.NamedPipeServerStream -ArgumentList $arguments
    $reader = [powershell]::Create()
    $null = $reader.AddScript({
            param($Name, $Count)
            $client = New-Object -TypeName System.IO.Pipes.NamedPipeClientStream -ArgumentList '.', $Name, 'In', 'None', 'Anonymous'
            $client.Connect()
            $client.Read((New-Object -TypeName byte[] -ArgumentList $Count), 0, $Count)
            $client.Close()
        }).AddArgument($name).AddArgument($Count)
    $reading = $reader.BeginInvoke()
    try {
        $waiting = $server.BeginWaitForConnection($null, $null)
        $null = $waiting.AsyncWaitHandle.WaitOne()
        $server.EndWaitForConnection($waiting)
        $server.Write((New-Object -TypeName byte[] -ArgumentList $Count), 0, $Count)
        $server.Flush()
        $server.WaitForPipeDrain()
    }
    finally {
        $server.Close()
    }
    return $reader.EndInvoke($reading)[0]
}

$job = Read-Job -Text '{"started": 1, "output": ["two", null, true, 2.5, 3000000000]}'
$session = [runspacefactory]::CreateRunspace()
$session.Open()
$shell = [powershell]::Create()
$shell.Runspace = $session
$Ansible.Changed = $false
$Ansible.Result = @{
    job = $job
    kind = $job.GetType().Name
    types = @($job['output'] | Where-Object -FilterScript { $null -ne $_ } | ForEach-Object -Process { $_.GetType().Name })
    empty = $null -eq (Read-Job -Text '')
    broken = $(try { $null = Read-Job -Text '{"started": 1, "outp' } catch [System.ArgumentException] { 'refused' })
    received = Send-Job -Count 300000
    logs = @($shell.AddScript('Get-WinEvent -ListLog System | ForEach-Object -MemberName LogName').Invoke())
}
$session.Dispose()
