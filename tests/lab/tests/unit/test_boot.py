# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that starts has the limit of today in its registry, for Wine's service manager and for the stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudlab.windows.boot import _set_limits
from cloudlab.windows.prefix import Prefix

REGISTRY = b"""WINE REGISTRY Version 2

[Software\\\\Cloud Sync Lab] 1
"Connections"=dword:00000003
"LimitSeconds"=dword:00000384

[System\\\\ControlSet001\\\\Control] 1
"ServicesPipeTimeout"=dword:000dbba0
"""


def test_host_gets_the_limit_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDLAB_PATIENCE", "4")
    file = tmp_path / "system.reg"
    file.write_bytes(REGISTRY)
    _set_limits(Prefix(tmp_path))
    wanted = REGISTRY.replace(b"00000384", b"%08x" % 3600).replace(b"000dbba0", b"%08x" % 3_600_000)
    assert file.read_bytes() == wanted


def test_host_that_was_made_without_limits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "system.reg").write_bytes(REGISTRY.replace(b"LimitSeconds", b"Seconds"))
    with pytest.raises(RuntimeError, match=r"system\.reg has 1 of the 2 limits: make its host anew with 'lab build'\.$"):
        _set_limits(Prefix(tmp_path))
