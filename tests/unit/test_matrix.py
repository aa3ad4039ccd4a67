# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make matrix` decides: which cores, which Python, which ansible.windows, what counts as well done, and its table."""

from __future__ import annotations

import typing as t

import bootstrap
import cores
import matrix
import pytest
from cloudlab.testing.ansible_runs import Run

METADATA = b"""Metadata-Version: 2.1
Name: ansible-core
Version: 2.16.19
Requires-Python: >=3.10
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.10
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3 :: Only

Ansible is a radically simple IT automation system.
"""
SITE, AGAIN, VERIFY, REMOVE = matrix.STEPS
RECAP = "win1                       : ok=9    changed={changed}    unreachable=0    failed={failed}    skipped=3\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """Return what gives the machine these Pythons and no other."""
    return lambda *here: monkeypatch.setattr(bootstrap, "find_python", lambda version: version if version in here else None)


def run(returncode: int = 0, changed: int = 0, before: str = "") -> Run:
    return Run(returncode, before + RECAP.format(changed=changed, failed=int(returncode != 0)), 12.4)


def report(*statuses: str) -> dict[str, t.Any]:
    checks = [{"name": f"check{number}", "status": status} for number, status in enumerate(statuses)]
    return {"hosts": [{"host": "win1", "checks": checks}]}


def test_a_wheel_tells_its_version_and_its_pythons() -> None:
    core = cores.read_metadata(METADATA)
    assert (core.version, core.minor, core.pythons) == ("2.16.19", "2.16", ("3.10", "3.11", "3.12"))


def test_every_core_from_the_lowest_that_is_claimed_to_the_newest() -> None:
    assert cores.wanted_minors([], "2.16", "2.21") == ["2.16", "2.17", "2.18", "2.19", "2.20", "2.21"]


def test_the_cores_that_were_asked_for_in_their_order() -> None:
    assert cores.wanted_minors(["2.20", "2.16"], "2.16", "2.21") == ["2.20", "2.16"]


@pytest.mark.parametrize("strange", ["2.15", "2.22", "2.16.19", "3.16", "newest", ""])
def test_a_core_that_is_not_claimed_or_cannot_be_had_is_refused(strange: str) -> None:
    with pytest.raises(cores.MatrixError, match=r"name some of 2\.16 2\.17 2\.18 2\.19 2\.20 2\.21,"):
        cores.wanted_minors(["2.16", strange], "2.16", "2.21")


@pytest.mark.parametrize(
    ("supported", "here", "chosen"),
    [
        (("3.10", "3.11", "3.12"), ("3.11", "3.12", "3.13"), "3.12"),
        (("3.10", "3.11", "3.12"), ("3.10", "3.11"), "3.11"),
        (("3.9", "3.10", "3.11"), ("3.9", "3.11"), "3.11"),  # by number: as text 3.9 comes after 3.11
        (("3.12", "3.13", "3.14"), ("3.11", "3.12"), "3.12"),
    ],
)
def test_the_newest_python_here_that_core_and_collection_support(
    machine: t.Callable[..., None], supported: tuple[str, ...], here: tuple[str, ...], chosen: str
) -> None:
    machine(*here)
    assert cores.choose_python(cores.Core("2.16.19", supported)) == chosen


@pytest.mark.parametrize("here", [("3.10",), ("3.13",), ()])
def test_no_python_for_a_core_is_said_with_those_that_would_do(machine: t.Callable[..., None], here: tuple[str, ...]) -> None:
    machine(*here)
    with pytest.raises(cores.MatrixError, match=r"ansible-core 2\.16\.19 supports: 3\.11, 3\.12\."):
        cores.choose_python(cores.Core("2.16.19", ("3.10", "3.11", "3.12")))


def test_a_core_without_a_python_is_a_row_that_says_so(machine: t.Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    machine("3.13")
    [row] = matrix.plan(cores.Core("2.22.0", ("3.14", "3.15")), {"2.4.0": bootstrap.BUILD})
    assert row.skipped in matrix.table([row])
    assert capsys.readouterr().out == f"matrix: {row.skipped} It is skipped.\n"


@pytest.mark.parametrize(("versions", "first"), [(">=2.4.0,<4.0.0", "2.4.0"), ("<4.0.0,>=2.10.0", "2.10.0"), (">=2.16.0", "2.16.0")])
def test_the_lowest_version_that_is_allowed(versions: str, first: str) -> None:
    assert cores.lowest(versions) == first


def test_what_is_claimed_is_what_is_tried() -> None:
    """galaxy.yml's lowest ansible.windows has a known carrier, and set-up takes the newest of the same versions."""
    assert cores.lowest(cores.windows_claimed()) in cores.CARRIERS
    assert cores.windows_claimed() == bootstrap.ANSIBLE_WINDOWS
    assert cores.lowest_claimed() == "2.16"
    assert f"\n# {cores.PSRP_REQUIREMENT}\n" in (bootstrap.REPOSITORY / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("minor", "tried"),
    [
        ("2.18", [("2.4.0", "winrm"), ("3.8.0", "winrm")]),
        ("2.19", [("2.4.0", "winrm"), ("3.8.0", "winrm"), ("3.8.0", "psrp")]),
        ("2.21", [("2.4.0", "winrm"), ("3.8.0", "winrm"), ("3.8.0", "psrp")]),
    ],
)
def test_the_cores_of_every_test_run_are_tried_over_psrp_too(minor: str, tried: list[tuple[str, str]]) -> None:
    assert matrix.combinations(minor, ["2.4.0", "3.8.0"]) == tried


@pytest.mark.parametrize(("step", "changed"), [(SITE, 3), (AGAIN, 0), (VERIFY, 0), (REMOVE, 1)])
def test_a_step_that_went_well(step: matrix.Step, changed: int) -> None:
    assert matrix.judge(step, run(changed=changed), report("pass", "warn")) == ""


@pytest.mark.parametrize(
    ("step", "changed", "problem"),
    [
        (SITE, 0, "It changed nothing."),
        (AGAIN, 1, "It changed the host."),
        (VERIFY, 1, "It changed the host."),
        (REMOVE, 0, "It changed nothing."),
    ],
)
def test_a_step_that_changed_what_it_should_not(step: matrix.Step, changed: int, problem: str) -> None:
    assert matrix.judge(step, run(changed=changed), report("pass")) == problem


def test_a_step_that_failed_shows_the_first_error() -> None:
    lines = 'TASK [x] ***\nfatal: [win1]: FAILED! => {"msg": "no"}\nfatal: [win1]: FAILED! => again\n'
    assert matrix.judge(SITE, run(2, before=lines), {}) == 'It ended with code 2: fatal: [win1]: FAILED! => {"msg": "no"}'


@pytest.mark.parametrize("line", ["[WARNING]: win1 cannot run a job of its own", "[DEPRECATION WARNING]: gone in 2.23"])
def test_a_step_that_warned(line: str) -> None:
    assert matrix.judge(SITE, run(changed=3, before=f"{line}\nand more\n"), report("pass")) == f"It warned: {line}"


def test_a_warning_of_wine_is_none_of_the_collection() -> None:
    line = "[WARNING]: Failure cleaning temp path 'C:\\\\users': Win32Exception"
    assert matrix.judge(VERIFY, run(before=f"{line}\n"), report("pass")) == ""


def test_a_step_that_could_not_read_something() -> None:
    assert matrix.judge(VERIFY, run(), report("pass", "unknown", "warn", "unknown")) == "It could not read: check1, check3."


def test_the_table_shows_every_step_and_what_was_not_run() -> None:
    well = [matrix.Outcome(seconds, "") for seconds in (110.4, 15.2, 19.0, 22.5, 30.0)]
    good = matrix.Row("2.16.19", "", "3.12.1", "2.4.0", "winrm", outcomes=well)
    badly = [matrix.Outcome(99.6, ""), matrix.Outcome(14.8, "It changed the host.")]
    bad = matrix.Row("2.16.19", "", "3.12.1", "3.8.0", "psrp", outcomes=badly)
    assert matrix.table([good, bad]) == (
        "| core | Python | ansible.windows | connection | site | site again | verify | remove | hostile hosts |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| 2.16.19 | 3.12.1 | 2.4.0 | winrm | ok 110 s | ok 15 s | ok 19 s | ok 22 s | ok 30 s |\n"
        "| 2.16.19 | 3.12.1 | 3.8.0 | psrp | ok 100 s | FAILED 15 s | not run | not run | not run |\n"
    )
    assert (good.failed, bad.failed) == (False, True)
