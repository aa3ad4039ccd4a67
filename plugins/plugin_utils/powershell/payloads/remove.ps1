# Payload: removes the agent from this host and what its own uninstallation leaves, and returns how the host is afterwards.
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
# include: program.ps1
# include: services.ps1
# include: trust.ps1

function Invoke-Uninstaller {
    # Runs one uninstallation. Returns what the answer has of it: exit_code, timed_out, restart, log_path, log_tail, and error, which is
    # 'exit code' when it did not end well.
    param(
        [string]$Path,
        [string]$Arguments,
        [string]$Log,
        [System.DateTime]$Deadline
    )
    $Ansible.Changed = $true
    $code = Invoke-Installer -Path $Path -Arguments $Arguments -Log $Log -Deadline $Deadline
    $number = $(if ($null -eq $code) { -1 } else { Get-ExitNumber -Code $code })
    # 1605: Windows Installer does not know it (any more).
    $well = (Test-ExitSuccess -Code $code) -or $number -eq 1605
    return @{
        exit_code = $code
        timed_out = $null -eq $code
        restart = @(3010, 1641) -contains $number
        log_path = $Log
        log_tail = Get-FileTail -Path $Log
        error = $(if ($well) { '' } else { 'exit code' })
    }
}

function Remove-MsiProduct {
    # Removes one product of Windows Installer by its code, which is the name of its row. Returns $null for a row that is none.
    param(
        [hashtable]$Row,
        [string]$LogDirectory,
        [System.DateTime]$Deadline
    )
    if ($Row.key -notmatch '^\{[0-9A-Fa-f-]{36}\}$') {
        return $null
    }
    $log = [System.IO.Path]::Combine($LogDirectory, "uninstall-$($Row.key.Trim('{}')).log")
    $program = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'msiexec.exe')
    return Invoke-Uninstaller -Path $program -Arguments "/x $($Row.key) /qn /norestart /l*v `"$log`"" -Log $log -Deadline $Deadline
}

function Remove-Bundle {
    # Runs what the bundle's row says. A row whose program is gone cannot be run and is taken away with the leftovers: $null.
    param(
        [hashtable]$Row,
        [string]$LogDirectory,
        [System.DateTime]$Deadline
    )
    if ($Row.quiet_uninstall -notmatch '^\s*(?:"(?<path>[^"]+)"|(?<path>\S+))\s*(?<rest>.*)$' -or -not [System.IO.File]::Exists($Matches['path'])) {
        return $null
    }
    $log = [System.IO.Path]::Combine($LogDirectory, 'uninstall.log')
    return Invoke-Uninstaller -Path $Matches['path'] -Arguments "$($Matches['rest']) /norestart /log `"$log`"" -Log $log -Deadline $Deadline
}

function Select-UninstallRow {
    # The rows of one stage of a removal: those of the updater, of bundles, or of the products that are left.
    param(
        [string]$Stage,
        [object[]]$Rows
    )
    switch ($Stage) {
        'updater' { return @($Rows | Where-Object -FilterScript { $_.updater }) }
        'bundle' { return @($Rows | Where-Object -FilterScript { $_.bundle }) }
        'product' { return @($Rows | Where-Object -FilterScript { -not $_.bundle -and -not $_.updater }) }
    }
    throw "There is no stage $Stage of a removal."
}

function Invoke-Uninstallation {
    # The order is the documented one: updater, agent, package. Since 1.1.972 the package takes the agent with it.
    # Returns what the last uninstaller ended with, see Invoke-Uninstaller; after one that did not end well none is tried. restart is that
    # of any.
    param(
        [bool]$KeepShared,
        [string]$LogDirectory,
        [System.DateTime]$Deadline
    )
    $outcome = @{ exit_code = $null; timed_out = $false; restart = $false; log_path = $null; log_tail = ''; error = '' }
    $where = @{ LogDirectory = $LogDirectory; Deadline = $Deadline }
    $stages = $(if ($KeepShared) { @('bundle', 'product') } else { @('updater', 'bundle', 'product') })
    foreach ($stage in $stages) {
        # Read anew: an uninstaller takes the rows of others with it.
        foreach ($row in @(Select-UninstallRow -Stage $stage -Rows @(Get-UninstallFact))) {
            try {
                $last = $(if ($stage -eq 'bundle') { Remove-Bundle -Row $row @where } else { Remove-MsiProduct -Row $row @where })
            }
            catch {
                $outcome.error = $_.Exception.Message
                return $outcome
            }
            if ($null -ne $last) {
                $last.restart = $last.restart -or $outcome.restart
                $outcome = $last
            }
            if ($outcome.error) {
                return $outcome
            }
        }
    }
    return $outcome
}

function Invoke-Cleaning {
    # Takes one leftover away. What cannot be taken away does not keep the rest from going.
    # Returns left (the files that the action could not delete) and problems (why it could not be done, if it could not).
    param(
        [scriptblock]$Action
    )
    $left = @()
    $problems = @()
    try {
        # One after another, so that those before an error are known too.
        & $Action | ForEach-Object -Process { $left += $_ }
    }
    catch {
        $problems += $_.Exception.GetBaseException().Message
    }
    return @{ left = $left; problems = $problems }
}

function Remove-WindowsService {
    # Windows PowerShell has no Remove-Service, and .NET neither.
    param(
        [string]$Name,
        [System.DateTime]$Deadline
    )
    if (-not (Get-ServiceFact -Name $Name).present) {
        return
    }
    $controller = Get-Service -Name $Name
    try {
        Stop-ServiceInTime -Controller $controller -Deadline $Deadline
    }
    finally {
        # An open handle would keep the service marked for deletion.
        $controller.Dispose()
    }
    try {
        $null = Invoke-QuietProgram -Name 'sc.exe' -Arguments "delete $Name"
    }
    catch {
        throw "The service $Name could not be removed ($($_.Exception.Message))."
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
    # Deletes a folder of the product with what it holds; nothing where it is gone. Writes the files that are left.
    param(
        [string]$Path
    )
    if ([System.IO.Directory]::Exists($Path)) {
        Remove-Tree -Path (Resolve-ProductFolder -Path $Path -Root $env:ProgramFiles)
        $Ansible.Changed = $true
    }
}

function Remove-Tree {
    # Deletes a folder with all that can be deleted; writes the files that cannot, such as a library that the event log has open.
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
                $file
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
    # What no uninstaller took away. The updater's parts go only with the updater. Returns left and problems, see Invoke-Cleaning.
    param(
        [string]$AgentDirectory,
        [string]$UpdaterDirectory,
        [bool]$KeepShared,
        [System.DateTime]$Deadline
    )
    $cleanings = @(
        Invoke-Cleaning -Action { Remove-WindowsService -Name 'AADConnectProvisioningAgent' -Deadline $Deadline }
        Invoke-Cleaning -Action { Remove-Directory -Path $AgentDirectory }
        Invoke-Cleaning -Action { Remove-RegistryTree -Path $agentKey }
        Invoke-Cleaning -Action { Set-RegistrationPending -Pending $false }
        foreach ($row in @(Get-UninstallFact | Where-Object -FilterScript { -not $_.updater -or -not $KeepShared })) {
            Invoke-Cleaning -Action { Remove-RegistryTree -Path "SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\$($row.key)" -View $row.view }
        }
        if (-not $KeepShared) {
            Invoke-Cleaning -Action { Remove-WindowsService -Name 'AzureADConnectAgentUpdater' -Deadline $Deadline }
            Invoke-Cleaning -Action { Remove-Directory -Path $UpdaterDirectory }
            Invoke-Cleaning -Action { Remove-AgentCertificate }
        }
    )
    return @{
        left = @($cleanings | ForEach-Object -Process { $_.left })
        problems = @($cleanings | ForEach-Object -Process { $_.problems })
    }
}

function Remove-Agent {
    # Returns what the answer has of the removal, see Invoke-Uninstallation and Remove-Leftover.
    param(
        [bool]$KeepShared,
        [string]$LogDirectory,
        [System.DateTime]$Deadline
    )
    $directory = (Get-ProductFact).install_dir
    $updater = (Get-ServiceFact -Name 'AzureADConnectAgentUpdater').path
    $updaterDirectory = $(if ($updater) { [System.IO.Path]::GetDirectoryName(($updater -replace '^"([^"]+)".*$', '$1')) } else { '' })
    $outcome = Invoke-Uninstallation -KeepShared $KeepShared -LogDirectory $LogDirectory -Deadline $Deadline
    if ($outcome.error) {
        return $outcome
    }
    $rest = Remove-Leftover -AgentDirectory $directory -UpdaterDirectory $updaterDirectory -KeepShared $KeepShared -Deadline $Deadline
    return $outcome + $rest
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
        $outcome = Remove-Agent -KeepShared $KeepShared -LogDirectory $LogDirectory -Deadline $deadline
        foreach ($name in $outcome.Keys) {
            $answer[$name] = $outcome[$name]
        }
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
