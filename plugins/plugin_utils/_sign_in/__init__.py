# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a token is obtained, checked, kept and shared: the methods of the option sign_in, and the device code that asks a person.

May import: _core, _run, _troubleshooting.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
