# Reads the installed agent: product files and registry, Uninstall entries, services, certificate.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: settings.ps1

# Where the collection remembers what it must not forget on the host.
$ownKey = 'SOFTWARE\entra_ops\cloud_sync'

function Get-ServiceFact {
    # One service as the service control manager's registry key and its state show it.
    # The registry is read because CIM is slow to start and Get-Service of 5.1 has neither account nor start type detail.
    param(
        [string]$Name
    )
    $values = Get-RegistryValue -Path "SYSTEM\CurrentControlSet\Services\$Name"
    $fact = @{ name = $Name; present = $false; display_name = $null; state = $null; start_type = $null; account = $null; managed_account = $null; path = $null }
    if ($null -eq $values -or -not $values.ContainsKey('ImagePath')) {
        return $fact
    }
    $fact.present = $true
    $fact.display_name = [string]$values['DisplayName']
    $fact.account = [string]$values['ObjectName']
    $fact.path = [string]$values['ImagePath']
    $fact.start_type = switch ([int]$values['Start']) { 2 { 'auto' } 3 { 'manual' } 4 { 'disabled' } default { "other ($_)" } }
    # SCM keeps "this account's password is managed" (sc.exe managedaccount) as binary or DWORD, by build.
    $fact.managed_account = @(@($values['ServiceAccountManaged']) | Where-Object -FilterScript { $_ }).Count -gt 0
    $service = Get-Service -Name $Name -ErrorAction SilentlyContinue
    if ($null -ne $service) {
        $fact.state = $service.Status.ToString().ToLowerInvariant()
    }
    return $fact
}

function Get-UninstallFact {
    # The product's rows under Programs and Features. Names are mixed over the rebrand and bundle rows lie in the
    # 32-bit view, so both views are read and names are matched by pattern.
    $root = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
    $pattern = '^Microsoft (Azure AD|Entra)\b.* (Provisioning Agent( Package)?|Agent Updater)$'
    foreach ($view in @([Microsoft.Win32.RegistryView]::Registry64, [Microsoft.Win32.RegistryView]::Registry32)) {
        $names = @(Get-RegistrySubKeyName -Path $root -View $view)
        foreach ($name in $names) {
            $values = Get-RegistryValue -Path "$root\$name" -View $view
            if ($null -eq $values -or [string]$values['DisplayName'] -notmatch $pattern) {
                continue
            }
            $isBundle = $values.ContainsKey('BundleVersion')
            @{
                key = $name
                view = $view.ToString()
                display_name = [string]$values['DisplayName']
                version = [string]$(if ($isBundle) { $values['BundleVersion'] } else { $values['DisplayVersion'] })
                bundle = $isBundle
                updater = [string]$values['DisplayName'] -like '*Agent Updater'
                quiet_uninstall = [string]$values['QuietUninstallString']
            }
        }
    }
}

function Get-CertificateFact {
    # The agent's client certificates in the machine store, known by the extension that carries the agent id as raw GUID.
    $store = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList @(
        [System.Security.Cryptography.X509Certificates.StoreName]::My,
        [System.Security.Cryptography.X509Certificates.StoreLocation]::LocalMachine)
    $store.Open([System.Security.Cryptography.X509Certificates.OpenFlags]::ReadOnly)
    try {
        foreach ($certificate in $store.Certificates) {
            $extension = $certificate.Extensions | Where-Object -FilterScript { $_.Oid.Value -eq '1.3.6.1.4.1.311.82.1' }
            if ($null -eq $extension) {
                continue
            }
            $raw = $extension.RawData
            $agentId = $null
            # Sixteen bytes are the GUID itself; a DER octet string would put two more in front.
            if ($raw.Length -ge 16) {
                $bytes = New-Object -TypeName 'byte[]' -ArgumentList 16
                [System.Array]::Copy($raw, $raw.Length - 16, $bytes, 0, 16)
                $agentId = (New-Object -TypeName System.Guid -ArgumentList (, $bytes)).ToString()
            }
            @{
                thumbprint = $certificate.Thumbprint
                subject = $certificate.Subject
                issuer = $certificate.Issuer
                agent_id = $agentId
                not_before = Format-UtcTime -Time $certificate.NotBefore
                not_after = Format-UtcTime -Time $certificate.NotAfter
                has_private_key = $certificate.HasPrivateKey
            }
        }
    }
    finally {
        $store.Close()
    }
}

function Read-TrustSetting {
    # The certificate that a connector of Microsoft's signs in with, from its TrustSettings.xml; nothing where the file names none.
    param(
        [string]$Path
    )
    $document = New-Object -TypeName System.Xml.XmlDocument
    $document.XmlResolver = $null
    try {
        $share = [System.IO.FileShare]'ReadWrite, Delete'
        $stream = [System.IO.File]::Open($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
        try {
            $document.Load([System.Xml.XmlReader]::Create($stream, (New-XmlReaderSetting)))
        }
        finally {
            $stream.Dispose()
        }
    }
    catch {
        # Another product's file may be locked, half-written or of another form; then it is no help.
        Write-Verbose -Message "$Path cannot be read: $($_.Exception.Message)"
        return $null
    }
    $values = @{}
    foreach ($name in 'Thumbprint', 'IsInUserStore') {
        $values[$name] = @($document.GetElementsByTagName($name) | ForEach-Object -Process { $_.InnerText.Trim() }) + '' | Select-Object -First 1
    }
    if (-not $values['Thumbprint']) {
        return $null
    }
    return @{ thumbprint = $values['Thumbprint'].ToUpperInvariant(); in_user_store = $values['IsInUserStore'] -eq 'true' }
}

function Get-TrustFact {
    # Which certificates the connectors on this host use: this agent's own, where its folder names it, and those of the others (pass-through
    # authentication, application proxy), whose certificates look alike. After a renewal by itself a connector keeps its certificate in the
    # store of its service's account ("in user store").
    $fact = @{ own = $null; others = @() }
    $folder = 'Azure AD Connect Provisioning Agent'
    $registry = Get-RegistryValue -Path $agentKey
    if ($null -ne $registry -and $registry['ProgramDataFolderName']) {
        $folder = [System.IO.Path]::GetFileName([string]$registry['ProgramDataFolderName'])
    }
    $root = [System.IO.Path]::Combine([System.Environment]::GetFolderPath('CommonApplicationData'), 'Microsoft')
    if (-not [System.IO.Directory]::Exists($root)) {
        return $fact
    }
    foreach ($directory in [System.IO.Directory]::GetDirectories($root)) {
        $file = [System.IO.Path]::Combine($directory, 'Config', 'TrustSettings.xml')
        if (-not [System.IO.File]::Exists($file)) {
            continue
        }
        $setting = Read-TrustSetting -Path $file
        if ([System.IO.Path]::GetFileName($directory) -eq $folder) {
            $fact.own = $setting
        }
        elseif ($null -ne $setting) {
            $fact.others += $setting.thumbprint
        }
    }
    return $fact
}

function Resolve-ProductFolder {
    # The full path of a folder of Microsoft's agent or its updater, directly below Root (Program Files). It throws for any other: the path
    # comes from the registry, and what lies in the folder is going to be deleted.
    param(
        [string]$Path,
        [string]$Root
    )
    $full = [System.IO.Path]::GetFullPath($Path).TrimEnd('\', '/')
    $inside = [string]::Equals([System.IO.Path]::GetDirectoryName($full), $Root.TrimEnd('\', '/'), [System.StringComparison]::OrdinalIgnoreCase)
    if (-not $inside -or [System.IO.Path]::GetFileName($full) -notmatch '^(Microsoft )?(Azure AD|Entra)\b.* (Provisioning Agent|Agent Updater)$') {
        throw "The folder $Path was left: it is not that of the agent or its updater below $Root. See what lies in it, and remove it by hand."
    }
    return $full
}

function Get-ProductFact {
    # What is installed. The version is the executable's own: Uninstall entries survive a half-removed product.
    $registry = Get-RegistryValue -Path $agentKey
    $directory = [System.IO.Path]::Combine($env:ProgramFiles, 'Microsoft Azure AD Connect Provisioning Agent')
    $tenantId = $null
    if ($null -ne $registry) {
        if ($registry['InstallDir']) {
            $directory = [string]$registry['InstallDir']
        }
        if ($registry['TenantID']) {
            $tenantId = [string]$registry['TenantID']
        }
    }
    $executable = [System.IO.Path]::Combine($directory, 'AADConnectProvisioningAgent.exe')
    $module = [System.IO.Path]::Combine($directory, 'Microsoft.CloudSync.PowerShell.dll')
    $version = $null
    if ([System.IO.File]::Exists($executable)) {
        $version = Get-ProductVersion -Path $executable
    }
    return @{
        install_dir = $directory
        executable = $executable
        version = $version
        module = $module
        module_present = [System.IO.File]::Exists($module)
        registry_present = $null -ne $registry
        tenant_id = $tenantId
        uninstall = @(Get-UninstallFact)
        configuration = Get-SettingFact -ConfigurationPath "$executable.config"
    }
}

function Get-OtherAgentFact {
    # The names of other Microsoft agents on this host that the updater serves too: pass-through authentication and Health.
    $names = @()
    foreach ($view in @([Microsoft.Win32.RegistryView]::Registry64, [Microsoft.Win32.RegistryView]::Registry32)) {
        foreach ($name in (Get-RegistrySubKeyName -Path 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall' -View $view)) {
            $values = Get-RegistryValue -Path "SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\$name" -View $view
            $names += @([string]$(if ($null -ne $values) { $values['DisplayName'] }) | Where-Object -FilterScript { $_ -match '^Microsoft (Azure AD|Entra)\b.* (Authentication Agent|Health\b.*)$' })
        }
    }
    # Rows are renamed from time to time, services are not.
    $services = @(Get-RegistrySubKeyName -Path 'SYSTEM\CurrentControlSet\Services' -View ([Microsoft.Win32.RegistryView]::Registry64))
    foreach ($name in @($services | Where-Object -FilterScript { $_ -match '^(AzureADConnectAuthenticationAgent|AzureADConnectHealth|AdHealth|ADFSHealth)' })) {
        $fact = Get-ServiceFact -Name $name
        if ($fact.present) {
            $names += $(if ($fact.display_name) { $fact.display_name } else { $name })
        }
    }
    return @($names | Sort-Object -Unique)
}

function Test-AgentComplete {
    # Whether nothing of the product is missing; the controller's is_complete asks the same of Get-AgentFact.
    $product = Get-ProductFact
    $service = Get-ServiceFact -Name 'AADConnectProvisioningAgent'
    $rows = @($product.uninstall | Where-Object -FilterScript { -not $_.updater })
    return [bool]($product.version -and $product.module_present -and $product.registry_present -and $service.present -and $rows.Count -gt 0)
}

function Test-RegistrationPending {
    # Whether a registration began here whose restart of the service has not been seen.
    $values = Get-RegistryValue -Path $ownKey
    return $null -ne $values -and $values.ContainsKey('RegistrationPending')
}

function Set-RegistrationPending {
    # Our own key exists only while there is something to remember.
    param(
        [bool]$Pending
    )
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    try {
        if ($Pending) {
            $key = $hive.CreateSubKey($ownKey)
            $key.SetValue('RegistrationPending', 1, [Microsoft.Win32.RegistryValueKind]::DWord)
            $key.Dispose()
        }
        else {
            $hive.DeleteSubKeyTree($ownKey, $false)
        }
    }
    finally {
        $hive.Dispose()
    }
}

function Get-AgentFact {
    # Everything the collection judges about the agent on this host.
    $tcpip = Get-RegistryValue -Path 'SYSTEM\CurrentControlSet\Services\Tcpip\Parameters'
    $name = [System.Environment]::MachineName
    $dnsName = $name
    $domain = ''
    if ($null -ne $tcpip) {
        # "Domain" is the joined domain, "NV Domain" what it will be after a restart.
        # The NetBIOS name is cut after fifteen characters; the cloud knows the DNS name.
        if ($tcpip['Hostname']) {
            $dnsName = [string]$tcpip['Hostname']
        }
        $domain = [string]$(if ($tcpip['Domain']) { $tcpip['Domain'] } else { $tcpip['NV Domain'] })
    }
    return @{
        host = @{
            name = $name
            domain = $domain
            fqdn = $(if ($domain) { "$dnsName.$domain".ToLowerInvariant() } else { $dnsName.ToLowerInvariant() })
            time = Format-UtcTime -Time ([System.DateTime]::UtcNow)
            powershell = $PSVersionTable.PSVersion.ToString()
        }
        product = Get-ProductFact
        services = @(
            Get-ServiceFact -Name 'AADConnectProvisioningAgent'
            Get-ServiceFact -Name 'AzureADConnectAgentUpdater'
        )
        certificates = @(Get-CertificateFact)
        trust = Get-TrustFact
        other_agents = @(Get-OtherAgentFact)
        registration_pending = Test-RegistrationPending
        # Setup needs Credential Manager.
        vault = Get-ServiceFact -Name 'VaultSvc'
    }
}
