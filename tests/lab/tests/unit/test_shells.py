# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command of a remote shell begins, also where Wine cannot load its program at first, as happens under load; and how it ends."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cloudlab.limits import wait_for
from cloudlab.windows import shells
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.soap import Fault

#: In Wine's place: fails to load as often as FAILURES says, and then runs a program that repeats its input.
WINE = r"""#!/bin/sh
echo tried >> tries
if [ "$(wc -l < tries)" -le FAILURES ]; then echo "Application could not be started"; exit 1; fi
touch "$WINEPREFIX/drive_c/windows/Temp/${WINRSHOST_STARTED##*\\}"
PROGRAM
"""


def put_wine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Prefix:
    """Put a script in Wine's place, and return a host for it."""
    wine = tmp_path / "wine"
    wine.write_text(script, encoding="ascii")
    wine.chmod(0o755)
    monkeypatch.setattr(shells, "WINE", wine)
    (tmp_path / "drive_c/users/tester").mkdir(parents=True)
    return Prefix(tmp_path)


def marks(prefix: Prefix) -> list[Path]:
    return list((prefix.drive / "windows/Temp").iterdir())


def result_of(command: shells.Command) -> tuple[bytes, int]:
    """Return the output and the exit code of a command that ends."""
    output, code = b"", None
    while code is None:
        pieces, code = command.output.receive(100, 100_000)
        output += b"".join(data for _, data in pieces)
    return output, code


@pytest.mark.parametrize(("failures", "tries", "output"), [(0, 1, "input"), (2, 3, "input"), (3, 3, "Application could not be started\n")])
def test_program_that_could_not_be_loaded_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, tries: int, output: str
) -> None:
    prefix = put_wine(tmp_path, monkeypatch, WINE.replace("FAILURES", str(failures)).replace("PROGRAM", "cat"))
    process = shells.begin(prefix, ["program.exe"], {}, tmp_path)
    assert process.communicate(b"input")[0].decode() == output
    assert len((tmp_path / "tries").read_text(encoding="ascii").splitlines()) == tries
    assert marks(prefix) == []


def test_program_that_neither_begins_nor_ends_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = put_wine(tmp_path, monkeypatch, "#!/bin/sh\nexec cat\n")
    monkeypatch.setenv("CLOUDLAB_PATIENCE", "0.0001")
    with pytest.raises(Fault, match=r"^Waited 1 s for the start of program\.exe in vain .* Seen last: process \d+ lives$") as fault:
        shells.begin(prefix, ["program.exe"], {}, tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int(fault.value.reason.split()[-2]), 0)


def test_command_ends_with_its_process_and_all_of_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process has started holds the pipes open, and goes on to write."""
    held = "mkfifo go; (exec 2>&-; read line < go; echo late; echo end > go) & head -c 300000 /dev/zero; exit 5"
    prefix = put_wine(tmp_path, monkeypatch, WINE.replace("FAILURES", "0").replace("PROGRAM", held))
    command = shells.Command(prefix, "program.exe", "1", {}, None)
    assert result_of(command) == (bytes(300000), 5)
    fifo = tmp_path / "drive_c/users/tester/go"
    fifo.write_text("go\n", encoding="ascii")
    assert fifo.read_text(encoding="ascii") == "end\n"
    assert wait_for("what is written late", lambda: command.output.receive(100, 100_000)[0]) == [("stdout", b"late\n")]


def test_command_has_not_ended_before_its_output_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = put_wine(tmp_path, monkeypatch, WINE.replace("FAILURES", "0").replace("PROGRAM", "echo said; exit 5"))
    busy, take = threading.Event(), shells.Output.put

    def take_late(output: shells.Output, name: str, data: bytes) -> None:
        busy.wait()
        take(output, name, data)

    monkeypatch.setattr(shells.Output, "put", take_late)
    command = shells.Command(prefix, "program.exe", "1", {}, None)
    wait_for("the end of the process", lambda: command._process.returncode is not None)
    with pytest.raises(Fault):  # nothing to receive yet, no exit code either
        command.output.receive(0.5, 100_000)
    busy.set()
    assert result_of(command) == (b"said\n", 5)
