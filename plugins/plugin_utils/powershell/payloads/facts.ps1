# Payload: reads everything about the agent on this host, about a package file when one is named, and about the host itself (Windows,
# directory, network, logs) when that is asked for. Changes nothing.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

[CmdletBinding(SupportsShouldProcess)]
param(
    # A package file to judge, or ''; Expected is the JSON of what it must be (see Get-PackageRefusal).
    [string]$PackagePath = '',
    [string]$Expected = '{}',
    # The text of sessions/domains.ps1 to ask the agent's module for its domains, or '' to leave them unread.
    [string]$DomainSession = '',
    [int]$TimeoutSeconds = 120,
    # What to read about the host itself, JSON, or '' to leave it unread: account (a service account, or '' for that of the agent's
    # service), endpoints (host, port), probe_timeout (seconds that each step of trying one may take), event_hours (0 for no events),
    # harmless_events (patterns of messages of the agent's own log to leave out), proxy (the one that the agent is to have, or null for the
    # one that it has).
    [string]$Platform = ''
)
# include: language.ps1

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# Check mode hands in -WhatIf: nothing here changes the host, and reading must not go quiet.
$WhatIfPreference = $false
$Ansible.Changed = $false

# include: agent.ps1
# include: lock.ps1
# include: package.ps1
# include: json.ps1
# include: process.ps1
# include: platform.ps1
# include: directory.ps1
# include: proxy.ps1
# include: endpoints.ps1
# include: events.ps1
# include: logon.ps1

$facts = Get-AgentFact
$facts.installing = Test-HostLocked
$facts.package = $null
if ($PackagePath) {
    $package = Get-PackageFact -Path $PackagePath
    $package.refusal = Get-PackageRefusal -Fact $package -Expected (ConvertFrom-JsonText -Text $Expected)
    $facts.package = $package
}
$facts.domains = $null
$facts.domains_error = $null
if ($DomainSession -and $facts.product.module_present -and $facts.product.tenant_id) {
    try {
        $values = @{ module = $facts.product.module; way = Get-AgentWay -Configured $facts.product.configuration.proxy }
        $answer = Invoke-PowerShellProcess -Script $DomainSession -Values $values -TimeoutSeconds $TimeoutSeconds
        $facts.domains = $answer.domains
    }
    catch {
        # Which getter a build has, and whether it wants a sign-in, is not documented: the controller treats this as "unknown".
        $facts.domains_error = $_.Exception.Message
    }
}
$facts.platform = $null
if ($Platform) {
    $wanted = ConvertFrom-JsonText -Text $Platform
    $facts.platform = Get-PlatformFact
    $facts.platform.log_on_right = Get-LogOnRightFact
    $facts.platform.logon = Get-LogonFact
    # Before it is registered the service runs under its own name, which no directory knows.
    $account = $(if ($wanted.account) { [string]$wanted.account } else { [string]$facts.services[0].account })
    $managed = $(if ($account.EndsWith('$', [System.StringComparison]::Ordinal)) { $account } else { '' })
    $facts.platform.directory = $null
    if ($facts.platform.domain_member -ne $false) {
        $domain = $(if ($facts.platform.domain) { $facts.platform.domain } else { $facts.host.domain })
        $facts.platform.directory = Get-DirectoryFact -DnsDomain $domain -Account $managed
    }
    # The proxy that is to be set counts, not the one that is there: a host without an agent, or with a dead proxy, has no other way out.
    $proxy = $facts.product.configuration.proxy
    if ($null -ne $wanted.proxy) {
        $proxy = $(if ($wanted.proxy.state -eq 'present') { $wanted.proxy } else { $null })
    }
    $network = Get-EndpointFact -Endpoints @($wanted.endpoints) -Configured $proxy -Seconds ([int]$wanted.probe_timeout)
    $facts.endpoints = $network.endpoints
    $facts.proxy_origin = $network.proxy_origin
    $facts.clock_skew = $network.clock_skew
    $facts.events = $null
    $facts.harmless_events = 0
    $facts.events_problem = ''
    $facts.connections = $null
    if ($wanted.event_hours -gt 0) {
        $log = Get-EventFact -Hours $wanted.event_hours -Harmless @($wanted.harmless_events)
        $facts.events = $log.events
        $facts.harmless_events = $log.harmless
        $facts.events_problem = $log.problem
    }
    if ($wanted.event_hours -gt 0 -or @($network.endpoints).Count -gt 0) {
        # They show whether the agent has a way out although the endpoints were not reached, be it through the proxy that is to be replaced.
        $ways = @($network.endpoints | ForEach-Object -Process { $_.proxy }) + @(Get-AgentProxyUri -Configured $facts.product.configuration.proxy | Where-Object -FilterScript { $_ } | ForEach-Object -Process { $_.AbsoluteUri })
        $facts.connections = Get-ConnectionFact -Proxies $ways
    }
}
$Ansible.Result = $facts | ConvertTo-Json -Depth 8 -Compress
