# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public types and members of .NET Framework 4.6.2 and of Windows PowerShell 5.1 (framework.tsv.xz).

The list is read from the metadata of the reference assemblies that Microsoft publishes on NuGet
(Microsoft.NETFramework.ReferenceAssemblies.net462, PowerShellStandard.Library). Its columns: type, kind, member, result or base
type, parameters or interfaces, assembly.
"""

from __future__ import annotations

import functools
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LIST = Path(__file__).with_name("framework.tsv.xz")
#: Windows PowerShell has these from its start; any other is there after Add-Type only.
LOADED = {
    "mscorlib",
    "System",
    "System.Core",
    "System.Xml",
    "System.Management",
    "System.DirectoryServices",
    "System.Management.Automation",
}
_ARGUMENTS = re.compile(r"[\[<].*$")


@dataclass(frozen=True)
class Member:
    """One member, or one overload of a method; least and most: how many arguments it takes."""

    name: str
    static: bool
    call: bool
    least: int
    most: float

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments; -1: nobody knows how many."""
        return count < 0 or self.least <= count <= self.most


@dataclass
class Type:
    """One type, with the names of what it inherits from."""

    name: str
    assembly: str
    parents: list[str]
    members: dict[str, list[Member]] = field(default_factory=dict)


class Framework:
    """All types by their names; names are compared without regard to case, as PowerShell does."""

    def __init__(self, types: dict[str, Type]) -> None:
        self._types = types
        #: Who has an instance member of a name.
        self._owners: dict[str, list[Type]] = {}
        for owner in types.values():
            for name in owner.members:
                self._owners.setdefault(name, []).append(owner)

    def find(self, name: str) -> Type | None:
        """Return a type by the name that reflection or a script writes: `List`1[System.String]`, `System.Byte[]`, `byte`."""
        plain = "system.array" if name.endswith("[]") else _ARGUMENTS.sub("", name).lower()
        # PowerShell's inference calls what a typed catch catches ErrorRecord`1.
        return self._types.get(plain) or self._types.get(plain.partition("`")[0])

    def family(self, name: str) -> Iterator[Type]:
        """Return a type and all that it inherits from."""
        waiting, seen = [name], set()
        while waiting:
            found = self.find(waiting.pop())
            if found and found.name not in seen:
                seen.add(found.name)
                yield found
                # An interface has the members of an object too.
                waiting += [*found.parents, "System.Object"]

    def is_a(self, name: str, parent: str) -> bool:
        """Whether a type is or inherits from another."""
        wanted = self.find(parent)
        return wanted is not None and any(relative is wanted for relative in self.family(name))

    def members(self, name: str, member: str) -> list[Member]:
        """Return the members of that name which a type has or inherits; constructors only its own."""
        family = [found for found in [self.find(name)] if found] if member == ".ctor" else self.family(name)
        return [found for relative in family for found in relative.members.get(member.lower(), [])]

    def of_heirs(self, name: str, member: str) -> list[Member]:
        """Return the instance members of that name which a type's heirs have: an object is often of one of them, as an error is."""
        heirs = [owner for owner in self._owners.get(member.lower(), []) if self.is_a(owner.name, name)]
        return [found for heir in heirs for found in heir.members[member.lower()] if not found.static]


@functools.cache
def framework() -> Framework:
    """Return what the list holds."""
    lines = [line.split("\t") for line in lzma.decompress(_LIST.read_bytes()).decode("utf-8").splitlines()[1:]]
    types: dict[str, Type] = {}
    for name, _, member, base, interfaces, assembly in lines:
        if not member:
            types[name.lower()] = Type(name, assembly, [parent for parent in (base, *interfaces.split("; ")) if parent])
    for name, kind, member, _, parameters, _ in lines:
        if member and "protected" not in kind:
            types[name.lower()].members.setdefault(member.lower(), []).append(_member(kind, member, parameters))
    return Framework(types)


def _member(kind: str, name: str, parameters: str) -> Member:
    call = kind.endswith("method") or kind == "new"
    static = kind.startswith("static") or kind in ("value", "new")
    listed = parameters.split("; ") if call and parameters else []
    least, most = sum(not parameter.endswith("=") for parameter in listed), float(len(listed))
    if listed and "[]" in listed[-1] and kind != "new":
        # In the list "params" looks like any other array; constructors as good as never have them.
        least, most = min(least, len(listed) - 1), float("inf")
    return Member(name, static, call, least, most)
