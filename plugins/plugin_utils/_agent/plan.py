# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done on a host, as the modules decide it before they act.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Plan:
    """What every plan says.

    Attributes:
        reasons: why anything is done, in words; empty when the host is as wanted.
    """

    reasons: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the host is as wanted."""
        return not self.reasons
