# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and machines read after a run: one host's outcome, the report, its page.

May import: _checks, _core.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
