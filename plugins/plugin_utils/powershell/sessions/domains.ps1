# Session script: lists the domains that the agent's module knows. Runs in a PowerShell process of its own.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Values: module, way (see Get-AgentWay).
param($Values)

# include: domains.ps1
# include: network.ps1

Set-ProcessNetwork -Way $Values.way
Import-Module -Name $Values.module
@{ domains = @(Get-KnownDomain) }
