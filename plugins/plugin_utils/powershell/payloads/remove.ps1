# Payload: removes the agent from this host and what its own uninstallation leaves, and tells how the host is afterwards.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding()]
param(
    # The folder for the uninstallers' logs.
    [string]$LogDirectory,
    # Whether another agent on this host needs the updater, and may own certificates of the same issuer.
    [bool]$KeepShared = $false,
    [int]$TimeoutSeconds = 1800
)
# include: language.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Ansible.Changed = $false

# include: storage.ps1
# include: settings.ps1
# include: agent.ps1
# include: lock.ps1
# include: installer.ps1
# include: services.ps1
# include: trust.ps1

function Add-Step {
    # Notes one uninstallation; throws when it did not end well, so that nothing after it is tried.
    param(
        [object]$Code,
        [string]$Log
    )
    $Ansible.Changed = $true
    $answer.exit_code = $Code
    $answer.log_path = $Log
    $answer.log_tail = Get-FileTail -Path $Log
    $answer.timed_out = $null -eq $Code
    $answer.restart = $answer.restart -or ($null -ne $Code -and @(3010, 1641) -contains (Get-ExitNumber -Code $Code))
    # 1605: Windows Installer does not know it (any more).
    if (-not (Test-ExitSuccess -Code $Code) -and ($null -eq $Code -or (Get-ExitNumber -Code $Code) -ne 1605)) {
        throw [System.OperationCanceledException]'an uninstaller did not end well'
    }
}

function Remove-MsiProduct {
    # Removes one product of Windows Installer by its code, which is the name of its row.
    param(
        [hashtable]$Row
    )
    if ($Row.key -notmatch '^\{[0-9A-Fa-f-]{36}\}$') {
        return
    }
    $log = [System.IO.Path]::Combine($LogDirectory, "uninstall-$($Row.key.Trim('{}')).log")
    $program = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'msiexec.exe')
    $code = Invoke-Installer -Path $program -Arguments "/x $($Row.key) /qn /norestart /l*v `"$log`"" -Log $log -Deadline $deadline
    Add-Step -Code $code -Log $log
}

function Remove-Bundle {
    # Runs what the bundle's row says. A row whose program is gone cannot be run and is taken away with the leftovers.
    param(
        [hashtable]$Row
    )
    if ($Row.quiet_uninstall -notmatch '^\s*(?:"(?<path>[^"]+)"|(?<path>\S+))\s*(?<rest>.*)$' -or -not [System.IO.File]::Exists($Matches['path'])) {
        return
    }
    $log = [System.IO.Path]::Combine($LogDirectory, 'uninstall.log')
    $code = Invoke-Installer -Path $Matches['path'] -Arguments "$($Matches['rest']) /norestart /log `"$log`"" -Log $log -Deadline $deadline
    Add-Step -Code $code -Log $log
}

function Invoke-Cleaning {
    # Takes one leftover away. What cannot be taken away is noted, and does not keep the rest from going.
    param(
        [scriptblock]$Action
    )
    try {
        & $Action
    }
    catch {
        $answer.problems += $_.Exception.GetBaseException().Message
    }
}

function Remove-WindowsService {
    # Windows PowerShell has no Remove-Service, and .NET neither.
    param(
        [string]$Name
    )
    if (-not (Get-ServiceFact -Name $Name).present) {
        return
    }
    $controller = Get-Service -Name $Name
    try {
        Stop-ServiceInTime -Controller $controller -Deadline $deadline
    }
    finally {
        # An open handle would keep the service marked for deletion.
        $controller.Dispose()
    }
    $program = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'sc.exe')
    $said = & $program delete $Name
    if ($LASTEXITCODE -ne 0) {
        throw "The service $Name could not be removed (sc.exe ended with ${LASTEXITCODE}: $said)."
    }
    $Ansible.Changed = $true
}

function Remove-RegistryTree {
    param(
        [string]$Path,
        [Microsoft.Win32.RegistryView]$View = [Microsoft.Win32.RegistryView]::Registry64
    )
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, $View)
    try {
        $key = $hive.OpenSubKey($Path)
        if ($null -ne $key) {
            $key.Dispose()
            $hive.DeleteSubKeyTree($Path)
            $Ansible.Changed = $true
        }
    }
    finally {
        $hive.Dispose()
    }
}

function Remove-Directory {
    # Only what lies below Program Files: the folder comes from the registry, and what it holds is deleted.
    param(
        [string]$Path
    )
    $inside = $Path.StartsWith($env:ProgramFiles + '\', [System.StringComparison]::OrdinalIgnoreCase)
    if ($inside -and [System.IO.Directory]::Exists($Path)) {
        Remove-Tree -Path $Path
        $Ansible.Changed = $true
    }
}

function Remove-Tree {
    # Deletes a folder with all that can be deleted; the files that cannot, such as a library that the event log has open, are noted.
    param(
        [string]$Path
    )
    $link = [int][System.IO.File]::GetAttributes($Path) -band [int][System.IO.FileAttributes]::ReparsePoint
    if (-not $link) {
        foreach ($folder in [System.IO.Directory]::GetDirectories($Path)) {
            Remove-Tree -Path $folder
        }
        foreach ($file in [System.IO.Directory]::GetFiles($Path)) {
            try {
                [System.IO.File]::SetAttributes($file, [System.IO.FileAttributes]::Normal)
                [System.IO.File]::Delete($file)
            }
            catch {
                $answer.left += $file
            }
        }
    }
    if ($link -or @([System.IO.Directory]::GetFileSystemEntries($Path)).Count -eq 0) {
        # A link goes, and what it leads to stays.
        [System.IO.Directory]::Delete($Path)
    }
}

function Remove-PrivateKey {
    # A certificate that leaves its store leaves its private key on the disk.
    param(
        [System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate
    )
    try {
        $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
    }
    catch [System.Management.Automation.MethodInvocationException] {
        # NTE_BAD_KEYSET: the certificate names a key that is gone already (Wine finds none at all).
        if ($_.Exception.GetBaseException().HResult -ne 0x80090016) {
            throw
        }
        return
    }
    if ($key -is [System.Security.Cryptography.RSACng]) {
        $key.Key.Delete()
    }
    elseif ($key -is [System.Security.Cryptography.RSACryptoServiceProvider]) {
        $key.PersistKeyInCsp = $false
        $key.Clear()
    }
}

function Remove-AgentCertificate {
    # The private key is the agent's identity: who has it can speak for the agent. Other connectors of Microsoft's (private network,
    # application proxy) have such certificates too, from another issuer.
    $store = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList @(
        [System.Security.Cryptography.X509Certificates.StoreName]::My,
        [System.Security.Cryptography.X509Certificates.StoreLocation]::LocalMachine)
    $store.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadWrite)
    $thumbprints = @(Get-CertificateFact | Where-Object -FilterScript { $_.issuer -like '*HISConnectorRegistrationCA*' } | ForEach-Object -Process { $_.thumbprint })
    try {
        foreach ($certificate in @($store.Certificates | Where-Object -FilterScript { $thumbprints -contains $_.Thumbprint })) {
            Remove-PrivateKey -Certificate $certificate
            $store.Remove($certificate)
            $Ansible.Changed = $true
        }
    }
    finally {
        $store.Close()
    }
    foreach ($thumbprint in $thumbprints) {
        # Where the store's entries lie; Wine forgets a removal when the store is closed, Windows has nothing left there.
        Remove-RegistryTree -Path "SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\$thumbprint"
    }
}

function Remove-Leftover {
    # What no uninstaller took away. The updater's parts go only with the updater.
    param(
        [string]$AgentDirectory,
        [string]$UpdaterDirectory
    )
    Invoke-Cleaning -Action { Remove-WindowsService -Name 'AADConnectProvisioningAgent' }
    Invoke-Cleaning -Action { Remove-Directory -Path $AgentDirectory }
    Invoke-Cleaning -Action { Remove-RegistryTree -Path $agentKey }
    Invoke-Cleaning -Action { Set-RegistrationPending -Pending $false }
    foreach ($row in @(Get-UninstallFact | Where-Object -FilterScript { -not $_.updater -or -not $KeepShared })) {
        Invoke-Cleaning -Action { Remove-RegistryTree -Path "SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\$($row.key)" -View $row.view }
    }
    if (-not $KeepShared) {
        Invoke-Cleaning -Action { Remove-WindowsService -Name 'AzureADConnectAgentUpdater' }
        Invoke-Cleaning -Action { Remove-Directory -Path $UpdaterDirectory }
        Invoke-Cleaning -Action { Remove-AgentCertificate }
    }
}

function Remove-Agent {
    # The order is the documented one: updater, agent, package. Since 1.1.972 the package takes the agent with it.
    $directory = (Get-ProductFact).install_dir
    $updater = (Get-ServiceFact -Name 'AzureADConnectAgentUpdater').path
    $updaterDirectory = $(if ($updater) { [System.IO.Path]::GetDirectoryName(($updater -replace '^"([^"]+)".*$', '$1')) } else { '' })
    $rows = @(Get-UninstallFact)
    if (-not $KeepShared) {
        foreach ($row in @($rows | Where-Object -FilterScript { $_.updater })) {
            Remove-MsiProduct -Row $row
        }
    }
    foreach ($row in @($rows | Where-Object -FilterScript { $_.bundle })) {
        Remove-Bundle -Row $row
    }
    foreach ($row in @(Get-UninstallFact | Where-Object -FilterScript { -not $_.bundle -and -not $_.updater })) {
        Remove-MsiProduct -Row $row
    }
    Remove-Leftover -AgentDirectory $directory -UpdaterDirectory $updaterDirectory
}

$deadline = [System.DateTime]::UtcNow.AddSeconds($TimeoutSeconds)
$answer = @{ busy = $false; exit_code = $null; timed_out = $false; restart = $false; log_path = $null; log_tail = ''; problems = @(); left = @(); error = ''; facts = $null }
$lock = Enter-HostLock
if ($null -eq $lock) {
    $answer.busy = $true
}
else {
    try {
        $null = Confirm-Folder -Path $LogDirectory -Change
        Remove-Agent
    }
    catch [System.OperationCanceledException] {
        # The exit code that Add-Step has noted tells why.
        $answer.error = 'exit code'
    }
    catch {
        $answer.error = $_.Exception.Message
    }
    finally {
        Exit-HostLock -Mutex $lock
    }
}
$answer.facts = Get-AgentFact
$Ansible.Result = $answer | ConvertTo-Json -Depth 8 -Compress
