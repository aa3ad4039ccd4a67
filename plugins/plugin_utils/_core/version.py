# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of the agent and its package: dotted numbers such as 1.1.2334.0, compared by number and never as text.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re

from .errors import ConfigurationError

#: Windows has 16 bits for each number; Python refuses to read one of thousands of digits.
_DOTTED = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,3}")


def parse_version(text: str) -> tuple[int, ...]:
    """Return the four numbers of a version; parts that are not given are 0.

    Raises:
        ConfigurationError: the text is no dotted number.
    """
    if not _DOTTED.fullmatch(text.strip()):
        raise ConfigurationError(f"'{text}' is no version of the agent: write two to four numbers, such as 1.1.2334.0.")
    numbers = [int(part) for part in text.strip().split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def is_older(version: str, than: str) -> bool:
    """Whether a version is older than another, by number ("1.1.977" is older than "1.1.1107")."""
    return parse_version(version) < parse_version(than)
