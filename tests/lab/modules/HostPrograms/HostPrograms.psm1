# Offers the programs that Ansible starts by name: Wine finds no exact program name on the PATH for PowerShell, full paths work.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
Set-StrictMode -Version Latest
Set-Alias -Name 'powershell' -Value "$env:SystemRoot\system32\WindowsPowerShell\v1.0\powershell.exe"
Set-Alias -Name 'chcp.com' -Value "$env:SystemRoot\system32\chcp.com"
Export-ModuleMember -Alias 'powershell', 'chcp.com'
