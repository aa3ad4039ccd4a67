# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell that makes of a registered host what a test begins with."""

from __future__ import annotations

LAB_KEY = r"HKLM:\SOFTWARE\Cloud Sync Lab"
AGENT_KEY = r"HKLM:\SOFTWARE\Microsoft\Azure AD Connect Agents\Azure AD Connect Provisioning Agent"
SERVICE_KEY = r"HKLM:\SYSTEM\CurrentControlSet\Services\AADConnectProvisioningAgent"
#: Wine forgets what its stores are to remove; the store's key does not.
NO_CERTIFICATES = r"""
$store = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\Microsoft\SystemCertificates\MY\Certificates', $true)
foreach ($name in $store.GetSubKeyNames()) { $store.DeleteSubKeyTree($name) }
"""
#: As after the installation.
NOT_REGISTERED = f"""
Remove-ItemProperty -LiteralPath '{AGENT_KEY}' -Name TenantID -ErrorAction SilentlyContinue
Remove-ItemProperty -LiteralPath '{LAB_KEY}' -Name AgentId -ErrorAction SilentlyContinue
Set-ItemProperty -LiteralPath '{SERVICE_KEY}' -Name ObjectName -Value 'NT SERVICE\\AADConnectProvisioningAgent'
{NO_CERTIFICATES}
"""
