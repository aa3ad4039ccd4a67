# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of one run share: the store in memory, notes about what the run did, and the lock for registrations.

May import: _core.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
