# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What judges a host and its agent: facts and the cloud's answers in, checks out. Nothing here asks anybody.

May import: _core, _cloud, _agent, _troubleshooting.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
