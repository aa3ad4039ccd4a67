# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test's sanity tests on the collection as users get it, with every ansible-core that is claimed.

    make sanity [CORES="2.16 2.20"] [TESTS="import validate-modules"]

No container: each test has a virtual environment. The import and compile tests run on every Python of this machine that the core knows, but
for plugins on Pythons that the collection does not support. The summary names the Pythons that the machine lacks.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cores
from bootstrap import BUILD, REPOSITORY, find_python, run

FOLDER = BUILD / "sanity"
#: Every Python that a core may ask for, for its controller or its hosts.
PYTHONS = ("2.7", *(f"3.{minor}" for minor in range(6, 16)))
#: Needs a PowerShell for Linux; tests/payload_checks does its work here.
LEFT_OUT = ("pslint",)
_PIP = re.compile(r"pip='([\d.]+)'")
_LACKING = re.compile(r"on Python (\d\.\d+) because it could not be found")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How the sanity tests ended with one core.

    Attributes:
        core: its version.
        code: ansible-test's exit code.
        seconds: how long they took.
        output: what ansible-test printed.
    """

    core: str
    code: int
    seconds: float
    output: str

    @property
    def line(self) -> str:
        """The outcome as a line of the summary."""
        lacking = sorted(set(_LACKING.findall(self.output)))
        without = f"; not on Python {' and '.join(lacking)}, which this machine lacks" if lacking else ""
        return f"ansible-core {self.core}: {f'FAILED with code {self.code}' if self.code else 'ok'} ({self.seconds:.0f} s){without}"


def main() -> int:
    """Run the tests with each core, two cores at a time; print how they ended and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cores", nargs="*", help="such as 2.16 2.20; all that are claimed where none is named")
    parser.add_argument("--tests", default="", help="such as 'import validate-modules'; all where none is named")
    arguments = parser.parse_args()
    try:
        minors = cores.wanted_minors(arguments.cores, cores.lowest_claimed(), cores.look_up("ansible-core").minor)
        found = [cores.look_up(f"ansible-core=={minor}.*") for minor in minors]
        environments = [cores.make_environment(core) for core in found]
    except cores.MatrixError as error:
        print(f"sanity: {error}", file=sys.stderr)
        return 2
    archive = build_archive()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(test_with, *pair, archive, arguments.tests.split()) for pair in zip(found, environments, strict=True)]
    outcomes = [ended.result() for ended in runs]
    print("\n".join(outcome.line for outcome in outcomes))
    return int(any(outcome.code for outcome in outcomes))


def build_archive() -> Path:
    """Build the collection as users get it and return the archive."""
    folder = FOLDER / "archive"
    shutil.rmtree(folder, ignore_errors=True)
    run([str(BUILD / "venv" / "bin" / "ansible-galaxy"), "collection", "build", "--output-path", str(folder), str(REPOSITORY)])
    return next(folder.glob("*.tar.gz"))


def test_with(core: cores.Core, environment: Path, archive: Path, tests: list[str]) -> Outcome:
    """Run the tests with a core; print what they found wrong, and how they ended.

    Args:
        core: the core.
        environment: its virtual environment.
        archive: the collection.
        tests: the names of the tests, none for all.
    """
    folder = FOLDER / core.minor
    collection = unpack_collection(archive, folder)
    leave_out_plugins(collection, core)
    provide_pip(environment, folder / "home")
    began = time.monotonic()
    done = subprocess.run(
        ansible_test(environment, tests),
        cwd=collection,
        env={**os.environ, "HOME": str(folder / "home"), "PATH": search_path(environment)},
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    outcome = Outcome(core.version, done.returncode, time.monotonic() - began, done.stdout)
    (folder / "output.log").write_text(outcome.output, encoding="utf-8")
    print(f"{outcome.output if outcome.code else ''}{outcome.line}", flush=True)
    return outcome


def ansible_test(environment: Path, tests: list[str]) -> list[str]:
    """Return the command that runs the tests of these names, or all where there are none."""
    chosen = [argument for name in tests for argument in ("--test", name)]
    left_out = [argument for name in LEFT_OUT for argument in ("--skip-test", name)]
    return [str(environment / "bin" / "ansible-test"), "sanity", "--color", "no", *chosen, *left_out]


def unpack_collection(archive: Path, folder: Path) -> Path:
    """Put what a user would install where ansible-test looks for it, and return the place: it takes no link."""
    shutil.rmtree(folder / "ansible_collections", ignore_errors=True)
    collection = folder / "ansible_collections" / "entra_ops" / "cloud_sync"
    collection.mkdir(parents=True)
    run(["tar", "-C", str(collection), "-xzf", str(archive)])
    # ansible-test tests what git knows, and the repository around this folder knows nothing of it.
    run(["git", "init", "-q", str(collection)])
    return collection


def leave_out_plugins(collection: Path, core: cores.Core) -> None:
    """Let no plugin be tried on a Python that the core supports on controllers and the collection does not: ansible-core has no setting."""
    older = [python for python in core.pythons if python not in cores.usable_pythons(core)]
    plugins = [file.relative_to(collection) for file in sorted(collection.glob("plugins/**/*.py")) if file.parent.name != "modules"]
    lines = [f"{plugin} {test}-{python}!skip\n" for plugin in plugins for python in older for test in ("compile", "import")]
    ignored = collection / "tests" / "sanity" / f"ignore-{core.minor}.txt"
    ignored.parent.mkdir(parents=True, exist_ok=True)
    ignored.write_text("".join(lines), encoding="utf-8")


def search_path(environment: Path) -> str:
    """Return a PATH with a core's programs and every Python of this machine."""
    found = [python for version in PYTHONS if (python := find_python(version))]
    return os.pathsep.join([str(environment / "bin"), *(str(Path(python).parent) for python in found), os.environ["PATH"]])


def provide_pip(environment: Path, home: Path) -> None:
    """Let ansible-test take pip from Python itself: it would download a script from a server that not every machine reaches."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    source = next((environment / "lib").glob("python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    for version in _PIP.findall(source.read_text(encoding="utf-8")):
        script = "import ensurepip\nensurepip.bootstrap(upgrade=True, default_pip=True)\n"
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(script, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
