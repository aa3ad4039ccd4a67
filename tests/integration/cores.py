# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of ansible-core and ansible.windows that the collection claims to work with, and what runs each of them here."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import tempfile
import typing as t
import zipfile
from email import message_from_bytes
from pathlib import Path

import bootstrap
import yaml
from packaging.specifiers import SpecifierSet

#: The oldest Python that the collection itself runs on.
LOWEST_PYTHON = "3.11"
#: The release of the PyPI package `ansible` that carries a version of ansible.windows.
CARRIERS = {"2.4.0": "9.8.0"}
#: The cores of `make test`, which are tried over psrp too, and what that connection takes (as in requirements.txt).
PSRP_MINORS = ("2.19", "2.21")
PSRP_REQUIREMENT = "pypsrp>=0.4.0,<1.0.0"

_SUPPORTED = re.compile(r"Programming Language :: Python :: (3\.\d+)")


class MatrixError(Exception):
    """The matrix cannot be run as it was asked for; the text says why, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Core:
    """A release of ansible-core.

    Attributes:
        version: such as 2.16.19.
        pythons: the Pythons that it supports, such as 3.10, 3.11, 3.12.
    """

    version: str
    pythons: tuple[str, ...]

    @property
    def minor(self) -> str:
        """The release without its last number, such as 2.16."""
        return self.version.rpartition(".")[0]


def look_up(requirement: str) -> Core:
    """Return the newest core that a requirement allows, by what its wheel says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        # Whatever Python it is for: it is only read.
        options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "-d", folder]
        bootstrap.run([bootstrap.python_of("venv"), "-m", "pip", "download", "-q", "--disable-pip-version-check", *options, requirement])
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return read_metadata(wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))))


def read_metadata(text: bytes) -> Core:
    """Return the core that the METADATA of a wheel describes."""
    metadata = message_from_bytes(text)
    found = (_SUPPORTED.fullmatch(line) for line in metadata.get_all("Classifier", []))
    return Core(metadata["Version"], tuple(match[1] for match in found if match))


def wanted_minors(asked: list[str], lowest: str, newest: str) -> list[str]:
    """Return the minor releases of core to try: those that were asked for, else every one from the lowest to the newest.

    Raises:
        MatrixError: one that was asked for is not among them.
    """
    major, first, last = _number(lowest)[0], _number(lowest)[1], _number(newest)[1]
    every = [f"{major}.{minor}" for minor in range(first, last + 1)]
    strange = [core for core in asked if core not in every]
    if strange:
        raise MatrixError(f"CORES has '{' '.join(strange)}': name some of {' '.join(every)}, which are claimed and can be had.")
    return asked or every


def lowest_claimed() -> str:
    """Return the lowest minor release of core that meta/runtime.yml claims."""
    runtime = _read("meta/runtime.yml")
    return lowest(runtime["requires_ansible"]).rpartition(".")[0]


def windows_claimed() -> str:
    """Return which versions of ansible.windows galaxy.yml allows."""
    return str(_read("galaxy.yml")["dependencies"]["ansible.windows"])


def lowest(versions: str) -> str:
    """Return the lowest version that a specifier such as >=2.4.0,<4.0.0 allows."""
    return next(bound.version for bound in SpecifierSet(versions) if bound.operator == ">=")


def usable_pythons(core: Core) -> list[str]:
    """Return the Pythons that a core and the collection support."""
    return [python for python in core.pythons if _number(python) >= _number(LOWEST_PYTHON)]


def choose_python(core: Core) -> str:
    """Return the interpreter for a core: the newest here that it and the collection support.

    Raises:
        MatrixError: this machine has none of them.
    """
    usable = usable_pythons(core)
    for version in sorted(usable, key=_number, reverse=True):
        if found := bootstrap.find_python(version):
            return found
    raise MatrixError(f"This machine has none of the Pythons that ansible-core {core.version} supports: {', '.join(usable)}.")


def make_environment(core: Core) -> Path:
    """Make the core's virtual environment, with what the collection and its connections require and nothing else; return its folder.

    Raises:
        MatrixError: this machine has no Python for it.
    """
    name = f"venv-core-{core.minor}"
    requirements = bootstrap.REPOSITORY / "requirements.txt"
    psrp = [PSRP_REQUIREMENT] if core.minor in PSRP_MINORS else []
    bootstrap.make_environment(name, choose_python(core), [requirements], [f"ansible-core=={core.version}", *psrp])
    return bootstrap.BUILD / name


def python_version(environment: Path) -> str:
    """Return the version of an environment's Python, such as 3.12.1."""
    command = [str(environment / "bin" / "python"), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_collections() -> dict[str, Path]:
    """Return folders of collections with the lowest and the newest ansible.windows that galaxy.yml allows, by its version.

    Raises:
        MatrixError: what was fetched is not what was asked for.
    """
    claimed = windows_claimed()
    first = lowest(claimed)
    bootstrap.make_collections(f"collections-{first}", f"=={first}", f"ansible=={CARRIERS[first]}")
    folders = {_windows_version(name): bootstrap.BUILD / name for name in (f"collections-{first}", "collections")}
    if first not in folders or not all(version in SpecifierSet(claimed) for version in folders):
        fetched = " and ".join(folders)
        raise MatrixError(f"ansible.windows {claimed} came as {fetched}, not as its ends: correct CARRIERS in cores.py.")
    return folders


def _windows_version(collections: str) -> str:
    manifest = bootstrap.collection_path(collections, "ansible", "windows") / "MANIFEST.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])


def _read(file: str) -> dict[str, t.Any]:
    return t.cast(dict[str, t.Any], yaml.safe_load((bootstrap.REPOSITORY / file).read_text(encoding="utf-8")))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
