# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test's sanity tests on the collection as users get it (`make sanity`), with each ansible-core that is set up.

No container: each test has a virtual environment, and the import test runs on every Python of this machine that the core supports.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap import BUILD, SECOND_PYTHON, find_python, run, step

ROOT = Path(__file__).resolve().parents[1]
FOLDER = BUILD / "sanity"
COLLECTION = FOLDER / "ansible_collections" / "entra_ops" / "cloud_sync"
ENVIRONMENTS = ("venv", f"venv-{SECOND_PYTHON}")
PYTHONS = tuple(f"3.{minor}" for minor in range(8, 15))
#: Needs a PowerShell for Linux; tests/payload_checks does its work here.
LEFT_OUT = ("pslint",)
_PIP = re.compile(r"pip='([\d.]+)'")


def main() -> None:
    """Build the collection, run every test with every core, and end with an error if one of them has failed."""
    unpack_collection()
    failed = [name for name in ENVIRONMENTS if (BUILD / name).is_dir() and not passes(name)]
    if failed:
        sys.exit(f"Sanity tests failed with {' and '.join(failed)} (of .build).")


def unpack_collection() -> None:
    """Put what a user would install where ansible-test looks for it: it takes no link."""
    shutil.rmtree(FOLDER / "ansible_collections", ignore_errors=True)
    galaxy = str(BUILD / "venv" / "bin" / "ansible-galaxy")
    run([galaxy, "collection", "build", "--force", "--output-path", str(FOLDER), str(ROOT)])
    archive = max(FOLDER.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    COLLECTION.mkdir(parents=True)
    run(["tar", "-C", str(COLLECTION), "-xzf", str(archive)])
    # ansible-test tests what git knows, and the repository around this folder knows nothing of it.
    run(["git", "init", "-q", str(COLLECTION)])


def passes(environment: str) -> bool:
    """Return whether the sanity tests pass with an environment's ansible-core."""
    home, programs = FOLDER / "home", BUILD / environment / "bin"
    provide_pip(environment, home)
    found = [found for version in PYTHONS if (found := find_python(version))]
    path = os.pathsep.join([str(programs), *(str(Path(python).parent) for python in found), os.environ["PATH"]])
    skipped = [argument for name in LEFT_OUT for argument in ("--skip-test", name)]
    command = [str(programs / "ansible-test"), "sanity", "--color", "no", *skipped]
    codes = []

    def test() -> None:
        codes.append(subprocess.run(command, cwd=COLLECTION, env={**os.environ, "HOME": str(home), "PATH": path}, check=False).returncode)

    step(f"sanity with {environment}", test)
    return codes == [0]


def provide_pip(environment: str, home: Path) -> None:
    """Let ansible-test take pip from Python itself: it would download a script from a server that not every machine reaches."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    source = next((BUILD / environment / "lib").glob("python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    for version in _PIP.findall(source.read_text(encoding="utf-8")):
        script = "import ensurepip\nensurepip.bootstrap(upgrade=True, default_pip=True)\n"
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
