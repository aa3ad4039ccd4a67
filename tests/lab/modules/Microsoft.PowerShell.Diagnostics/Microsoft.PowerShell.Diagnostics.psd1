# Manifest of the lab's event logs; PowerShell finds this module before its own of the same name, which has no logs to read under Wine.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
@{
    ModuleVersion = '7.0'
    RootModule = 'Microsoft.PowerShell.Diagnostics.psm1'
    FunctionsToExport = @('Get-WinEvent')
    CmdletsToExport = @()
    AliasesToExport = @()
}
