# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the set-up says of a machine that cannot hold the lab, before it changes anything."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import setup_checks
from setup_checks import BUILD_SIZE, GIB, LAB_SIZE, LEAST_MEMORY, MIB, PACKAGES_SIZE, Machine, look, problems

BOOTSTRAP = Path(setup_checks.__file__).with_name("bootstrap.py")
GOOD = Machine(
    system="Linux x86_64",
    python=(3, 11),
    missing=(),
    distribution="debian",
    has_apt=True,
    may_install=True,
    ports={},
    memory=LEAST_MEMORY,
    build_free=BUILD_SIZE + LAB_SIZE,
    build_size=0,
    packages_free=0,
)
MISSING: dict[str, Any] = {"missing": ("wine64", "osslsigncode"), "packages_free": PACKAGES_SIZE}


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"python": (3, 14)},
        MISSING,  # the set-up installs them
        {"has_apt": False, "may_install": False},  # all is there, whoever installed it
        {"memory": None},
        {"build_size": BUILD_SIZE, "build_free": LAB_SIZE},
    ],
)
def test_a_machine_that_can_hold_the_lab(difference: dict[str, Any]) -> None:
    assert problems(dataclasses.replace(GOOD, **difference)) == []


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        ({"system": "Darwin arm64"}, "This machine is Darwin arm64: the lab needs Linux on x86_64"),
        ({"python": (3, 10)}, "This is Python 3.10: install 3.11 or newer and name it, 'make setup PYTHON=python3.11'"),
        ({**MISSING, "may_install": False}, "run 'sudo apt-get install wine64 osslsigncode', then this again"),
        ({**MISSING, "has_apt": False, "distribution": "fedora"}, "call them: dnf install wine mingw64-gcc osslsigncode xz python3."),
        ({**MISSING, "has_apt": False, "distribution": "opensuse-leap suse opensuse"}, "call them: zypper install wine mingw64-cross-gcc"),
        ({**MISSING, "has_apt": False, "distribution": "manjaro arch"}, "call them: pacman -S wine mingw-w64-gcc osslsigncode xz python"),
        ({"ports": {443: errno.EACCES}}, "You may not listen on port 443, where Microsoft's side has to: run the set-up and the lab"),
        ({"ports": {443: errno.EACCES}}, "'sudo sysctl net.ipv4.ip_unprivileged_port_start=443'"),
        ({"ports": {5986: errno.EADDRINUSE}}, "Port 5986 cannot be listened on (Address already in use): end the program"),
        ({"memory": LEAST_MEMORY - MIB}, "2047 MiB of memory are available, the lab needs 2048"),
        ({"build_free": BUILD_SIZE + LAB_SIZE - 1}, "4095 MiB are free in the repository's file system, the lab needs 4096"),
        ({"build_size": BUILD_SIZE + GIB, "build_free": LAB_SIZE - 1}, "1023 MiB are free in the repository's file system"),
        ({**MISSING, "packages_free": MIB}, "1 MiB are free in the file system of /usr, the packages need 2048"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(difference: dict[str, Any], sentence: str) -> None:
    (problem,) = problems(dataclasses.replace(GOOD, **difference))
    assert sentence in problem
    assert problem.endswith(".") and "\n" not in problem


def test_an_unknown_distribution_is_reported_every_name() -> None:
    (problem,) = problems(dataclasses.replace(GOOD, **MISSING, has_apt=False, distribution="gentoo"))
    assert all(command in problem for command in ("dnf install", "zypper install", "pacman -S"))
    assert problem.endswith("take a Debian in a folder or a container.")


def test_all_that_is_missing_is_said_at_once() -> None:
    machine = dataclasses.replace(GOOD, **MISSING, may_install=False, python=(3, 9), memory=0, build_free=0, ports={443: errno.EACCES})
    assert len(problems(machine)) == 5


def test_a_look_reads_this_machine(tmp_path: Path) -> None:
    machine = look(tmp_path / "build")
    assert (machine.system, machine.python) == ("Linux x86_64", sys.version_info[:2])
    assert machine.build_size == 0
    assert machine.build_free > 0
    assert machine.memory is not None and machine.memory > 0


def test_a_port_that_a_program_holds_on_every_address_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:  # noqa: S104 - what the check is for
        port = other.getsockname()[1]
        monkeypatch.setattr(setup_checks, "PORTS", (port,))
        assert look(tmp_path / "build").ports == {port: errno.EADDRINUSE}


def test_a_package_is_missing_where_its_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    monkeypatch.setattr(setup_checks, "PACKAGES", {"there": str(tmp_path / "there"), "away": str(tmp_path / "away")})
    assert setup_checks.missing_packages() == ("away",)


def test_the_set_up_changes_nothing_where_something_is_missing(tmp_path: Path) -> None:
    """A copy of the set-up, on a machine that has no apt-get, no sudo and no packages."""
    lab = tmp_path / "tests" / "lab"
    lab.mkdir(parents=True)
    for file in (BOOTSTRAP, Path(setup_checks.__file__)):
        text = file.read_text(encoding="utf-8").replace('"/usr/bin/osslsigncode"', f'"{tmp_path}/osslsigncode"')
        (lab / file.name).write_text(text, encoding="utf-8")
    shutil.copytree(BOOTSTRAP.with_name("cloudlab"), lab / "cloudlab", ignore=shutil.ignore_patterns("__pycache__"))
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "du").symlink_to(str(shutil.which("du")))
    before = sorted(tmp_path.rglob("*"))
    environment = {**os.environ, "PATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, str(lab / "bootstrap.py")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was set up:\n- There is no apt-get to install osslsigncode")
    assert sorted(tmp_path.rglob("*")) == before
