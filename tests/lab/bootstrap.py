#!/usr/bin/env python3
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up all that the lab and the tests need, on a machine that has only Python 3.11+, git and make (Debian or alike).

    python3 tests/lab/bootstrap.py

Makes `.build/` in the repository: virtual environments, the collections, PowerShell, and what `cloudlab build` makes of them.
Standard library only. A step whose inputs have not changed is skipped; a step that was cut off is done again.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import setup_checks
from cloudlab.ending import sweep
from cloudlab.processes import own_what_follows

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / ".build"
LAB = REPOSITORY / "tests" / "lab"
REQUIREMENTS = (LAB / "requirements.txt", REPOSITORY / "tests" / "requirements.txt")

#: Debian packages that the steps beside the installation of packages need themselves.
NEEDED_FIRST = {"xz-utils", setup_checks.VENV_PACKAGE}
#: ansible-core 2.21 wants a newer Python than 2.19 does: both are tested where both Pythons are there.
SECOND_PYTHON = "3.13"
#: The newest core that takes what a host says for its own templates unless somebody has marked it (2.19 and later trust nothing).
#: Of those that are claimed it runs on the most Pythons.
TRUSTING_CORE = "2.18"
#: As in galaxy.yml: the newest of these is taken. `make matrix` tries the lowest too.
ANSIBLE_WINDOWS = ">=2.4.0,<4.0.0"
#: ansible-core up to 2.20 compiles C# with a Windows PDB, for which PowerShell needs this library. Its licence (Microsoft's .NET
#: Library licence) is why it is fetched and not kept in the repository.
DIA_LIBRARY = "Microsoft.DiaSymReader.Native.amd64.dll"


def main() -> None:
    """Do every step that is not done, on a machine that can hold the lab."""
    check_machine()
    with one_at_a_time():
        own_what_follows()
        sweep()
        sys.exit(set_up())


def set_up() -> int:
    """Do every step and return the exit code of the last, `cloudlab build`."""
    began = time.monotonic()
    if NEEDED_FIRST & set(setup_checks.missing_packages()):
        debian_packages()
    steps = [debian_packages, first_python, second_python, trusting_core, unpack_powershell]
    with concurrent.futures.ThreadPoolExecutor(len(steps)) as pool:
        for done in concurrent.futures.as_completed([pool.submit(step) for step in steps]):
            done.result()
    environment = {**os.environ, "PYTHONPATH": str(LAB)}
    code = subprocess.run([python_of("venv"), "-m", "cloudlab", "build"], check=False, env=environment).returncode
    note_cost(time.monotonic() - began)
    return code


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other set-up of this clone runs: two at a time would remove what the other one makes."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "set-up.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("set-up: another set-up of this clone runs; waiting for its end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def note_cost(seconds: float) -> None:
    """Leave what this set-up has cost for the table at the end of the tests (cloudlab/testing/costs.py)."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    (BUILD / "setup-cost.json").write_text(json.dumps({"seconds": seconds, "cpu": cpu}), encoding="utf-8")


def check_machine() -> None:
    """End, before anything is changed, if the machine cannot hold the lab, and say all that it lacks."""
    problems = setup_checks.problems(setup_checks.look(BUILD))
    if problems:
        sys.exit("Nothing was set up:\n" + "\n".join(f"- {problem}" for problem in problems))


def debian_packages() -> None:
    """Install what is missing."""
    missing = setup_checks.missing_packages()
    if missing:
        step("Debian packages " + " ".join(missing), lambda: install_debian(missing))


def install_debian(names: Iterable[str]) -> None:
    """Call apt-get, as root or through sudo."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *names]):
        run([*prefix, "apt-get", *arguments], env=environment)


def first_python() -> None:
    """Make the main environment, and the collections with it."""
    make_environment("venv", sys.executable)
    make_collections("collections", ANSIBLE_WINDOWS, "ansible")
    stamped("dia", [DIA_LIBRARY], lambda: fetch_dia_library(python_of("venv")))


def second_python() -> None:
    """Make the environment with the second Python, where the machine has it."""
    found = find_python(SECOND_PYTHON)
    if found:
        make_environment(f"venv-{SECOND_PYTHON}", found)


def trusting_core() -> None:
    """Make the environment with the core that trusts hosts, with what the collection requires and nothing else."""
    make_environment(f"venv-{TRUSTING_CORE}", sys.executable, [REPOSITORY / "requirements.txt"], [f"ansible-core=={TRUSTING_CORE}.*"])


def find_python(version: str) -> str | None:
    """Return a Python of that version, on the PATH or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [f"python{version}", *(str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python{version}")))]
    for candidate in candidates:
        where = shutil.which(candidate)
        # A pyenv shim is there for every version, and fails for those that are not switched on.
        if where and subprocess.run([where, "-c", ""], capture_output=True, check=False).returncode == 0:
            return where
    return None


def make_environment(name: str, python: str, files: Sequence[Path] = REQUIREMENTS, pinned: Sequence[str] = ()) -> None:
    """Make a virtual environment in .build of that name.

    Args:
        name: the folder's name.
        python: the interpreter that it is made with.
        files: files of requirements to install.
        pinned: further requirements.
    """
    wanted = [argument for file in files for argument in ("-r", str(file))]

    def make() -> None:
        run([python, "-m", "venv", "--clear", str(BUILD / name)])
        run([python_of(name), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted, *pinned])

    stamped(name, [python, *(file.read_text() for file in files), *pinned], make)


def python_of(name: str) -> str:
    """Return an environment's interpreter."""
    return str(BUILD / name / "bin" / "python")


def make_collections(name: str, versions: str, release: str) -> None:
    """Make a folder of collections in .build of that name: this repository, by a link, and ansible.windows.

    Args:
        name: the folder's name.
        versions: which versions of ansible.windows will do, as in galaxy.yml.
        release: the PyPI package that carries such a version, as a requirement, for machines that reach no collection server.
    """
    link = collection_path(name, "entra_ops", "cloud_sync")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(REPOSITORY, target_is_directory=True)
    stamped(name, [versions, release], lambda: fetch_ansible_windows(name, versions, release))


def collection_path(name: str, namespace: str, collection: str) -> Path:
    """Return where a collection lies in a folder of collections."""
    return BUILD / name / "ansible_collections" / namespace / collection


def fetch_ansible_windows(name: str, versions: str, release: str) -> None:
    """Install ansible.windows from the collection server, or out of the PyPI package that carries it; see make_collections."""
    python, target = python_of("venv"), collection_path(name, "ansible", "windows")
    shutil.rmtree(target, ignore_errors=True)
    galaxy = [str(Path(python).with_name("ansible-galaxy")), "collection", "install", f"ansible.windows:{versions}", "--timeout", "10"]
    if subprocess.run([*galaxy, "-p", str(BUILD / name)], capture_output=True, check=False).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        # Whatever Python it is for: only files of one collection are taken out of it.
        options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "-d", folder]
        run([python, "-m", "pip", "download", "-q", "--disable-pip-version-check", *options, release])
        extract(Path(folder), "ansible_collections/ansible/windows/", BUILD / name)


def extract(folder: Path, beginning: str, target: Path) -> None:
    """Unpack the members of the one wheel in a folder whose names begin so."""
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(target, [name for name in wheel.namelist() if name.startswith(beginning)])


def unpack_powershell() -> None:
    """Unpack the archive that the repository carries, after a look at its hash."""
    archive = next((LAB / "powershell").glob("*.tar.xz"))
    expected = (LAB / "powershell" / "SHA256SUMS").read_text().split()[0]

    def unpack() -> None:
        actual = hashlib.sha256(archive.read_bytes()).hexdigest()
        if actual != expected:
            sys.exit(f"{archive} has the SHA-256 {actual}, expected was {expected}: check the file out again.")
        shutil.rmtree(BUILD / "powershell", ignore_errors=True)
        (BUILD / "powershell").mkdir(parents=True)
        run(["tar", "-C", str(BUILD / "powershell"), "--no-same-owner", "-xJf", str(archive)])

    stamped("powershell", [expected], unpack)


def fetch_dia_library(python: str) -> None:
    """Take the one library out of the PyPI package that carries it; `cloudlab build` puts it beside PowerShell."""
    (BUILD / "dia").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary=:all:", "--platform", "win_amd64", "-d", folder]
        run([python, "-m", "pip", "download", "-q", "--disable-pip-version-check", *options, "dotnetcore2"])
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            member = next(name for name in wheel.namelist() if name.endswith(DIA_LIBRARY))
            (BUILD / "dia" / DIA_LIBRARY).write_bytes(wheel.read(member))


def stamped(name: str, inputs: Iterable[str], action: Callable[[], None]) -> None:
    """Run a step unless it was done with these inputs; the stamp is written last, so a step that was cut off is repeated."""
    stamp = BUILD / "stamps" / name
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    step(name, action)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def step(name: str, action: Callable[[], None]) -> None:
    """Run a step and print its name with the seconds it took."""
    began = time.monotonic()
    action()
    print(f"set-up: {name} ({time.monotonic() - began:.0f} s)", flush=True)


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    """Run a command; its output is shown only if it fails."""
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with code {done.returncode}:\n{done.stdout}")


if __name__ == "__main__":
    main()
