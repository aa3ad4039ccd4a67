# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the PowerShell that runs on hosts, over its syntax tree: only what Windows PowerShell 5.1 on .NET Framework 4.6.2 has.

`python -m payload_checks` checks every *.ps1 below plugins/. One PowerShell of the lab reads the trees (walk.ps1), with its own inference
of types; the rules here judge what it has written down.
"""
