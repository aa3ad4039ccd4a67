# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote shells and the processes in them.

Each command runs below winrshost.exe (native/winrshost.c), in a job object that ends with it: what broke away from the job lives
on when the command is ended, as on Windows.

Left out: exit codes above 255 (Unix hands on eight bits), a shell's idle timeout, its code page and its no-profile option.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from cloudlab.limits import WaitError, wait_for
from cloudlab.windows.output import Output
from cloudlab.windows.pipes import PipeReader
from cloudlab.windows.prefix import WINE, Prefix
from cloudlab.windows.soap import Fault

#: How often a command is started that does not begin to run.
_STARTS = 3
_POWERSHELL = {"powershell", "powershell.exe", "pwsh", "pwsh.exe"}
#: A word of a command line; ansible-core 2.21 quotes its interpreter, "C:\\Program Files\\PowerShell\\7\\pwsh.exe".
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


def program(line: str) -> list[str]:
    """Return the Wine arguments for a command line.

    WinRS runs `cmd.exe /c LINE`. PowerShell is started directly, which spares a process. The line is split at blanks outside quotes,
    since Wine puts quotes back around a word with blanks, but escapes those inside a word in a way that cmd.exe does not read.
    """
    words = [word.replace('"', "") for word in _WORD.findall(line)]
    name = words[0].replace("/", "\\").rsplit("\\", 1)[-1].lower() if words else ""
    if name in _POWERSHELL:
        return ["powershell.exe", *words[1:]]
    return ["cmd.exe", "/c", *words]


def begin(prefix: Prefix, arguments: list[str], variables: Mapping[str, str], directory: Path) -> subprocess.Popen[bytes]:
    """Start a command and wait until it runs.

    Under load Wine 8 now and then cannot load a program. One that has not begun has read nothing, so it is started again.

    Raises:
        Fault: it neither runs nor ends.
    """
    mark = prefix.drive / "windows" / "Temp" / f"started-{uuid.uuid4()}"
    mark.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _STARTS + 1):
        process = subprocess.Popen(
            [WINE, prefix.program("winrshost.exe"), *arguments],
            cwd=directory,
            env=prefix.environment({**variables, "WINRSHOST_STARTED": rf"C:\windows\Temp\{mark.name}"}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if _has_begun(process, mark, arguments[0]) or attempt == _STARTS:
            break
        process.communicate()  # it has ended: closes its pipes
    mark.unlink(missing_ok=True)
    return process


def _has_begun(process: subprocess.Popen[bytes], mark: Path, name: str) -> bool:
    """Wait until a command runs, and return whether it does; one that has ended without its mark never did."""
    try:
        wait_for(f"the start of {name}", lambda: mark.exists() or process.poll() is not None, seen=lambda: f"process {process.pid} lives")
    except WaitError as error:
        with process:  # closes its pipes
            process.kill()
        raise Fault(1460, "w:InternalError", str(error)) from error
    return mark.exists()


def directory_of(prefix: Prefix, directory: str | None) -> Path:
    """Return where a shell starts: the folder that it asks for, or the user's own if there is none such."""
    where = prefix.unix_path(directory) if directory and directory[1:2] == ":" else prefix.profile
    return where if where.is_dir() else prefix.profile


class Command:
    """One process on the host, with its streams."""

    def __init__(self, prefix: Prefix, line: str, identity: str, variables: Mapping[str, str], directory: str | None) -> None:
        self.id = identity
        self.output = Output()
        self._process = begin(prefix, program(line), variables, directory_of(prefix, directory))
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._readers = [PipeReader(pipe, partial(self.output.put, name)) for name, pipe in streams.items() if pipe]
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        """A command has ended when its process has and its output is read: what it started may hold its pipes open for good."""
        code = self._process.wait()
        for reader in self._readers:
            reader.drain()
        self.output.end(code & 0xFF)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # input that nobody reads any more
            self._process.stdin.close()

    def send(self, data: bytes, *, end: bool) -> None:
        """Write to standard input, and close it when this was the last piece.

        Raises:
            Fault: the process has ended.
        """
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(data)
            stdin.flush()
            if end:
                stdin.close()
        except (OSError, ValueError) as error:
            raise Fault(109, "w:InternalError", "The pipe has been ended: the process does not read its input.") from error

    def kill(self) -> None:
        """End the process and with it the job that holds everything it has started."""
        self._process.kill()


class Shell:
    """A remote shell: an environment and a folder that its commands start with."""

    def __init__(self, prefix: Prefix, variables: Mapping[str, str], directory: str | None) -> None:
        self.id = str(uuid.uuid4()).upper()
        self._prefix, self._variables, self._directory = prefix, variables, directory
        self.commands: dict[str, Command] = {}

    def start(self, line: str, identity: str | None) -> Command:
        """Start a command line in this shell."""
        command = Command(self._prefix, line, identity or str(uuid.uuid4()).upper(), self._variables, self._directory)
        self.commands[command.id] = command
        return command

    def close(self) -> None:
        """End all that runs in the shell."""
        for command in list(self.commands.values()):
            command.kill()
