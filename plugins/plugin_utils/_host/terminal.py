# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection shows besides a task's result: all of it goes through here, since a host may have written a part of it.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from ansible.utils.display import Display

from .._core.plain_text import plain_text


class Terminal:
    """Ansible's display, for texts without what a terminal would obey."""

    def __init__(self) -> None:
        self._display = Display()

    def display(self, text: str, color: str | None = None, *, stderr: bool = False) -> None:
        """Show a text."""
        self._display.display(plain_text(text), color=color, stderr=stderr)

    def warning(self, text: str) -> None:
        """Show a warning."""
        self._display.warning(plain_text(text))

    def vvv(self, text: str) -> None:
        """Show a text to who asks for details (-vvv)."""
        self._display.vvv(plain_text(text))


display = Terminal()
