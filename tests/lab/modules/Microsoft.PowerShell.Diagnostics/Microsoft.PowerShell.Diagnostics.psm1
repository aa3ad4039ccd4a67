# Event logs for the lab's hosts: System, Netlogon's and the agent's own, as keys of the registry, since Wine keeps none.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An event is a key below HKLM\SOFTWARE\Cloud Sync Lab\Events with the values LogName, ProviderName, Id, Level, Message; it has happened just
# now. The value Refuse of Events is why the logs cannot be read. Left out: XPath, other computers, files, and all other properties.
Set-StrictMode -Version Latest
$logs = @('System', 'Microsoft-Windows-Security-Netlogon/Operational', 'Microsoft-AzureADConnect-ProvisioningAgent/Admin')
$root = 'HKLM:\SOFTWARE\Cloud Sync Lab\Events'

function Get-WinEvent {
    # Returns the logs of a name, or the events that a filter matches.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, ParameterSetName = 'Log')][string]$ListLog,
        [Parameter(Mandatory = $true, ParameterSetName = 'Filter')][hashtable]$FilterHashtable,
        [Parameter(ParameterSetName = 'Filter')][int]$MaxEvents = [int]::MaxValue
    )
    $key = Get-Item -LiteralPath $root -ErrorAction SilentlyContinue
    if ($null -ne $key -and $key.GetValue('Refuse')) {
        throw (New-Object -TypeName System.UnauthorizedAccessException -ArgumentList ([string]$key.GetValue('Refuse')))
    }
    if ($ListLog) {
        return $logs | Where-Object -FilterScript { $_ -like $ListLog } | ForEach-Object -Process { [pscustomobject]@{ LogName = $_ } }
    }
    if ($logs -notcontains $FilterHashtable['LogName']) {
        Write-Error -Message 'There is not an event log on the localhost computer that matches the specified name.' -ErrorId 'NoMatchingLogsFound'
        return
    }
    $found = @($key | ForEach-Object -Process { Get-ChildItem -LiteralPath $_.PSPath } | Where-Object -FilterScript { Test-Filter -Key $_ -Filter $FilterHashtable })
    if ($found.Count -eq 0) {
        Write-Error -Message 'No events were found that match the specified selection criteria.' -ErrorId 'NoMatchingEventsFound'
    }
    foreach ($logged in @($found | Select-Object -First $MaxEvents)) {
        [pscustomobject]@{
            Id = [int]$logged.GetValue('Id')
            ProviderName = [string]$logged.GetValue('ProviderName')
            Message = [string]$logged.GetValue('Message')
            TimeCreated = [datetime]::Now
        }
    }
}

function Test-Filter {
    param([Microsoft.Win32.RegistryKey]$Key, [hashtable]$Filter)
    foreach ($name in @($Filter.Keys | Where-Object -FilterScript { $_ -ne 'StartTime' })) {
        if (@($Filter[$name]) -notcontains $Key.GetValue($name)) {
            return $false
        }
    }
    return $true
}

Export-ModuleMember -Function 'Get-WinEvent'
