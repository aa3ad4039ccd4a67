# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's package: what it must be, and how the controller obtains and keeps it.

May import: _core, _run.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
