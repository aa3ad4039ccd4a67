# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns what a host has sent into frozen dataclasses, once, where it arrives.

A host is not trusted, and Windows PowerShell 5.1 may write {} where nothing is.

A field's type is str, int, bool, another dataclass, a tuple of one of these (tuple[str, ...]), or one of them with None. A field with a
default may be missing. What the types do not name is left out. Lengths are bounded: those of texts and lists, and so the whole.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import types
import typing as t

from .errors import ConfigurationError, RemoteError
from .version import parse_version

#: Characters of a text, items of a list, and characters of a whole answer.
LONGEST_TEXT = 65536
LONGEST_LIST = 4096
LONGEST_ANSWER = 8 * 1024 * 1024

Parsed = t.TypeVar("Parsed")

_NAMES: dict[type, str] = {str: "text", int: "a number", bool: "true or false"}


def parse_time(text: str) -> datetime.datetime:
    """Return a payload's UTC time stamp (2026-11-25T20:00:00Z) as an aware datetime."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _is_time(text: str) -> bool:
    try:
        return parse_time(text).tzinfo is not None
    except ValueError:
        return False


def _is_version(text: str) -> bool:
    try:
        return bool(parse_version(text))
    except ConfigurationError:
        return False


@dataclasses.dataclass(frozen=True)
class _Form:
    """What a text must look like: in words, and whether it does."""

    words: str
    holds: t.Callable[[str], bool]


#: A UTC time stamp as the payloads write it.
UtcTime = t.Annotated[str, _Form("a time such as 2026-11-25T20:00:00Z", _is_time)]
#: A version of two to four numbers.
Version = t.Annotated[str, _Form("a version such as 1.1.2334.0", _is_version)]


class _MismatchError(Exception):
    """A field is not what its type says: where, and what it should be and is."""

    def __init__(self, path: str, wanted: str, found: str) -> None:
        super().__init__(path)
        self.path, self.wanted, self.found = path, wanted, found


def parse_answer(kind: type[Parsed], text: t.Any, where: str) -> Parsed:
    """Return a payload's answer.

    Args:
        kind: the dataclass that it must fit.
        text: the JSON that the host has sent.
        where: the step and the host, for the error, such as "The step 'facts' on win1".

    Raises:
        RemoteError: the answer is no JSON object, too long, or a field is of another type; the sentence names the field.
    """
    if not isinstance(text, str):
        raise RemoteError(f"{where} answered with {_described(text)} and no text: look at what is wrong with the host's PowerShell.")
    if len(text) > LONGEST_ANSWER:
        raise RemoteError(f"{where} answered with {len(text)} characters, more than {LONGEST_ANSWER}: look at what is wrong with the host.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteError(f"{where} answered with something that is no JSON: look at what is wrong with the host's PowerShell.") from None
    try:
        return t.cast(Parsed, _dataclass(kind, value, "its answer"))
    except _MismatchError as problem:
        raise RemoteError(
            f"{where} answered with {problem.found} for {problem.path}, where {problem.wanted} was expected: look whether the host's "
            "PowerShell is one that the collection supports, and report it with the host's versions of Windows and PowerShell if it is."
        ) from None


@functools.cache
def _fields(kind: type) -> tuple[tuple[dataclasses.Field[t.Any], t.Any], ...]:
    hints = t.get_type_hints(kind, include_extras=True)
    return tuple((field, hints[field.name]) for field in dataclasses.fields(kind))


def _dataclass(kind: type, value: t.Any, path: str) -> t.Any:
    if not isinstance(value, dict):
        raise _MismatchError(path, "an object", _described(value))
    prefix = "" if path == "its answer" else f"{path}."
    return kind(**dict(_given(kind, value, prefix)))


def _given(kind: type, value: dict[str, t.Any], prefix: str) -> t.Iterator[tuple[str, t.Any]]:
    for field, hint in _fields(kind):
        path = f"{prefix}{field.name}"
        if field.name in value:
            yield field.name, _value(hint, value[field.name], path)
        elif field.default is dataclasses.MISSING:
            raise _MismatchError(path, _wanted(hint), "nothing")


def _value(hint: t.Any, value: t.Any, path: str) -> t.Any:
    options = t.get_args(hint) if isinstance(hint, types.UnionType) or t.get_origin(hint) is t.Union else (hint,)
    if value is None and types.NoneType in options:
        return None
    option = next(choice for choice in options if choice is not types.NoneType)
    if t.get_origin(option) is tuple:
        return _list(t.get_args(option)[0], value, path)
    if dataclasses.is_dataclass(option):
        return _dataclass(t.cast(type, option), value, path)
    return _scalar(option, value, path)


def _list(hint: t.Any, value: t.Any, path: str) -> tuple[t.Any, ...]:
    if not isinstance(value, list):
        raise _MismatchError(path, "a list", _described(value))
    if len(value) > LONGEST_LIST:
        raise _MismatchError(path, f"a list of {LONGEST_LIST} at most", f"a list of {len(value)}")
    return tuple(_value(hint, item, f"{path}[{index}]") for index, item in enumerate(value))


def _scalar(hint: t.Any, value: t.Any, path: str) -> t.Any:
    kind = t.get_args(hint)[0] if t.get_origin(hint) is t.Annotated else hint
    # A bool is an int to Python, and neither may stand for the other here.
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise _MismatchError(path, _NAMES[kind], _described(value))
    if kind is str and len(value) > LONGEST_TEXT:
        raise _MismatchError(path, f"text of {LONGEST_TEXT} characters at most", f"text of {len(value)} characters")
    for form in t.get_args(hint)[1:]:
        if not form.holds(value):
            raise _MismatchError(path, form.words, "another text")
    return value


def _wanted(hint: t.Any) -> str:
    kind = next((known for known in (hint, *t.get_args(hint)) if known in _NAMES), None)
    return _NAMES[kind] if kind else "a list" if t.get_origin(hint) is tuple else "an object"


def _described(value: t.Any) -> str:
    """Say what a value is, without repeating it: it may hold anything."""
    if value is None:
        return "null"
    if value == {}:
        return "{}"
    kinds = ((bool, "true or false"), (str, "text"), (int, "a number"), (float, "a fraction"), (list, "a list"), (dict, "an object"))
    return next(name for kind, name in kinds if isinstance(value, kind))
