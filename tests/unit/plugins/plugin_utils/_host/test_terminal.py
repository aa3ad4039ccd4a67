# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown: nothing in it that a terminal obeys."""

from __future__ import annotations

import pytest
from ansible.utils.display import Display
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.terminal import display


@pytest.mark.parametrize("way", ["display", "warning", "vvv"])
def test_each_way_shows_plain_texts(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Display, way, lambda _, text, **options: shown.append(text))
    getattr(display, way)("refused by \x1b[31mproxy\x07 \ud800")
    assert shown == ["refused by proxy \ufffd"]
