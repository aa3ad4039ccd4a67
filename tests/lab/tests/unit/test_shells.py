# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command of a remote shell whose program Wine could not load, as it now and then cannot under load."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudlab.windows import shells
from cloudlab.windows.prefix import Prefix

#: In Wine's place: loads nothing as often as it is told to, and then runs a program that repeats its input.
WINE = """#!/bin/sh
echo tried >> tries
if [ "$(wc -l < tries)" -le FAILURES ]; then echo "Application could not be started"; exit 1; fi
touch "$(printf '%s' "$WINRSHOST_STARTED" | cut -c3- | tr '\\\\' /)"
cat
"""


@pytest.mark.parametrize(("failures", "tries", "output"), [(0, 1, "input"), (2, 3, "input"), (3, 3, "Application could not be started\n")])
def test_program_that_could_not_be_loaded_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, tries: int, output: str
) -> None:
    wine = tmp_path / "wine"
    wine.write_text(WINE.replace("FAILURES", str(failures)), encoding="ascii")
    wine.chmod(0o755)
    monkeypatch.setattr(shells, "WINE", wine)
    process = shells._begin(Prefix(tmp_path), ["program.exe"], {}, tmp_path)
    assert process.communicate(b"input")[0].decode() == output
    assert len((tmp_path / "tries").read_text(encoding="ascii").splitlines()) == tries
    assert list(tmp_path.glob("started-*")) == []


def test_program_that_cannot_tell_that_it_runs_is_left_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wine = tmp_path / "wine"
    wine.write_text("#!/bin/sh\ncat\n", encoding="ascii")
    wine.chmod(0o755)
    monkeypatch.setattr(shells, "WINE", wine)
    monkeypatch.setattr(shells, "_BEGIN_SECONDS", 0.0)
    process = shells._begin(Prefix(tmp_path), ["program.exe"], {}, tmp_path)
    assert process.communicate(b"input")[0] == b"input"
