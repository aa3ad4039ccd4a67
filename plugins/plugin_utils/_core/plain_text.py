# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of texts what a terminal would obey: a host, a proxy or a service may have written them.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

#: Sequences of a terminal (colours, the cursor, its title, the clipboard). Bounded, so that no text takes long; of a longer one its
#: characters without a meaning are left.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,32}[ -/]{0,4}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]{0,256}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4}[0-~]"
)
#: What C0, DEL and C1 have besides tabs and ends of lines, and what turns the direction of writing around.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: One half of a character beyond 16 bits: UTF-8 has no form for it, so it could be neither printed nor written.
_HALF = re.compile("[\ud800-\udfff]")


def plain_text(text: str) -> str:
    """Return a text without control characters and escape sequences; lone surrogates become U+FFFD."""
    return _HALF.sub("\ufffd", _CONTROL.sub("", _SEQUENCE.sub("", text)))


def plain(value: t.Any) -> t.Any:
    """Return a text, or what holds texts (a task's result, a report), with every text in it plain."""
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return plain_text(value) if isinstance(value, str) else value
