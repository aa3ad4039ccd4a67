# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All chapters of the catalogue, in the order of the page docs/troubleshooting.md.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .exit_codes import EXIT_CODES
from .installation import INSTALLATION
from .quarantine import QUARANTINE_ERRORS, QUARANTINE_REASONS
from .registration import REGISTRATION
from .sign_in import SIGN_IN

CATALOGUE = (SIGN_IN, EXIT_CODES, INSTALLATION, REGISTRATION, QUARANTINE_ERRORS, QUARANTINE_REASONS)
