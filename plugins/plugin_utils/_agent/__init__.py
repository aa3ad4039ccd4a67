# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the agent on a host, and what is to be done there: installation, settings, certificate, registration.

May import: _core, _package, _troubleshooting.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
