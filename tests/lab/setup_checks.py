# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks, before the set-up changes anything, whether this machine can hold the lab: look() reads it, problems() judges it.

Standard library only. Nothing here is changed, installed or left listening.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LEAST_PYTHON = (3, 11)
#: Debian's packages, and a file that is there when the package is.
PACKAGES = {
    "wine64": "/usr/lib/wine/wine64",
    "wine": "/usr/bin/wine",
    "gcc-mingw-w64-x86-64": "/usr/bin/x86_64-w64-mingw32-gcc",
    "osslsigncode": "/usr/bin/osslsigncode",
    "xz-utils": "/usr/bin/xz",
}
#: Debian keeps a part of Python's venv in a package of its own.
VENV_PACKAGE = "python3-venv"
#: How the distributions that have no apt-get install the same; the lab was tried on Debian alone.
_OTHERS = {
    "fedora": "dnf install wine mingw64-gcc osslsigncode xz python3",
    "suse": "zypper install wine mingw64-cross-gcc osslsigncode xz python3",
    "arch": "pacman -S wine mingw-w64-gcc osslsigncode xz python (what the repositories lack is in the AUR)",
}
#: The ports that the lab listens on, at addresses of its own; 443 is Microsoft's side too.
PORTS = (443, 8443, 5985, 5986)
#: An address that no lab takes: a program is in the way there if it listens on every address of the machine.
_PROBED = "127.0.49.250"
MIB, GIB = 2**20, 2**30
#: What three hosts, Microsoft's side and a run of Ansible take.
LEAST_MEMORY = 2 * GIB
#: What .build takes when it is whole, and what a lab and its logs take beside it.
BUILD_SIZE, LAB_SIZE = 3 * GIB, GIB
#: What Debian's packages take.
PACKAGES_SIZE = 2 * GIB


@dataclass(frozen=True)
class Machine:
    """What the checks judge.

    Attributes:
        system: the kernel and the processor, "Linux x86_64".
        python: the version that runs the set-up.
        missing: Debian packages that are not there.
        distribution: ID and ID_LIKE of /etc/os-release.
        has_apt: whether apt-get is there.
        may_install: whether this user may install packages without being asked for a password.
        ports: the error (errno) of each port that cannot be listened on.
        memory: bytes that are available, None where the kernel does not say.
        build_free, build_size: bytes free in the repository's file system, and what .build has already.
        packages_free: bytes free where packages go.
    """

    system: str
    python: tuple[int, int]
    missing: tuple[str, ...]
    distribution: str
    has_apt: bool
    may_install: bool
    ports: dict[int, int]
    memory: int | None
    build_free: int
    build_size: int
    packages_free: int


def look(build: Path) -> Machine:
    """Read this machine; build is the folder that the set-up fills."""
    missing = missing_packages()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=sys.version_info[:2],
        missing=missing,
        distribution=_distribution(),
        has_apt=shutil.which("apt-get") is not None,
        may_install=not missing or _may_install(),
        ports={port: error for port in PORTS if (error := _error_of(port))},
        memory=_memory(),
        build_free=shutil.disk_usage(build.parent).free,
        build_size=_size(build),
        packages_free=shutil.disk_usage("/usr").free,
    )


def problems(machine: Machine) -> list[str]:
    """Return in a sentence each what keeps the lab from this machine, and what to do; nothing where all is well."""
    return [*_platform(machine), *_packages(machine), *_ports(machine), *_room(machine)]


def missing_packages() -> tuple[str, ...]:
    """Return the Debian packages that are not there."""
    missing = [name for name, file in PACKAGES.items() if not Path(file).exists()]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append(VENV_PACKAGE)
    return tuple(missing)


def _platform(machine: Machine) -> list[str]:
    found = []
    if machine.system != "Linux x86_64":
        found.append(f"This machine is {machine.system}: the lab needs Linux on x86_64, where Wine runs Windows' programs.")
    if machine.python < LEAST_PYTHON:
        version, least = (".".join(map(str, number)) for number in (machine.python, LEAST_PYTHON))
        found.append(f"This is Python {version}: install {least} or newer and name it, 'make setup PYTHON=python{least}'.")
    return found


def _packages(machine: Machine) -> list[str]:
    """What is missing and cannot be installed by the set-up itself."""
    if not machine.missing or (machine.has_apt and machine.may_install):
        return []
    names = " ".join(machine.missing)
    if machine.has_apt:
        return [
            f"Debian packages are missing, and you may not install them without a password: "
            f"run 'sudo apt-get install {names}', then this again."
        ]
    commands = [command for name, command in _OTHERS.items() if name in machine.distribution] or list(_OTHERS.values())
    return [
        f"There is no apt-get to install {names}; other distributions call them: {'; '.join(commands)}. The lab was tried on Debian alone "
        "and looks for Wine where Debian has it: take a Debian in a folder or a container."
    ]


def _ports(machine: Machine) -> list[str]:
    denied = [port for port, error in machine.ports.items() if error in (errno.EACCES, errno.EPERM)]
    others = {port: error for port, error in machine.ports.items() if port not in denied}
    found = [
        f"You may not listen on port {port}, where Microsoft's side has to: run the set-up and the lab as root, or let everybody "
        f"have the port with 'sudo sysctl net.ipv4.ip_unprivileged_port_start={port}'."
        for port in denied
    ]
    return found + [
        f"Port {port} cannot be listened on ({os.strerror(error)}): end the program that listens there on every address "
        f"('ss -ltnp sport = :{port}' shows it), or have it listen on one address."
        for port, error in others.items()
    ]


def _room(machine: Machine) -> list[str]:
    found = []
    if machine.memory is not None and machine.memory < LEAST_MEMORY:
        found.append(f"{machine.memory // MIB} MiB of memory are available, the lab needs {LEAST_MEMORY // MIB}: end other programs.")
    needed = max(BUILD_SIZE - machine.build_size, 0) + LAB_SIZE
    if machine.build_free < needed:
        free = machine.build_free // MIB
        found.append(f"{free} MiB are free in the repository's file system, the lab needs {needed // MIB}: make room there.")
    if machine.missing and machine.packages_free < PACKAGES_SIZE:
        free = machine.packages_free // MIB
        found.append(f"{free} MiB are free in the file system of /usr, the packages need {PACKAGES_SIZE // MIB}: make room there.")
    return found


def _distribution() -> str:
    file = Path("/etc/os-release")
    return " ".join(re.findall(r'^ID(?:_LIKE)?="?([^"\n]*)', file.read_text(encoding="utf-8"), re.MULTILINE)) if file.exists() else ""


def _may_install() -> bool:
    """Return whether sudo runs apt-get, which some users may call and nothing else, without asking for a password."""
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return sudo is not None and subprocess.run([sudo, "-n", "apt-get", "--version"], capture_output=True, check=False).returncode == 0


def _error_of(port: int) -> int:
    with socket.socket() as probe:
        # As servers do: what is left of connections that have ended is not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_PROBED, port))
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def _memory() -> int | None:
    """Return the bytes that the machine has left, or may have in this container, if that is less."""
    sizes = re.findall(r"^MemAvailable:\s+(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    left = [int(size) * 1024 for size in sizes]
    limit = _text("/sys/fs/cgroup/memory.max").strip()  # "max" where there is none
    if limit.isdigit():
        left.append(int(limit))
    return min(left, default=None)


def _text(file: str) -> str:
    """Return what a file of the kernel says, nothing where it has no such file."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError:
        return ""


def _size(folder: Path) -> int:
    """Return the bytes that a folder takes; files may come and go meanwhile."""
    done = subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True, check=False)
    return int(done.stdout.split()[0]) * 1024 if done.stdout else 0
