# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every other package builds on: errors, versions, redaction, HTTP sessions, and the clouds with their addresses.

May import: nothing.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
