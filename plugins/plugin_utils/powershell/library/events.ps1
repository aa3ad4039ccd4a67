# Reads what Windows and the agent have logged about the agent, and the agent's connections.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: storage.ps1
# include: directory.ps1

function Select-Event {
    # The newest events that a filter matches; none is no error here.
    param(
        [hashtable]$Filter
    )
    try {
        Get-WinEvent -FilterHashtable $Filter -MaxEvents 50 -ErrorAction Stop
    }
    catch {
        # Get-WinEvent reports it as an error when nothing matches, or when the source has never logged here; its text is in the host's language.
        if ($_.FullyQualifiedErrorId -notmatch '^(NoMatchingEventsFound|NoMatchingProvidersFound),') {
            throw
        }
    }
}

function Get-EventFact {
    # Events about trouble with the agent: log-on failures of its services (7000, 7038, 7041), Netlogon's of managed accounts
    # (9001, 9002), and errors in the agent's own log, whose name differs between builds.
    # Returns @{events; problem}; events is null where there is no event log to read.
    param(
        [int]$Hours
    )
    $since = [System.DateTime]::Now.AddHours(-$Hours)
    $names = 'Provisioning ?Agent|Agent ?Updater'
    try {
        $found = @(Select-Event -Filter @{ LogName = 'System'; ProviderName = 'Service Control Manager'; Id = 7000, 7038, 7041; StartTime = $since } |
            Where-Object -FilterScript { $_.Message -match $names })
        $found += @(Select-Event -Filter @{ LogName = 'System'; ProviderName = 'NETLOGON'; Id = 9001, 9002; StartTime = $since })
        foreach ($log in @(Get-WinEvent -ListLog '*Provisioning*Agent*' -ErrorAction SilentlyContinue)) {
            # Level 1 is critical, 2 error.
            $found += @(Select-Event -Filter @{ LogName = $log.LogName; Level = 1, 2; StartTime = $since })
        }
    }
    catch {
        return @{ events = $null; problem = $_.Exception.GetBaseException().Message }
    }
    $newest = @($found | Sort-Object -Property TimeCreated -Descending | Select-Object -First 20)
    return @{ events = @($newest | ForEach-Object -Process { ConvertTo-EventFact -Record $_ }); problem = '' }
}

function ConvertTo-EventFact {
    param(
        [object]$Record
    )
    return @{
        id = [int]$Record.Id
        source = [string]$Record.ProviderName
        time = Format-UtcTime -Time $Record.TimeCreated
        message = @([string]$Record.Message -split '\r?\n')[0].Trim()
    }
}

function Get-ConnectionFact {
    # How many connections the agent's process holds to port 443, or to the port of the proxy that it goes through; null where it does
    # not run or netstat shows no process numbers. Its states are in the host's language, so only a connection being made is recognized.
    param(
        [string[]]$Proxies
    )
    $process = @(Get-Process -Name 'AADConnectProvisioningAgent' -ErrorAction SilentlyContinue)
    if ($process.Count -eq 0) {
        return $null
    }
    $ports = @(443) + @($Proxies | Where-Object -FilterScript { $_ } | ForEach-Object -Process { ([System.Uri]$_).Port })
    try {
        $lines = @((Invoke-QuietProgram -Name 'netstat.exe' -Arguments '-ano') -split '\r?\n')
    }
    catch {
        return $null
    }
    $pattern = '^\s*TCP\s+\S+\s+\S+:(?<port>\d+)\s+(?<state>\S+)\s+(?<process>\d+)\s*$'
    $rows = @($lines | ForEach-Object -Process { [System.Text.RegularExpressions.Regex]::Match($_, $pattern) } | Where-Object -FilterScript { $_.Success })
    if ($rows.Count -eq 0) {
        return $null
    }
    $own = @($rows | Where-Object -FilterScript {
            [int]$_.Groups['process'].Value -eq $process[0].Id -and $ports -contains [int]$_.Groups['port'].Value -and $_.Groups['state'].Value -notlike 'SYN*'
        })
    return $own.Count
}
