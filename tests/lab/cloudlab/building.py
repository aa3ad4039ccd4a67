# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds what every lab shares: certificates, stand-ins, the golden prefix, the packages. Each only when its inputs have changed."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cloudlab import package
from cloudlab.package.compiler import C_FLAGS
from cloudlab.paths import BUILD, GOLDEN, LAB, NATIVE, PACKAGES, PKI, POWERSHELL, STAMPS
from cloudlab.pki import Pki
from cloudlab.windows.managed import MANAGED, compile_library
from cloudlab.windows.prefix import START_UP_HOOKS, Prefix, install_shim, make_golden

_CODE = LAB / "cloudlab"
#: Programs that stand in place of Windows' own, by where they lie below system32.
_PROGRAMS = {
    "winrshost.exe": "winrshost.c",
    "shutdown.exe": "shutdown.c",
    "wbem/WmiPrvSE.exe": "wmiprvse.c",
    "msiexec.exe": "msiexec.c",
    "secedit.exe": "secedit.c",
    "netstat.exe": "netstat.c",
}
#: Libraries that lie beside PowerShell, by the sources they are compiled of. The first stands in place of .NET's LDAP client, the second is
#: loaded by the tests that run payloads.
_LIBRARIES = {
    "System.DirectoryServices.Protocols.dll": "Protocols.cs",
    "WindowsPowerShellJson.dll": "WindowsPowerShellJson.cs",
    **{name: Path(name).with_suffix(".cs").name for name in START_UP_HOOKS},
}


def build() -> None:
    """Do every step that is not done; the order is that of their dependencies."""
    shim = BUILD / "powershell.exe"
    _step("certificates", PKI, [_CODE / "pki.py"], lambda: Pki.create(PKI))
    programs, headers = BUILD / "programs", sorted(NATIVE.glob("*.h"))
    _step("shim", shim, [NATIVE / "powershell.c", *headers, BUILD / "stamps" / "powershell"], lambda: _make_shim(shim))
    _step("programs", programs, [*(NATIVE / source for source in _PROGRAMS.values()), *headers], lambda: _make_programs(programs))
    trusted = [PKI / "ca.pem", PKI / "code-root.pem"]
    host_code = [_CODE / "windows" / name for name in ("prefix.py", "server_registry.py")]
    inputs = [shim, programs, *trusted, *host_code, LAB / "modules"]
    _step("golden host", GOLDEN, inputs, lambda: make_golden(GOLDEN, POWERSHELL, shim, programs, LAB / "modules", trusted))
    libraries, compilers = BUILD / "libraries", [BUILD / "stamps" / "powershell", STAMPS / "golden-host"]
    _step("libraries", libraries, [*_managed(*_LIBRARIES.values()), *compilers], lambda: _make_libraries(libraries))
    sources = [NATIVE, *_managed("CloudSync.cs"), _CODE / "package", PKI / "publisher.pem", STAMPS / "golden-host"]
    _step("packages", PACKAGES, sources, _make_packages)


def _make_shim(shim: Path) -> None:
    _compile("powershell.c", shim)
    install_shim(POWERSHELL, shim, BUILD / "dia")


def _make_programs(folder: Path) -> None:
    for target, source in _PROGRAMS.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        _compile(source, folder / target)


def _compile(source: str, target: Path) -> None:
    libraries = ("-lshell32", "-ladvapi32")
    subprocess.run(["x86_64-w64-mingw32-gcc", *C_FLAGS, "-o", str(target), str(NATIVE / source), *libraries], check=True)


def _managed(*sources: str) -> list[Path]:
    return [MANAGED / name for name in ("build.ps1", *sources)]


def _make_libraries(folder: Path) -> None:
    """Compile the libraries and put them beside PowerShell; what was compiled through the former hook goes."""
    folder.mkdir()
    with golden_host() as host:
        for name, source in _LIBRARIES.items():
            compile_library(host, source, folder / name)
    for name in _LIBRARIES:
        # Replaced, not written through: a lab that is up may have it open.
        (POWERSHELL / name).unlink(missing_ok=True)
        shutil.copy(folder / name, POWERSHELL)
    shutil.rmtree(POWERSHELL / "compiled", ignore_errors=True)
    (POWERSHELL / "compiled").mkdir()


def _make_packages() -> None:
    with golden_host() as host:
        package.build(PACKAGES, Pki.load(PKI), host)


@contextlib.contextmanager
def golden_host() -> Iterator[Prefix]:
    """Keep the golden host up; what a set-up that was killed has left running there ends first."""
    host = Prefix(GOLDEN)
    host.stop()
    host.keep_up()
    try:
        yield host
    finally:
        host.stop()


def _step(name: str, target: Path, inputs: Iterable[Path], action: Callable[[], object]) -> None:
    """Make the target anew unless it was made of just these inputs; the stamp is written last."""
    stamp = STAMPS / name.replace(" ", "-")
    digest = digest_of(inputs)
    if target.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    remove(target)
    began = time.monotonic()
    action()
    print(f"set-up: {name} ({time.monotonic() - began:.0f} s)", flush=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def remove(target: Path) -> None:
    """Remove what was built; programs of the golden host that a set-up left when it was killed end first."""
    if target == GOLDEN and target.exists():
        Prefix(target).stop()
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


def digest_of(inputs: Iterable[Path]) -> str:
    """Return a digest of files, and of all files in folders: their names and contents."""
    digest = hashlib.sha256()
    for path in inputs:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
