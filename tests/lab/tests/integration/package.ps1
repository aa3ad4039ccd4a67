# Runs the lab's packages on a host, one after another, and returns after each what the host is like. Leaves nothing behind.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param()
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$oldest = 'release-1.1.1107.0'
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
            @{ key = $name; name = $row.GetValue('DisplayName'); version = $row.GetValue('DisplayVersion'); quiet = "$($row.GetValue('QuietUninstallString'))" }
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
    foreach ($name in @($oldest, $old, $new, 'tampered', 'unsigned', 'other-publisher', 'expired', 'expired-stamped', 'pta-agent', 'health-agent')) {
        Save-Package -Name $name
    }
    # In a process of its own: under Wine a file whose signature was read stays in use for as long as its reader lives.
    $read = "foreach (`$file in Get-ChildItem -LiteralPath '$folder' -Filter '*.exe') { `$signature = Get-AuthenticodeSignature -LiteralPath `$file.FullName; " +
        "'{0}|{1}|{2}|{3}' -f `$file.BaseName, `$signature.Status, `$signature.SignerCertificate.Subject, `$signature.TimeStamperCertificate.Subject }"
    foreach ($line in (Invoke-Child -Script $read)) {
        $name, $status, $subject, $stamper = $line -split '\|'
        $result.signatures[$name] = @{ status = $status; subject = $subject; stamper = $stamper }
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

    # A package from before 1.1.1365, found busy once; an upgrade from it resets the configuration.
    Set-ItemProperty -LiteralPath $labKey -Name SetupBusyTimes -Value 1 -Type DWord
    Set-ItemProperty -LiteralPath $labKey -Name SetupLogText -Value 'a line of the test'
    Invoke-Step -Name 'found_busy' -Package $oldest -Action '/install'
    Invoke-Step -Name 'oldest' -Package $oldest -Action '/install'
    Remove-ItemProperty -LiteralPath $labKey -Name SetupBusyTimes, SetupLogText
    [System.IO.File]::WriteAllText($configuration, $edited)
    Invoke-Step -Name 'upgraded_oldest' -Package $new -Action '/install'
    $result.configuration_reset = [System.IO.File]::ReadAllText($configuration) -ne $edited

    # Rows without files, and files without rows.
    Stop-Service -Name 'AADConnectProvisioningAgent'
    [System.IO.File]::Delete("$install\AADConnectProvisioningAgent.exe")
    Invoke-Step -Name 'repaired' -Package $new -Action '/repair'
    foreach ($view in @([Microsoft.Win32.RegistryView]::Registry64, [Microsoft.Win32.RegistryView]::Registry32)) {
        $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, $view)
        foreach ($row in @(Get-Row -View $view)) {
            $root.DeleteSubKeyTree("$uninstallKey\$($row.key)")
        }
    }
    Invoke-Step -Name 'rows_put_back' -Package $new -Action '/install'

    # The updater is left to another agent, and goes by Windows Installer when that is gone.
    $result.other_agents = @(foreach ($name in @('pta-agent', 'health-agent')) { Invoke-Package -Path "$folder\$name.exe" -Arguments '/install', '/quiet' })
    Invoke-Step -Name 'uninstalled_beside' -Package $new -Action '/uninstall'
    $result.other_services = @(Get-Service -Name 'AzureADConnectAuthenticationAgent', 'AzureADConnectHealthAgent' | ForEach-Object -Process { $_.Status.ToString() })
    foreach ($name in @('pta-agent', 'health-agent')) {
        $null = Invoke-Package -Path "$folder\$name.exe" -Arguments '/uninstall', '/quiet'
    }
    $msiexec = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'msiexec.exe')
    $code = $steps.uninstalled_beside.products[0].key
    $result.msiexec_unknown = Invoke-Package -Path $msiexec -Arguments '/x', '{00000000-0000-0000-0000-000000000000}', '/qn'
    $result.msiexec_bad = Invoke-Package -Path $msiexec -Arguments '/nonsense'
    $steps.updater_removed = Get-HostState -ExitCode (Invoke-Package -Path $msiexec -Arguments '/x', $code, '/qn', '/norestart')
}
finally {
    Remove-ItemProperty -LiteralPath $labKey -Name SetupExitCode, SetupBusyTimes, SetupLogText -ErrorAction SilentlyContinue
    [System.IO.Directory]::Delete($folder, $true)
}
# As text: win_powershell itself goes two levels deep.
$Ansible.Result = $result | ConvertTo-Json -Depth 6 -Compress
