# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a payload gets to a host and its answer back: the PowerShell text, its parameters, and jobs that survive a broken connection.

May import: _core, ansible.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
