# Session script: proves one package file. Runs in a PowerShell process of its own.
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Values: path, expected (JSON, see Get-PackageRefusal). Returns the package's facts with the reason against it under "refusal".
param($Values)

# include: json.ps1
# include: package.ps1

$fact = Get-PackageFact -Path $Values.path
$fact.refusal = Get-PackageRefusal -Fact $fact -Expected (ConvertFrom-JsonText -Text $Values.expected)
$fact
