# Runs the lab's packages on a host, one after another, and tells after each what the host is like. Leaves nothing behind.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param()
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$old = 'release-1.1.2334.0'
$new = 'release-1.1.2505.0'
$labKey = 'HKLM:\SOFTWARE\Cloud Sync Lab'
$uninstallKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
$install = [System.IO.Path]::Combine($env:ProgramFiles, 'Microsoft Azure AD Connect Provisioning Agent')
$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'lab packages')
$null = [System.IO.Directory]::CreateDirectory($folder)

function Save-Package {
    param(
        [string]$Name
    )
    $side = (Get-ItemProperty -LiteralPath $labKey).MicrosoftSide
    Invoke-WebRequest -Uri "$side/packages/$Name.exe" -OutFile "$folder\$Name.exe" -UseBasicParsing
}

function Invoke-Package {
    # Runs a package, or the program at a path, without windows and returns its exit code as an unsigned hexadecimal.
    param(
        [string]$Path,
        [string[]]$Arguments
    )
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo -ArgumentList $Path, ($Arguments -join ' ')
    $start.UseShellExecute = $false
    $process = [System.Diagnostics.Process]::Start($start)
    $process.WaitForExit()
    $code = '{0:x}' -f $process.ExitCode
    # An ended process keeps its file in use as long as somebody holds its handle.
    $process.Dispose()
    return $code
}

function Invoke-Child {
    # Runs a script in a PowerShell of its own and returns its lines.
    param(
        [string]$Script
    )
    $powershell = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
    $encoded = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes("`$ProgressPreference = 'SilentlyContinue'; $Script"))
    return @(& $powershell -NoProfile -NonInteractive -EncodedCommand $encoded)
}

function Get-Row {
    # The rows of one view under Programs and Features that belong to the agent.
    param(
        [Microsoft.Win32.RegistryView]$View
    )
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, $View).OpenSubKey($uninstallKey)
    if ($null -eq $root) {
        return
    }
    foreach ($name in $root.GetSubKeyNames()) {
        $row = $root.OpenSubKey($name)
        if ("$($row.GetValue('DisplayName'))" -match '(Provisioning Agent|Agent Updater)') {
            @{ name = $row.GetValue('DisplayName'); version = $row.GetValue('DisplayVersion'); quiet = "$($row.GetValue('QuietUninstallString'))" }
        }
    }
}

function Get-HostState {
    param(
        [string]$ExitCode
    )
    $program = "$install\AADConnectProvisioningAgent.exe"
    $services = @{}
    foreach ($name in @('AADConnectProvisioningAgent', 'AzureADConnectAgentUpdater')) {
        $service = Get-Service -Name $name -ErrorAction SilentlyContinue
        if ($null -ne $service) {
            $services[$name] = @{
                state = $service.Status.ToString()
                account = (Get-ItemProperty -LiteralPath "HKLM:\SYSTEM\CurrentControlSet\Services\$name").ObjectName
            }
        }
    }
    return @{
        exit_code = $ExitCode
        version = $(if ([System.IO.File]::Exists($program)) { [System.Diagnostics.FileVersionInfo]::GetVersionInfo($program).ProductVersion })
        services = $services
        products = @(Get-Row -View Registry64)
        bundles = @(Get-Row -View Registry32)
        settings = Test-Path -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Azure AD Connect Agents'
        folder = [System.IO.Directory]::Exists($install)
    }
}

function Invoke-Step {
    param(
        [string]$Name,
        [string]$Package,
        [string]$Action
    )
    $log = "$folder\$Name.log"
    $code = Invoke-Package -Path "$folder\$Package.exe" -Arguments @($Action, '/quiet', '/norestart', '/log', "`"$log`"", 'ENVIRONMENTNAME=AzureCloud')
    $script:steps[$Name] = Get-HostState -ExitCode $code
    $script:steps[$Name].log = [System.IO.File]::ReadAllText($log)
}

$steps = @{}
$result = @{ steps = $steps; signatures = @{} }
try {
    foreach ($name in @($old, $new, 'tampered', 'unsigned', 'other-publisher')) {
        Save-Package -Name $name
    }
    # In a process of its own: under Wine a file whose signature was read stays in use for as long as its reader lives.
    $read = "foreach (`$file in Get-ChildItem -LiteralPath '$folder' -Filter '*.exe') { `$signature = Get-AuthenticodeSignature -LiteralPath `$file.FullName; " +
        "'{0}|{1}|{2}' -f `$file.BaseName, `$signature.Status, `$signature.SignerCertificate.Subject }"
    foreach ($line in (Invoke-Child -Script $read)) {
        $name, $status, $subject = $line -split '\|'
        $result.signatures[$name] = @{ status = $status; subject = $subject }
    }
    $information = [System.Diagnostics.FileVersionInfo]::GetVersionInfo("$folder\$new.exe")
    $result.package = @{ product = $information.ProductName; file = $information.OriginalFilename; version = $information.ProductVersion }
    $result.bad_argument = Invoke-Package -Path "$folder\$old.exe" -Arguments '/nonsense'
    $result.with_window = Invoke-Package -Path "$folder\$old.exe" -Arguments '/install'

    Set-ItemProperty -LiteralPath $labKey -Name SetupExitCode -Value 1603 -Type DWord
    Invoke-Step -Name 'failed' -Package $old -Action '/install'
    Remove-ItemProperty -LiteralPath $labKey -Name SetupExitCode
    Invoke-Step -Name 'installed' -Package $old -Action '/install'

    # In a process of its own: a module's file stays in use for as long as its process lives.
    $module = "Import-Module -Name '$install\Microsoft.CloudSync.PowerShell.dll'; " +
        "try { Add-AADCloudSyncGMSA -CustomGMSAName 'x$' } catch { `$_.Exception.Message }; " +
        "(Get-Command -Module Microsoft.CloudSync.PowerShell).Name"
    $result.module = @(Invoke-Child -Script $module)

    $configuration = "$install\AADConnectProvisioningAgent.exe.config"
    $edited = [System.IO.File]::ReadAllText($configuration).Replace('</configuration>', '<!-- edited --></configuration>')
    [System.IO.File]::WriteAllText($configuration, $edited)
    Set-ItemProperty -LiteralPath $labKey -Name SetupExitCode -Value 3010 -Type DWord
    Invoke-Step -Name 'upgraded' -Package $new -Action '/install'
    Remove-ItemProperty -LiteralPath $labKey -Name SetupExitCode
    $result.configuration_kept = [System.IO.File]::ReadAllText($configuration) -eq $edited
    Invoke-Step -Name 'downgraded' -Package $old -Action '/install'

    $mutex = New-Object -TypeName System.Threading.Mutex -ArgumentList $true, 'Global\_MSIExecute'
    Invoke-Step -Name 'busy' -Package $new -Action '/repair'
    $mutex.ReleaseMutex()
    $mutex.Dispose()

    $quiet = $steps.busy.bundles[0].quiet -split '"'
    $steps.uninstalled = Get-HostState -ExitCode (Invoke-Package -Path $quiet[1] -Arguments $quiet[2], '/norestart')
    $steps.uninstalled.cached = [System.IO.File]::Exists($quiet[1])
}
finally {
    Remove-ItemProperty -LiteralPath $labKey -Name SetupExitCode -ErrorAction SilentlyContinue
    [System.IO.Directory]::Delete($folder, $true)
}
# As text: win_powershell itself goes two levels deep.
$Ansible.Result = $result | ConvertTo-Json -Depth 6 -Compress
