# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says when it cannot do what it was asked to."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what it was asked to; the text says why and what to do."""
