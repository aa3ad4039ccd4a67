# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns frozen dataclasses into what a module returns.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import typing as t


def as_result(fact: t.Any) -> dict[str, t.Any]:
    """Return a fact as a module returns it: dictionaries, and lists in place of tuples."""
    return {name: _plain(value) for name, value in dataclasses.asdict(fact).items()}


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
