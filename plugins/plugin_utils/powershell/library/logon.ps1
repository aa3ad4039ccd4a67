# Reads how this session has logged on: whether it may go on to a domain controller.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# include: program.ps1

function Get-LogonFact {
    # A session that came over the network (its token is in the group NETWORK) has no credentials to go on with, unless they were handed over
    # (CredSSP) or may be used further (Kerberos with delegation): then it holds a ticket-granting ticket. Windows has no other sign of it
    # that needs no native call. "ticket" is null where it does not matter, or cannot be read.
    param(
        [string[]]$Groups = @([System.Security.Principal.WindowsIdentity]::GetCurrent().Groups | ForEach-Object -Process { $_.Value })
    )
    $fact = @{ network = $Groups -contains 'S-1-5-2'; ticket = $null; problem = '' }
    if (-not $fact.network) {
        return $fact
    }
    try {
        # Its words are in the host's language, the names of services are not.
        $fact.ticket = (Invoke-QuietProgram -Name 'klist.exe' -Arguments 'tickets') -match '\bkrbtgt/'
    }
    catch {
        $fact.problem = $_.Exception.GetBaseException().Message
    }
    return $fact
}
