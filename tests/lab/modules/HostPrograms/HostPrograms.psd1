# Manifest of HostPrograms: it names the aliases, so that PowerShell loads the module when one of them is used.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
@{
    ModuleVersion = '1.0'
    RootModule = 'HostPrograms.psm1'
    FunctionsToExport = @()
    CmdletsToExport = @()
    AliasesToExport = @('powershell', 'chcp.com')
}
