# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions are compared by number."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.version import is_older, parse_version


@pytest.mark.parametrize(
    ("left", "right", "older"),
    [
        ("1.1.977.0", "1.1.1107.0", True),
        ("1.1.1107.0", "1.1.977.0", False),
        ("1.1.2334", "1.1.2334.0", False),
        ("1.1.2334.0", "1.1.2334.1", True),
    ],
)
def test_comparison_by_number(left: str, right: str, older: bool) -> None:
    assert is_older(left, right) is older


@pytest.mark.parametrize("text", ["", "latest", "1", "1.1.", "1.1.2334.0.5", "1.1.x", "1." + "9" * 5000], ids=lambda text: text[:20])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"such as 1\.1\.2334\.0"):
        parse_version(text)
