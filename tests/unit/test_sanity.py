# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make sanity` hands to ansible-test, and what its summary says."""

from __future__ import annotations

import tarfile
from pathlib import Path

import bootstrap
import cores
import pytest
import sanity

OUTPUT = """Running sanity test "compile" on Python 3.13
WARNING: Skipping sanity test "compile" on Python 3.14 because it could not be found.
WARNING: Skipping sanity test "import" on Python 3.14 because it could not be found.
"""


@pytest.mark.parametrize(
    ("code", "output", "line"),
    [
        (0, "", "ansible-core 2.21.5: ok (61 s)"),
        (1, "", "ansible-core 2.21.5: FAILED with code 1 (61 s)"),
        (0, OUTPUT, "ansible-core 2.21.5: ok (61 s); not on Python 3.14, which this machine lacks"),
        (0, OUTPUT + OUTPUT.replace("3.14", "2.7"), "ansible-core 2.21.5: ok (61 s); not on Python 2.7 and 3.14, which this machine lacks"),
    ],
)
def test_summary_names_what_was_not_tried(code: int, output: str, line: str) -> None:
    assert sanity.Outcome("2.21.5", code, 61.2, output).line == line


def test_every_python_of_the_machine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, "find_python", lambda version: f"/pythons/{version}/bin/python" if version in ("2.7", "3.13") else None)
    assert sanity.search_path(Path("/core")).split(":")[:3] == ["/core/bin", "/pythons/2.7/bin", "/pythons/3.13/bin"]


def test_pip_is_provided_in_each_version_that_the_core_wants(tmp_path: Path) -> None:
    source = tmp_path / "core/lib/python3.13/site-packages/ansible_test/_internal/python_requirements.py"
    source.parent.mkdir(parents=True)
    source.write_text("a = dict(pip='25.2')\nb = dict(pip='24.0')\n", encoding="utf-8")
    sanity.provide_pip(tmp_path / "core", tmp_path / "home")
    assert sorted(file.name for file in (tmp_path / "home/.ansible/test/cache").iterdir()) == ["get_pip_24_0.py", "get_pip_25_2.py"]


def test_plugins_are_left_out_where_the_collection_does_not_support_the_python(tmp_path: Path) -> None:
    for name in ("modules/a.py", "action/a.py", "plugin_utils/_core/b.py"):
        (tmp_path / "plugins" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plugins" / name).touch()
    sanity.leave_out_plugins(tmp_path, cores.Core("2.16.19", ("3.10", "3.11", "3.12")))
    assert (tmp_path / "tests/sanity/ignore-2.16.txt").read_text(encoding="utf-8").splitlines() == [
        "plugins/action/a.py compile-3.10!skip",
        "plugins/action/a.py import-3.10!skip",
        "plugins/plugin_utils/_core/b.py compile-3.10!skip",
        "plugins/plugin_utils/_core/b.py import-3.10!skip",
    ]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the collection as users get it."""
    folder = tmp_path_factory.mktemp("archive")
    galaxy = str(bootstrap.BUILD / "venv/bin/ansible-galaxy")
    bootstrap.run([galaxy, "collection", "build", "--output-path", str(folder), str(bootstrap.REPOSITORY)])
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_of_the_tests_users_get_what_ansible_test_reads_alone(shipped: set[str]) -> None:
    assert {name for name in shipped if name.startswith("tests/")} == {"tests/config.yml"}
