# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Microsoft Graph knows of agents and sync configurations: the client, the run's listing, and the record of one host.

May import: _core, _sign_in.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
