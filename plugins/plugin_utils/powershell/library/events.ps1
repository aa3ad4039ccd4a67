# Reads what Windows and the agent have logged about the agent, and the agent's connections.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: errors.ps1
# include: storage.ps1
# include: program.ps1

function Select-Event {
    # The newest events that a filter matches; none is no error here.
    param(
        [hashtable]$Filter,
        [int]$Limit = 50
    )
    try {
        Get-WinEvent -FilterHashtable $Filter -MaxEvents $Limit -ErrorAction Stop
    }
    catch {
        # Get-WinEvent reports it as an error when nothing matches, when the source has never logged here, or when this Windows has no such log;
        # its text is in the host's language.
        if ($_.FullyQualifiedErrorId -notmatch '^(NoMatchingEventsFound|NoMatchingProvidersFound|NoMatchingLogsFound|LogsAndProvidersDontOverlap),') {
            throw
        }
    }
}

function Select-AgentEvent {
    # The newest errors of the agent's own log without those that match a pattern of Harmless, and how many of these there were. An agent
    # may write the same one every few minutes: they must not push others out.
    param(
        [string]$LogName,
        [System.DateTime]$Since,
        [string[]]$Harmless
    )
    # Level 1 is critical, 2 error.
    $all = @(Select-Event -Filter @{ LogName = $LogName; Level = 1, 2; StartTime = $Since } -Limit 1000)
    $shown = @($all | Where-Object -FilterScript {
            $message = [string]$_.Message
            @($Harmless | Where-Object -FilterScript { $_ -and $message -match $_ }).Count -eq 0
        })
    return @{ events = @($shown | Select-Object -First 50); harmless = $all.Count - $shown.Count }
}

function Get-EventFact {
    # Events about trouble with the agent: log-on failures of its services (7000, 7038, 7041), Netlogon's of managed accounts whose
    # password is not to be had (9001, 9002, in a log of their own), and errors in the agent's own log, whose name differs between builds.
    # Harmless: patterns of messages of that log to leave out. Returns @{events; harmless; problem}; events is null where there is no event
    # log to read, harmless is how many were left out. The problem ends in the error's code, since its words are in the host's language.
    param(
        [int]$Hours,
        [string[]]$Harmless = @()
    )
    $since = [System.DateTime]::Now.AddHours(-$Hours)
    $names = 'Provisioning ?Agent|Agent ?Updater'
    $skipped = 0
    try {
        $found = @(Select-Event -Filter @{ LogName = 'System'; ProviderName = 'Service Control Manager'; Id = 7000, 7038, 7041; StartTime = $since } |
            Where-Object -FilterScript { $_.Message -match $names })
        $netlogon = 'Microsoft-Windows-Security-Netlogon'
        $found += @(Select-Event -Filter @{ LogName = "$netlogon/Operational"; ProviderName = $netlogon; Id = 9001, 9002; StartTime = $since })
        foreach ($log in @(Get-WinEvent -ListLog '*Provisioning*Agent*' -ErrorAction SilentlyContinue)) {
            $own = Select-AgentEvent -LogName $log.LogName -Since $since -Harmless $Harmless
            $found += $own.events
            $skipped += $own.harmless
        }
    }
    catch {
        $failure = Get-ErrorFact -Exception $_.Exception
        $words = $_.Exception.GetBaseException().Message.TrimEnd('.')
        return @{ events = $null; harmless = 0; problem = ('{0} ({1})' -f $words, @($failure.codes)[0]) }
    }
    $newest = @($found | Sort-Object -Property TimeCreated -Descending | Select-Object -First 20)
    return @{ events = @($newest | ForEach-Object -Process { ConvertTo-EventFact -Record $_ }); harmless = $skipped; problem = '' }
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
