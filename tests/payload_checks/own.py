# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of this collection's own, each for a kind of fault that Windows PowerShell alone shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from payload_checks.walk import Note, Source

Found = Iterator[tuple[Note, str]]

#: What a culture writes in its own way.
_CULTURAL = ("System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "System.Double", "System.Single", "System.Decimal")
#: Formats that mean the same in every culture.
_FIXED = re.compile(r"""^['"][osuRrU]['"]$""")
_DATE_FORMAT = re.compile(r"yy|MM|dd|HH|mm")
#: An element of -f with such a format, "{0:yyyy}", "{0:n}"; hexadecimal digits are everywhere the same.
_CULTURAL_ELEMENT = re.compile(r"\{\d+(,-?\d+)?:(?![xX]\d*\}|[oOsuRr]\})")
_LOGGED = {
    "convertfrom-json": "module logging writes what ConvertFrom-Json is given into the event log: take ConvertFrom-JsonText",
    "convertto-securestring": "module logging writes this text into the event log: fill a System.Security.SecureString letter by letter",
}
_PARSERS = {"parse", "tryparse"}


def culture_of_texts(source: Source) -> Found:
    """A date, a number with a fraction, and large or small letters are made text without the host's culture."""
    for note in source.of("instance"):
        name = note["member"].lower()
        if name == "tostring" and note["arguments"] <= 1 and _is_cultural(note):
            yield note, "the host's culture formats this: hand over [System.Globalization.CultureInfo]::InvariantCulture"
        if name in ("tolower", "toupper") and not note["arguments"]:
            yield note, f"the host's culture has letters of its own: take .{note['member']}Invariant()"
    for note in source.of("static"):
        if note["types"][0] in _CULTURAL and note["member"].lower() in _PARSERS and note["arguments"] <= 2:
            yield note, f"the host's culture reads this: hand over a culture to {note['member']}()"
    for note in source.of("format"):
        if _CULTURAL_ELEMENT.search(note["text"]):
            yield note, "the host's culture formats this: call .ToString() with the format and the invariant culture"


def _is_cultural(note: Note) -> bool:
    if note["arguments"] and _FIXED.match(note["first"]):
        return False
    known = [name for name in note["types"] if name != "System.Object"]
    if known:
        return any(name in _CULTURAL for name in known)
    return bool(note["arguments"] and _DATE_FORMAT.search(note["first"]))


def protocols_of_a_handshake(source: Source) -> Found:
    """AuthenticateAsClient with the host's name alone offers SSL 3 and TLS 1.0 on .NET Framework."""
    for note in source.of("instance"):
        if note["member"].lower() in ("authenticateasclient", "authenticateasclientasync") and note["arguments"] == 1:
            yield note, f".{note['member']}() with one argument offers SSL 3 and TLS 1.0 alone on .NET Framework: name the protocols"


def nothing_as_a_value(source: Source) -> Found:
    """What is kept as a value has one on every path: Windows PowerShell writes nothing into JSON as {}."""
    for note in source.of("nothing"):
        yield note, f"{note['what']} may yield nothing, which Windows PowerShell writes into JSON as {{}}: return $null, or take @(...)"


def secrets_through_parameters(source: Source) -> Found:
    """Module logging (event 4103) keeps what is bound to a cmdlet's parameter."""
    for note in source.of("command"):
        values = {given["name"].lower(): given["value"] for given in note["parameters"]}
        if note["command"].lower() in _LOGGED:
            yield note, _LOGGED[note["command"].lower()]
        # A PSCredential takes a secure string, of which the log shows the type.
        if "PSCredential" not in values.get("typename", "") and any(
            re.search(r"(?i)\.(password|access_token|client_secret)\b", values.get(name, ""))
            for name in ("argumentlist", "property", "string")
        ):
            yield note, "module logging writes this secret into the event log: hand it to a method instead of a parameter"


def separators_of_a_split(source: Source) -> Found:
    """A text that is handed to Split() is one separator on PowerShell 7, and one a letter on .NET Framework."""
    for note in source.of("instance"):
        text = re.fullmatch(r"""(['"])(?P<text>.{2,})\1""", note["first"])
        if note["member"].lower() == "split" and text and "System.Text.RegularExpressions.Regex" not in note["types"]:
            yield note, ".Split() takes each letter of a text for a separator on .NET Framework: take -split with a pattern"
