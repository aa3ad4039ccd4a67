# Reads what Microsoft's prerequisites ask of the host itself: Windows, .NET, TLS, policies, restart, disk, memory.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1

function Get-RegistryNumber {
    # One number of the registry, or nothing where it is not set.
    param(
        [string]$Path,
        [string]$Name,
        [Microsoft.Win32.RegistryView]$View = [Microsoft.Win32.RegistryView]::Registry64
    )
    $values = Get-RegistryValue -Path $Path -View $View
    if ($null -eq $values -or $null -eq $values[$Name]) {
        return $null
    }
    return [long]$values[$Name]
}

function Get-ComputerFact {
    # Whether the host is a member of a domain and of which one, and its memory. Nothing but WMI has these without a call into a
    # Windows library.
    $fact = @{ domain_member = $null; domain = $null; memory = $null; problem = '' }
    try {
        $properties = @('PartOfDomain', 'Domain', 'TotalPhysicalMemory')
        $computer = Get-CimInstance -ClassName Win32_ComputerSystem -Property $properties -OperationTimeoutSec 10 -ErrorAction Stop
        $fact.domain_member = [bool]$computer.PartOfDomain
        $fact.domain = [string]$computer.Domain
        $fact.memory = [long]$computer.TotalPhysicalMemory
    }
    catch {
        # A broken WMI repository is no rarity; the checks that need it are then unknown.
        $fact.problem = $_.Exception.Message
    }
    return $fact
}

function Get-WindowsFact {
    # ProductName of the registry says "Windows 10" on Windows 11, the product type shows a client edition for sure.
    $version = Get-RegistryValue -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $options = Get-RegistryValue -Path 'SYSTEM\CurrentControlSet\Control\ProductOptions'
    $type = switch ([string]$options['ProductType']) { 'WinNT' { 'workstation' } 'ServerNT' { 'server' } 'LanmanNT' { 'domain_controller' } default { $null } }
    return @{
        name = [string]$version['ProductName']
        build = [int]$version['CurrentBuildNumber']
        revision = [int]$version['UBR']
        product_type = $type
        installation_type = [string]$version['InstallationType']
    }
}

function Get-TlsFact {
    # What the registry says about TLS 1.2 for each side, null where Windows' own default rules, and .NET's use of strong protocols.
    $fact = @{}
    foreach ($side in @('client', 'server')) {
        $path = "SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\$side"
        $fact[$side] = @{
            enabled = Get-RegistryNumber -Path $path -Name 'Enabled'
            disabled_by_default = Get-RegistryNumber -Path $path -Name 'DisabledByDefault'
        }
    }
    $views = @{ strong_crypto = [Microsoft.Win32.RegistryView]::Registry64; strong_crypto_32 = [Microsoft.Win32.RegistryView]::Registry32 }
    foreach ($name in $views.Keys) {
        $fact[$name] = Get-RegistryNumber -Path 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319' -Name 'SchUseStrongCrypto' -View $views[$name]
    }
    return $fact
}

function Select-ExecutionPolicy {
    # The policy that a key's values stand for, nothing where it sets none. A group policy counts by its switch "Turn on Script Execution":
    # 0 means Restricted, whatever else the key says, and without the switch Windows PowerShell looks no further.
    param(
        [hashtable]$Values,
        [bool]$GroupPolicy
    )
    if ($GroupPolicy) {
        $switch = [string]$Values['EnableScripts']
        if ($switch -eq '0') {
            return 'Restricted'
        }
        if ($switch -ne '1') {
            return $null
        }
    }
    if ($Values['ExecutionPolicy']) {
        return [string]$Values['ExecutionPolicy']
    }
    # Spelt out: a function that just ends yields what Windows PowerShell writes into JSON as {}.
    return $null
}

function Get-ExecutionPolicyFact {
    # Windows PowerShell's policy by scope, null where it is not set. Read from the registry: Get-ExecutionPolicy would return that of the
    # process that asks, which need not be the Windows PowerShell that loads the agent's module, and which Ansible starts with a policy of
    # its own.
    $places = @(
        @{ scope = 'MachinePolicy'; root = 'LocalMachine'; path = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell' }
        @{ scope = 'UserPolicy'; root = 'CurrentUser'; path = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell' }
        @{ scope = 'CurrentUser'; root = 'CurrentUser'; path = 'SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell' }
        @{ scope = 'LocalMachine'; root = 'LocalMachine'; path = 'SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell' }
    )
    foreach ($place in $places) {
        $values = Get-RegistryValue -Path $place.path -Root ([Microsoft.Win32.RegistryHive]$place.root)
        $policy = $(if ($null -ne $values) { Select-ExecutionPolicy -Values $values -GroupPolicy ($place.scope -like '*Policy') } else { $null })
        @{ scope = $place.scope; policy = $policy }
    }
}

function Get-PendingRebootFact {
    # Who waits for a restart of the host, in words.
    $keys = [ordered]@{
        'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending' = 'Windows servicing'
        'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired' = 'Windows Update'
    }
    foreach ($key in $keys.Keys) {
        if ($null -ne (Get-RegistryValue -Path $key)) {
            $keys[$key]
        }
    }
    $session = Get-RegistryValue -Path 'SYSTEM\CurrentControlSet\Control\Session Manager'
    if ($null -ne $session -and @(@($session['PendingFileRenameOperations']) | Where-Object -FilterScript { $_ }).Count -gt 0) {
        'files to be replaced'
    }
    $root = 'SYSTEM\CurrentControlSet\Control\ComputerName'
    $names = @('ActiveComputerName', 'ComputerName' | ForEach-Object -Process { [string](Get-RegistryValue -Path "$root\$_")['ComputerName'] })
    if ($names[0] -ne $names[1]) {
        'a new computer name'
    }
    $netlogon = Get-RegistryValue -Path 'SYSTEM\CurrentControlSet\Services\Netlogon'
    if ($null -ne $netlogon -and ($netlogon.ContainsKey('JoinDomain') -or $netlogon.ContainsKey('AvoidSpnSet'))) {
        'the join to a domain'
    }
}

function Get-PlatformFact {
    # All of it. Values that are not set are null; what could not be read has its reason under "problem".
    $computer = Get-ComputerFact
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot([System.Environment]::SystemDirectory))
    $escKey = 'SOFTWARE\Microsoft\Active Setup\Installed Components\{A509B1A7-37EF-4b3f-8CFC-4F3A74704073}'
    return @{
        windows = Get-WindowsFact
        domain_member = $computer.domain_member
        domain = $computer.domain
        memory = $computer.memory
        computer_problem = $computer.problem
        dotnet_release = Get-RegistryNumber -Path 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' -Name 'Release'
        tls = Get-TlsFact
        execution_policy = @(Get-ExecutionPolicyFact)
        pending_reboot = @(Get-PendingRebootFact)
        disk_free = [long]$drive.AvailableFreeSpace
        fips_policy = Get-RegistryNumber -Path 'SYSTEM\CurrentControlSet\Control\Lsa\FipsAlgorithmPolicy' -Name 'Enabled'
        ntlm_policy = Get-RegistryNumber -Path 'SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0' -Name 'RestrictSendingNTLMTraffic'
        kerberos_policy = Get-RegistryNumber -Path 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Kerberos\Parameters' -Name 'SupportedEncryptionTypes'
        # Enhanced Security Configuration of Internet Explorer, for administrators.
        ie_esc = Get-RegistryNumber -Path $escKey -Name 'IsInstalled'
    }
}
