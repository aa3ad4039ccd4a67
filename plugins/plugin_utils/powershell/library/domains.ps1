# Lists the domains that the agent's module knows; used inside the sessions that have imported it.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-KnownDomain {
    # The names as strings. Throws when this build of the module cannot list them.
    # Sources name the getter differently (Get-AADCloudSyncDomains, Get-AADCloudSyncADDomains), so the module is asked.
    $getter = Get-Command -Name 'Get-AADCloudSync*Domain*' -CommandType Cmdlet, Function -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($null -eq $getter) {
        throw 'The agent''s module has no command to list its domains.'
    }
    foreach ($domain in @(& $getter)) {
        if ($domain -is [string]) {
            $domain
            continue
        }
        foreach ($property in @('DomainName', 'Domain', 'Name', 'Fqdn')) {
            $member = $domain.PSObject.Properties[$property]
            if ($null -ne $member -and $member.Value) {
                [string]$member.Value
                break
            }
        }
    }
}
