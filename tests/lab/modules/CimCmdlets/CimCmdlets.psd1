# Manifest of the CimCmdlets of the lab's hosts; PowerShell finds this module before its own of the same name, which hangs under Wine.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
@{
    ModuleVersion = '7.0'
    RootModule = 'CimCmdlets.psm1'
    FunctionsToExport = @(
        'Get-CimInstance', 'New-CimInstance', 'Invoke-CimMethod', 'Get-CimAssociatedInstance', 'Get-CimClass', 'Get-CimSession',
        'New-CimSession', 'New-CimSessionOption', 'Register-CimIndicationEvent', 'Remove-CimInstance', 'Remove-CimSession',
        'Set-CimInstance'
    )
    CmdletsToExport = @()
    AliasesToExport = @()
}
