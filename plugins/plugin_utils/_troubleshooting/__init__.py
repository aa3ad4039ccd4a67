# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of errors: one catalogue in chapters, each error with how it is seen, what it means, what to do and who says so.

docs/troubleshooting.md is this catalogue as a page. Nothing here asks anybody or judges a host.

May import: nothing.

FOR INTERNAL COLLECTION USE ONLY: this package may change in any release.
"""
