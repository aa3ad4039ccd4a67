# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell files as text: ASCII, with the includes that each file needs itself, and put together whole."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host import payload

FOLDER = pathlib.Path(payload.__file__).parents[1] / "powershell"
FILES = sorted(FOLDER.rglob("*.ps1"))
LIBRARY = {file.name: file.read_text(encoding="ascii") for file in sorted((FOLDER / "library").glob("*.ps1"))}
PAYLOADS = ["download", "facts", "install", "register", "remove"]
SESSIONS = ["domains", "package", "register"]
LOADED = [payload.load_payload(name) for name in PAYLOADS] + [payload.load_session(name) for name in SESSIONS]

# A function, or a variable that a file sets for whoever includes it.
DEFINED = re.compile(r"^(?:function ([A-Za-z]+-[A-Za-z0-9]+)|(\$[A-Za-z]+) = )", re.MULTILINE)
INCLUDED = re.compile(r"^# include: (\S+)$", re.MULTILINE)
COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
# It defines nothing, but does something where it stands.
GUARDS = {"language.ps1"}


def defined_in(text: str) -> set[str]:
    """Return the functions and variables that a file defines."""
    return {function or variable for function, variable in DEFINED.findall(text)}


OWNERS = {name: file for file, text in LIBRARY.items() for name in defined_in(text)}


def used_by(file: pathlib.Path) -> set[str]:
    """Return the files of the library whose functions or variables a file names itself."""
    code = COMMENT.sub("", file.read_text(encoding="ascii"))
    own = file.name if file.parent.name == "library" else None
    return {owner for name, owner in OWNERS.items() if owner != own and re.search(rf"(?<![\w-]){re.escape(name)}\b(?!-)", code)}


def test_folders_hold_the_payloads_and_the_sessions_that_are_tested() -> None:
    assert [file.stem for file in FILES if file.parent.name == "payloads"] == PAYLOADS
    assert [file.stem for file in FILES if file.parent.name == "sessions"] == SESSIONS
    assert {file.parent.name for file in FILES} == {"payloads", "sessions", "library"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file_is_ascii_and_says_what_it_is(file: pathlib.Path) -> None:
    text = file.read_text(encoding="ascii")
    assert text.startswith("# ") and text.endswith("\n") and "SPDX-License-Identifier: GPL-3.0-or-later" in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_file_includes_what_it_uses_itself_and_nothing_else(file: pathlib.Path) -> None:
    included = INCLUDED.findall(file.read_text(encoding="ascii"))
    assert sorted(set(included) - GUARDS) == sorted(used_by(file))
    assert len(included) == len(set(included))


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_looks_at_the_language_before_all_else(name: str) -> None:
    """Behind the parameters; in a language that is held down nothing that stands before would run."""
    text = (FOLDER / "payloads" / f"{name}.ps1").read_text(encoding="ascii")
    assert text.split("\n)\n")[1].startswith("# include: language.ps1\n")


#: What hands its input to a cmdlet, whose parameters module logging keeps; json.ps1 reads JSON without one.
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_file_hands_text_to_the_cmdlets_that_are_logged(file: pathlib.Path) -> None:
    code = COMMENT.sub("", file.read_text(encoding="ascii"))
    assert not re.findall(r"\b(?:ConvertFrom-Json(?!\w)|ConvertTo-SecureString|Set-Variable|New-Variable|Out-String)(?!-)\b", code)


def test_every_file_of_the_library_is_used() -> None:
    used = {included for file in FILES for included in INCLUDED.findall(file.read_text(encoding="ascii"))}
    assert used == set(LIBRARY)


def test_library_files_include_each_other_without_a_circle() -> None:
    left = {name: set(INCLUDED.findall(text)) for name, text in LIBRARY.items()}
    while free := {name for name, includes in left.items() if not includes & set(left)}:
        left = {name: includes for name, includes in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("text", LOADED, ids=[*PAYLOADS, *(f"{name}-session" for name in SESSIONS)])
def test_loaded_text_defines_everything_once(text: str) -> None:
    functions = [function for function, _ in DEFINED.findall(text) if function]
    assert INCLUDED.findall(text) == []
    assert "param(" in text
    assert len(functions) == len(set(functions))


def test_file_that_is_reached_by_two_ways_is_put_in_once_and_first() -> None:
    text = payload.expand_includes("# include: installer.ps1\n# include: job.ps1\n# include: installer.ps1\nGo\n")
    assert [text.count(f"function {name} {{") for name in ("New-InstallerJob", "Invoke-Installer")] == [1, 1]
    assert text.index("function New-InstallerJob") < text.index("function Invoke-Installer") < text.index("\nGo\n")


@pytest.mark.parametrize("load", [payload.load_payload, payload.load_session])
def test_unknown_name_is_an_error(load: Callable[[str], str]) -> None:
    with pytest.raises(FileNotFoundError):
        load("nothing")


def test_unknown_file_of_the_library_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        payload.expand_includes("# include: nothing.ps1\n")


@pytest.mark.parametrize("name", SESSIONS)
def test_session_has_its_way_out_before_it_loads_the_module(name: str) -> None:
    """What a module opens a connection with is set for the process, and too late after its first one."""
    lines = (FOLDER / "sessions" / f"{name}.ps1").read_text(encoding="ascii").splitlines()
    calls = [line.split()[0] for line in lines if line.startswith(("Set-ProcessNetwork ", "Import-Module "))]
    assert calls in ([], ["Set-ProcessNetwork", "Import-Module"])
