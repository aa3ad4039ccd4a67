# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about .NET: types, constructors, members and overloads that .NET Framework 4.6.2 has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from payload_checks.framework import Member, framework
from payload_checks.walk import Note, Source

Found = Iterator[tuple[Note, str]]

#: PowerShell's own names that are no types.
_KEYWORDS = {"ordered"}
#: What PowerShell adds to every object.
_ADDED = {"psobject", "pstypenames", "count", "length", "foreach", "where", "gettype"}
#: What Windows PowerShell adds to objects of single types, as far as payloads use it.
_EXTENDED = {"system.serviceprocess.servicecontroller": {"name"}, "system.diagnostics.process": {"name", "path"}}
#: Objects whose members the list does not show: CIM's come from Windows, two are made of what a script puts in, the last is not public.
_OPEN = (
    "Microsoft.Management.Infrastructure.",
    "System.Management.Automation.PSObject",
    "System.Management.Automation.PSCustomObject",
    "System.Management.Automation.PSVersionHashTable",
)
#: Where PowerShell guesses: a boolean, which has no members of use, where a method with several overloads stands alone in a function, and
#: the type of a type after -isnot.
_UNKNOWN = {"System.Object", "System.Object[]", "System.Void", "System.Boolean", "System.Type"}
_ANYTHING = Member("", False, False, 0, float("inf"))


def types_of_the_framework(source: Source) -> Found:
    """Every type that is named is there."""
    for note in source.of("type", "attribute", "new", "static"):
        for name in note.values.get("types", [note.values.get("type")]):
            written = note.values.get("written", name)
            if written.lower() not in _KEYWORDS and framework().find(name) is None and name not in source.own:
                yield note, f"[{written}] is not in .NET Framework 4.6.2 or Windows PowerShell 5.1"


def constructors_of_the_framework(source: Source) -> Found:
    """New-Object finds a constructor with so many arguments."""
    for note in source.of("new"):
        yield from _check_call(note, note["type"], ".ctor", note["arguments"])


def static_members_of_the_framework(source: Source) -> Found:
    """Every static member is there, with an overload for the number of arguments."""
    for note in source.of("static"):
        member = ".ctor" if note["member"].lower() == "new" else note["member"]
        yield from _check_call(note, note["types"][0], member, note["arguments"] if note["call"] else -1, static=True)


def linked_members_of_the_framework(source: Source) -> Found:
    """What C# in a payload calls is there."""
    for note in source.of("linked"):
        yield from _check_call(note, note["types"][0], note["member"], note["arguments"] if note["call"] else -1, static=None)


def instance_members_of_the_framework(source: Source) -> Found:
    """Every member of an object is there, as far as PowerShell knows the object's type; else some type has it."""
    for note in source.of("instance"):
        types = [name for name in note["types"] if name not in _UNKNOWN]
        if note["member"].lower() in _ADDED or source.own & {*types, note["member"]} or any(name.startswith(_OPEN) for name in types):
            continue
        where = " or ".join(types) or "any type"
        found = _of_types(types, note) if types else _of_any(note)
        if not found:
            yield note, f".{note['member']} is no member of {where} in .NET Framework 4.6.2"
        elif note["call"] and not any(overload.takes(note["arguments"]) for overload in found):
            yield note, f".{note['member']}() of {where} takes no {note['arguments']} arguments in .NET Framework 4.6.2"


def _check_call(note: Note, name: str, member: str, count: int, *, static: bool | None = True) -> Found:
    if name.endswith("[]") or framework().find(name) is None:
        return
    found = [overload for overload in framework().members(name, member) if static in (None, overload.static)]
    what = f"[{name}]::new" if member == ".ctor" else f"[{name}]::{member}"
    if not found:
        yield note, f"{what} is not in .NET Framework 4.6.2"
    elif not any(overload.takes(count) for overload in found):
        yield note, f"{what} takes no {count} arguments in .NET Framework 4.6.2"


def _of_types(types: Iterable[str], note: Note) -> list[Member]:
    """Return the members of that name which one of the types has, or an element of one that is an array."""
    found: list[Member] = []
    for name in types:
        if note["member"].lower() in _EXTENDED.get(name.lower(), ()) or (not note["call"] and _holds_more(name)):
            return [_ANYTHING]
        for kind in {name, name.removesuffix("[]")}:
            found += [member for member in framework().members(kind, note["member"]) if not member.static]
            found += framework().of_heirs(kind, note["member"])
    return found


def _holds_more(name: str) -> bool:
    """Whether an object of a type answers to names of what it holds: keys of a table, properties of a list's elements."""
    holders = ("System.Collections.IDictionary", "System.Collections.IEnumerable")
    return name != "System.String" and any(framework().is_a(name, holder) for holder in holders)


def _of_any(note: Note) -> list[Member]:
    """Return the members of that name which any type has; a property of who knows what may be a key of a table."""
    return framework().of_heirs("System.Object", note["member"]) if note["call"] else [_ANYTHING]
