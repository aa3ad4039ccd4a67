# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about commands and syntax: what Windows PowerShell 5.1 has, by the table commands.txt."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from payload_checks.walk import Note, Source

Found = Iterator[tuple[Note, str]]

_TABLE = Path(__file__).with_name("commands.txt")
_COMMON = {
    *("verbose", "debug", "erroraction", "warningaction", "informationaction", "errorvariable", "warningvariable", "informationvariable"),
    *("outvariable", "outbuffer", "pipelinevariable"),
}
#: Variables that PowerShell 7 sets and 5.1 does not, so that strict mode throws there.
_NEWER_VARIABLES = {"iswindows", "islinux", "ismacos", "iscoreclr", "psstyle", "enabledexperimentalfeatures"}
_VALUE = re.compile(r"""^(?P<quote>['"]?)(?P<text>[\w.]+)(?P=quote)$""")


def syntax_of_windows_powershell(source: Source) -> Found:
    """Nothing that only PowerShell 7 parses."""
    for error in source.errors:
        yield Note("error", int(error.split()[1].rstrip(":")), 0, "", {}), f"does not parse: {error}"
    for note in source.of("newer"):
        yield note, f"Windows PowerShell 5.1 does not know {note['what']}"
    for note in source.of("variable"):
        if note["name"].lower() in _NEWER_VARIABLES:
            yield note, f"Windows PowerShell 5.1 has no ${note['name']}"


def commands_of_windows_powershell(source: Source) -> Found:
    """Every command is a function of the payloads or in the table, with all its parameters."""
    for note in source.of("command"):
        known = commands().get(note["command"].lower())
        own = source.functions.get(note["command"])
        if own is None and known is None:
            yield note, f"{note['command']} is not in commands.txt: add it with the parameters that 5.1 has, if 5.1 has it"
            continue
        for parameter in note["parameters"]:
            yield from _check_parameter(note, parameter, own, known or {})


def _check_parameter(note: Note, parameter: dict[str, str], own: frozenset[str] | None, known: dict[str, set[str]]) -> Found:
    name, value = parameter["name"].lower(), _VALUE.match(parameter["value"])
    if name in ("", "@") or name in _COMMON:
        return
    if name not in (own if own is not None else known):
        yield note, f"{note['command']} has no parameter -{parameter['name']}" + ("" if own is not None else " in Windows PowerShell 5.1")
    elif own is None and known[name] and value and value["text"].lower() not in known[name]:
        yield note, f"{note['command']} -{parameter['name']} takes no {parameter['value']} in Windows PowerShell 5.1"


@functools.cache
def commands() -> dict[str, dict[str, set[str]]]:
    """Return the table: command, parameter, values that the parameter takes (none: any), all in small letters."""
    lines = [line.strip().lower() for line in _TABLE.read_text(encoding="ascii").splitlines() if line.strip() and not line.startswith("#")]
    table = {}
    for line in lines:
        name, _, parameters = line.partition(": ")
        pairs = (parameter.partition("=") for parameter in parameters.split())
        table[name] = {parameter: set(values.split(",")) - {""} for parameter, _, values in pairs}
    return table
