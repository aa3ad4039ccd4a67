# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wine prefixes: how one is made, cloned, kept up and ended, and how a program runs in one.

A prefix is one Windows computer: registry, services, certificates and files of its own. Left out: CIM/WMI, event logs, scheduled
tasks, the modules that only Windows ships, Windows PowerShell 5.1 itself (PowerShell 7 answers to its name).
"""

from __future__ import annotations

import base64
import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Any

from cloudlab.errors import LabError, sentence
from cloudlab.limits import limit
from cloudlab.processes import OWNER, OWNERS_BUILD
from cloudlab.windows.server_registry import server_registry

WINE = Path("/usr/lib/wine/wine64")
WINESERVER = Path("/usr/lib/wine/wineserver64")

#: Where PowerShell lies on every host; pwsh.exe there is the shim of native/powershell.c, pwsh-core.exe the real program.
PWSH_HOME = r"C:\Program Files\PowerShell\7"
#: What .NET runs first in every PowerShell process, see the sources of these names in managed/.
START_UP_HOOKS = ("CompiledOnce.dll", "OlderAnsible.dll")
#: Files of a host's programs that may hold an address.
_SETTINGS = ("*.config", "*.xml")
#: Where Debian's Wine notes which folder below /tmp has its server's socket. With a TMPDIR, which would be the better place for that,
#: the server of Debian 13 (Wine 10) aborts.
_SERVER_NOTE, _SERVER_FOLDER = "wineserver", re.compile(r"wine-\w+")
_POWERSHELL_STUBS = ("windows/system32", "windows/syswow64")
_SYSTEM_FOLDERS = ("windows/system32", "windows/system32/WindowsPowerShell/v1.0")


@dataclass(frozen=True)
class Prefix:
    """One Wine prefix, by its directory."""

    path: Path

    @property
    def drive(self) -> Path:
        """The directory that is C:."""
        return self.path / "drive_c"

    @property
    def powershell(self) -> Path:
        """The directory that is PWSH_HOME, shared by all hosts."""
        return self.drive / "Program Files/PowerShell/7"

    @property
    def profile(self) -> Path:
        """The home directory of the user that everything runs as."""
        return next(folder for folder in sorted((self.drive / "users").iterdir()) if folder.name != "Public")

    @property
    def temporary(self) -> Path:
        """That user's folder for temporary files: Wine 8 has it in the home directory, Wine 10 where Windows does."""
        return next(folder for folder in (self.profile / "Temp", self.profile / "AppData/Local/Temp") if folder.is_dir())

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process on this host.

        DOTNET_EnableWriteXorExecute=0: with it on, the .NET runtime crashes now and then under Wine.
        DOTNET_TC_CallCounting, DOTNET_gcConcurrent, DOTNET_GCgen0size: a PowerShell that lives for seconds gains nothing from code that
        is compiled a second time, and needs no garbage collected; a tenth of its processor time.
        CLOUDLAB_COSTS: the run of tests that the process belongs to, if any (testing/costs.py).
        """
        own = {name: os.environ[name] for name in ("PATH", OWNER, OWNERS_BUILD, "CLOUDLAB_COSTS") if name in os.environ}
        hooks = [rf"{PWSH_HOME}\{name}" for name in START_UP_HOOKS if (self.powershell / name).exists()]
        return {
            **own,
            "DOTNET_STARTUP_HOOKS": ";".join(hooks),
            "HOME": str(self.path / "home"),
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.path),
            "WINEDEBUG": "-all",
            "DISPLAY": "",
            "DOTNET_EnableWriteXorExecute": "0",
            "DOTNET_TC_CallCounting": "0",
            "DOTNET_gcConcurrent": "0",
            "DOTNET_GCgen0size": "0x4000000",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "PWSH_EXE": PWSH_HOME + r"\pwsh-core.exe",
            **(extra or {}),
        }

    def unix_path(self, windows_path: str) -> Path:
        """Return where a Windows path (drive letter and all) lies in the real file system."""
        drive, _, rest = windows_path.replace("\\", "/").partition(":")
        return self.path / "dosdevices" / f"{drive.lower()}:" / rest.lstrip("/")

    def keep_up(self) -> None:
        """Start the prefix's server so that it stays until stop(): a command then starts in half the time."""
        self._server("-p", check=True)

    def stop(self) -> None:
        """End every process of the prefix, services included, and wait until its registry is written.

        Raises:
            RuntimeError: they do not end.
        """
        self._server("-k", check=False)
        self._server("-w", check=False)
        self._remove_server_folder()

    def _remove_server_folder(self) -> None:
        """Remove the folder of the server's socket, which Debian's Wine leaves behind; a later server makes a new one."""
        note = self.path / _SERVER_NOTE
        if note.is_file():
            folder = note.read_text(encoding="ascii")
            if _SERVER_FOLDER.fullmatch(folder) and (Path("/tmp") / folder).is_dir():
                shutil.rmtree(Path("/tmp") / folder)
            note.unlink()

    def _server(self, option: str, *, check: bool) -> None:
        """Call the server with all its streams closed: it lives on, and whoever reads our output would wait for it."""
        nothing = subprocess.DEVNULL
        streams: dict[str, Any] = {"stdin": nothing, "stdout": nothing, "stderr": nothing}
        try:
            subprocess.run([WINESERVER, option], env=self.environment(), **streams, timeout=limit(), check=check)
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"wineserver {option} did not end within {limit()} s in {self.path}.") from error

    def program(self, name: str) -> str:
        """Return the Windows path of a program of the system folder, any other name as it is.

        A bare name goes through Wine's start.exe and Explorer, two processes more, which now and then fail under load.
        """
        folder = next((folder for folder in _SYSTEM_FOLDERS if (self.drive / folder / name).exists()), None)
        return str(PureWindowsPath("C:/", folder, name)) if folder else name

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a program to its end, with these variables beside its environment, and return what it prints.

        Raises:
            RuntimeError: it ended with an exit code other than 0, or not within the lab's limit.
        """
        # Into a file, not a pipe: the first program of a prefix starts its services, which would hold the pipe open for good.
        with tempfile.TemporaryFile() as output:
            code = self._run(command, environment, output)
            output.seek(0)
            text = output.read().decode("utf-8", "replace").strip()
        if code != 0:
            how = f"did not end within {limit()} s" if code is None else f"ended with code {code}"
            raise RuntimeError(f"{command[0]} {how} in {self.path}: {text}")
        return text

    def _run(self, command: Sequence[str], environment: Mapping[str, str] | None, output: IO[bytes]) -> int | None:
        """Run a program and return its exit code, None for one that was still running at the lab's limit."""
        where: dict[str, Any] = {"env": self.environment(environment), "cwd": self.path}
        try:
            program = [str(WINE), self.program(command[0]), *command[1:]]
            done = subprocess.run(
                program, **where, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=limit(), check=False
            )
        except subprocess.TimeoutExpired:
            return None
        return done.returncode

    def run_powershell(self, script: str) -> str:
        """Run a PowerShell script for set-up and return what it prints; see run()."""
        stop = "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'\n"
        encoded = base64.b64encode((stop + script).encode("utf-16-le")).decode("ascii")
        return self.run("powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)

    def show_share(self, server: str, share: str, folder: Path) -> None:
        """Show a folder of this machine as \\\\SERVER\\SHARE: Wine looks UNC paths up beside its drives."""
        link = self.path / "dosdevices" / "unc" / server / share
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)

    def replace_address(self, old: str, new: str) -> None:
        """Replace a part of an address in the registry and the programs' settings of a host that is not started."""
        folders = [self.drive / name for name in ("Program Files", "ProgramData")]
        settings = [file for folder in folders for pattern in _SETTINGS for file in folder.rglob(pattern)]
        for file in (*self.path.glob("*.reg"), *settings):
            content = file.read_bytes()
            moved = content
            for encoding in ("ascii", "utf-16-le"):
                moved = moved.replace(old.encode(encoding), new.encode(encoding))
            if moved != content:
                file.write_bytes(moved)

    def import_registry(self, keys: Mapping[str, Mapping[str, str | int]]) -> None:
        """Write values (text or DWORD) below keys given in full, HKEY_LOCAL_MACHINE\\..., in one process."""
        lines = ["Windows Registry Editor Version 5.00", ""]
        for key, values in keys.items():
            lines += [f"[{key}]", *(f'"{name}"={_registry_value(value)}' for name, value in values.items()), ""]
        file = self.drive / "import.reg"
        file.write_text("\r\n".join(lines), encoding="utf-16")
        try:
            self.run("reg.exe", "import", r"C:\import.reg")
        finally:
            file.unlink()


def _registry_value(value: str | int) -> str:
    if isinstance(value, int):
        return f"dword:{value:08x}"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def windows_path(path: Path) -> str:
    """Where Wine shows a file of this machine: Z: is the root of the file system."""
    return str(PureWindowsPath("Z:/", *path.resolve().parts[1:]))


def clone(golden: Prefix, target: Path) -> Prefix:
    """Make a new host out of the golden one; C:\\windows is shared by hard links, which no program writes through.

    The registry files are copied for real: Wine writes them in place.
    """
    return _copy(golden, target, _share)


def copy(host: Prefix, target: Path) -> Prefix:
    """Copy a host that is not started; of C:\\windows it shares what it has shared before, not what has come to it since."""
    return _copy(host, target, lambda file, copied: (_share if os.stat(file).st_nlink > 1 else shutil.copy2)(file, copied))


def _share(file: str, copied: str) -> None:
    """Link a file; to a lab on another file system it is copied."""
    try:
        os.link(file, copied)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(file, copied)


def _copy(host: Prefix, target: Path, copy_windows: Callable[[str, str], object]) -> Prefix:
    target.mkdir(mode=0o700, parents=True)
    shutil.copytree(host.drive / "windows", target / "drive_c" / "windows", symlinks=True, copy_function=_at_once(copy_windows))
    shutil.copytree(host.path, target, symlinks=True, dirs_exist_ok=True, ignore=_only_once(host), copy_function=_at_once(shutil.copy2))
    return Prefix(target)


def _at_once(copy_file: Callable[[str, str], object]) -> Callable[[str, str], object]:
    """End a copy of a folder with the first file that fails: shutil goes on to the last, and lists them all."""

    def copy_or_end(file: str, copied: str) -> None:
        try:
            copy_file(file, copied)
        except OSError as error:
            raise LabError(sentence(error)) from error

    return copy_or_end


def _only_once(host: Prefix) -> Callable[[str, list[str]], set[str]]:
    left_out = {host.drive: {"windows"}, host.path: {_SERVER_NOTE}}

    def ignore(directory: str, names: list[str]) -> set[str]:
        return left_out.get(Path(directory), set()) & set(names)

    return ignore


def make_golden(directory: Path, powershell: Path, shim: Path, programs: Path, modules: Path, certificates: list[Path]) -> None:
    """Make the prefix that hosts are cloned from.

    Args:
        directory: where; it must not exist yet.
        powershell: the unpacked PowerShell for Windows, prepared by install_shim.
        shim: native/powershell.c, compiled.
        programs: a folder of the programs that go into system32.
        modules: PowerShell modules that every host has.
        certificates: PEM files of the roots that hosts trust.
    """
    (directory / "home").mkdir(parents=True)
    prefix = Prefix(directory)
    prefix.keep_up()
    try:
        prefix.run("wineboot.exe", "-i")
        prefix.powershell.parent.mkdir()
        shutil.copytree(modules, prefix.powershell.parent / "Modules")
        prefix.powershell.symlink_to(powershell.resolve())
        for folder in _POWERSHELL_STUBS:
            if (prefix.drive / folder).is_dir():
                _replace(shim, prefix.drive / folder / "WindowsPowerShell/v1.0/powershell.exe")
        for program in programs.rglob("*.exe"):
            _replace(program, prefix.drive / "windows/system32" / program.relative_to(programs))
        prefix.import_registry(server_registry())
        for certificate in certificates:
            prefix.run_powershell(_TRUST.replace("FILE", "Z:" + str(certificate.resolve()).replace("/", "\\")))
    finally:
        prefix.stop()


def install_shim(powershell: Path, shim: Path, libraries: Path) -> None:
    """Put the shim in PowerShell's place and the real program beside it: Ansible's async wrapper starts $PSHOME\\pwsh.exe.

    The libraries that PowerShell is to find beside it are copied there too.
    """
    shutil.copytree(libraries, powershell, dirs_exist_ok=True)
    core = powershell / "pwsh-core.exe"
    if not core.exists():
        (powershell / "pwsh.exe").rename(core)
    _replace(shim, powershell / "pwsh.exe")


def _replace(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy(source, target)


# Under Wine the store behind Cert:\CurrentUser\Root is written through .NET's own class. What a program adds to LocalMachine's,
# Wine 10 drops at the next process; hosts have one user, whose store every process reads.
_TRUST = r"""
$certificate = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList 'FILE'
$store = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Root', 'CurrentUser'
$store.Open('ReadWrite'); $store.Add($certificate); $store.Close()
"""
