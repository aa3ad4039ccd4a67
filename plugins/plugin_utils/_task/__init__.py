# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins share: validation, payloads, secrets, the result.

May import: _core, _host, _options, ansible.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
