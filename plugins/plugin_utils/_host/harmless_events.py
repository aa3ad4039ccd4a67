# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that the agent writes into its own log again and again and that mean nothing; they are left out where they are read.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t


class HarmlessEvent(t.NamedTuple):
    """An error that may be ignored.

    Attributes:
        pattern: what its message contains, a regular expression of .NET whose case does not matter; names in code come first, since
            .NET's own words are in the host's language.
        meaning: why it is written, and why it is harmless.
        fact: where that is known from, a row of docs/product-facts.md.
    """

    pattern: str
    meaning: str
    fact: str


HARMLESS_EVENTS = (
    HarmlessEvent(
        r"PerformanceCounter|Perflib|metrics collector",
        "the service's account is not in the group Performance Log Users: the agent works, without performance counters",
        "T24",
    ),
    HarmlessEvent(
        # Access to the registry key 'Global' is denied: what .NET says of the counters' key, in quotation marks of many languages.
        r"['\"\u2018\u201a\u201c\u201e\u00ab]\s?(?-i:Global)\s?['\"\u2019\u2018\u201d\u201c\u00bb]",
        "the same, said by .NET: the account may not read the registry key of all performance counters",
        "T24",
    ),
)
