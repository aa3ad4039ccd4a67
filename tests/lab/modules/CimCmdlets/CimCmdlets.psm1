# CIM for the lab's hosts: the classes that Ansible's modules ask, answered without WMI, which Wine has not got.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Left out: every other class, method and command (each throws, where PowerShell's own module would hang), filters, other
# computers, and most properties. All properties of a class come back, whatever -Property names.
Set-StrictMode -Version Latest

$classes = @{
    Win32_OperatingSystem = {
        $version = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
        $caption = "Microsoft $($version.ProductName)"
        @{
            Caption = $caption
            Name = "$caption|$env:SystemRoot|\Device\Harddisk0\Partition1"
            Version = [System.Environment]::OSVersion.Version.ToString(3)
            BuildNumber = $version.CurrentBuildNumber
            OSArchitecture = '64-bit'
            ProductType = [uint32]3
            CSName = [System.Environment]::MachineName
            LocalDateTime = [datetime]::Now
            # Wine counts the ticks of the machine beneath; the service manager is the first process of a host.
            LastBootUpTime = (Get-Process -Name 'services' | Sort-Object -Property 'StartTime' | Select-Object -First 1).StartTime
            SizeStoredInPagingFiles = [uint64]0
            FreeSpaceInPagingFiles = [uint64]0
        }
    }
    Win32_ComputerSystem = {
        $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
        # What a host has from its domain and its hardware; a test changes it.
        $lab = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Cloud Sync Lab\Computer'
        @{
            Name = [System.Environment]::MachineName
            DNSHostName = $network.HostName
            Domain = $network.DomainName
            PartOfDomain = [bool]$lab.PartOfDomain
            TotalPhysicalMemory = [uint64]$lab.MemoryMiB * 1MB
            Manufacturer = 'Cloud Sync Lab'
            Model = 'Wine'
            NumberOfProcessors = [uint32]1
            PrimaryOwnerContact = $null
        }
    }
    Win32_ComputerSystemProduct = { @{ UUID = '00000000-0000-0000-0000-000000000000' } }
    Win32_BIOS = { @{ ReleaseDate = [datetime]::new(2026, 1, 1); SMBIOSBIOSVersion = '1.0'; SerialNumber = '0' } }
    Win32_Processor = {
        @{ NumberOfCores = [uint32][System.Environment]::ProcessorCount; NumberOfLogicalProcessors = [uint32][System.Environment]::ProcessorCount }
    }
    # Asked for each folder that a module looks at; a lab host shares none.
    Win32_Share = { }
}

function Get-CimInstance {
    # Returns the instances of a class, within every time limit.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)][string]$ClassName,
        [string[]]$Property,
        [string]$Filter,
        [string]$Namespace = 'root/cimv2',
        [uint32]$OperationTimeoutSec
    )
    if (-not $classes.ContainsKey($ClassName)) {
        throw "The lab's hosts have no CIM class '$ClassName' in '$Namespace': they answer $(($classes.Keys | Sort-Object) -join ', ')."
    }
    $values = & $classes[$ClassName]
    if ($Filter -and $values) {
        throw "The lab's hosts take no filter for the CIM class '${ClassName}': leave '$Filter' out."
    }
    if ($values) {
        [pscustomobject](@{ PSComputerName = $null; CimClass = $ClassName } + $values)
    }
}

function New-CimInstance {
    # Returns an instance that lives in this session alone.
    param([Parameter(Mandatory = $true)][string]$ClassName, [hashtable]$Property = @{}, [switch]$ClientOnly)
    if (-not $ClientOnly) {
        throw "The lab's hosts keep no CIM instances: make '$ClassName' with -ClientOnly."
    }
    [pscustomobject](@{ CimClass = $ClassName } + $Property)
}

function Invoke-CimMethod {
    # Calls Win32_Process.Create: the process is in no job, so it outlives the shell that asked.
    param(
        [Parameter(Mandatory = $true)][string]$ClassName,
        [Parameter(Mandatory = $true)][Alias('Name')][string]$MethodName,
        [hashtable]$Arguments = @{},
        [string]$Namespace = 'root/cimv2'
    )
    if ($ClassName -ne 'Win32_Process' -or $MethodName -ne 'Create') {
        throw "The lab's hosts have no CIM method '$ClassName.$MethodName' in '$Namespace': they know Win32_Process.Create."
    }
    $startup = $Arguments['ProcessStartupInformation']
    $flags, $show = 'CreateFlags', 'ShowWindow' | ForEach-Object -Process { if ($startup -and $startup.PSObject.Properties[$_]) { $startup.$_ } else { 0 } }
    New-ProcessOutsideJob -CommandLine $Arguments['CommandLine'] -Flags $flags -Show $show -Directory $Arguments['CurrentDirectory']
}

function New-ProcessOutsideJob {
    param([string]$CommandLine, [uint32]$Flags, [uint16]$Show, [string]$Directory)
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = "$env:SystemRoot\system32\wbem\WmiPrvSE.exe"
    $start.Arguments = "$Flags $Show $CommandLine"
    $start.WorkingDirectory = $Directory
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $answer = $process.StandardOutput.ReadToEnd()
        $process.WaitForExit()
        $created = if ($process.ExitCode -eq 0) { [uint32]$answer.Trim() } else { $null }
        # WMI's codes: 2 access denied, 9 path not found, 21 invalid parameter, 8 anything else.
        $code = switch ($process.ExitCode) { 0 { 0 } 2 { 9 } 3 { 9 } 5 { 2 } 87 { 21 } default { 8 } }
        [pscustomobject]@{ ReturnValue = [uint32]$code; ProcessId = $created; PSComputerName = $null }
    }
    finally {
        $process.Dispose()
    }
}

function Deny-Command {
    throw "The lab's hosts have no '$($MyInvocation.InvocationName)': their CIM is Get-CimInstance, New-CimInstance -ClientOnly and Invoke-CimMethod."
}

$denied = @(
    'Get-CimAssociatedInstance', 'Get-CimClass', 'Get-CimSession', 'New-CimSession', 'New-CimSessionOption', 'Register-CimIndicationEvent',
    'Remove-CimInstance', 'Remove-CimSession', 'Set-CimInstance'
)
foreach ($name in $denied) {
    Set-Item -Path "function:$name" -Value ${function:Deny-Command}
}
Export-ModuleMember -Function (@('Get-CimInstance', 'New-CimInstance', 'Invoke-CimMethod') + $denied)
