# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and dictionaries that arrive as text, as `-e name=value` and the surveys of AWX send them.

Ansible's own validation reads the text of a dictionary, a number and a truth value. The text of a list it splits at every comma: that of a
JSON list too, and the name of a publisher.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import ast
import json
import re
import typing as t

from ansible.module_utils.common.validation import check_type_dict

from .._core.errors import ConfigurationError

Spec = t.Mapping[str, t.Mapping[str, t.Any]]

#: A distinguished name, such as a publisher's, is one value with commas in it.
_DISTINGUISHED_NAME = re.compile(r"\s*[A-Za-z]{1,2}=")
_SEPARATOR = re.compile(r"[,\n]")


def read_texts(spec: Spec, options: t.Mapping[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    """Return options with every text of a list or a dictionary read, in suboptions too; all else, an empty text too, is left as it is.

    Args:
        spec: the options' specification.
        options: what is given.
        prefix: stands before an option's name in a message.

    Raises:
        ConfigurationError: a text is none of what the option takes. It is not in the message, since it may hold a secret.
    """
    return {name: _read(f"{prefix}{name}", spec.get(name, {}), value) for name, value in options.items()}


def _read(name: str, option: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    kind, suboptions = option.get("type"), option.get("options")
    if isinstance(value, str) and value.strip():
        if kind == "list":
            value = _list(name, value)
        elif kind == "raw" and value.lstrip().startswith("{"):
            value = _dictionary(name, value)
    if kind == "dict" and value not in (None, ""):
        return _parts(name, suboptions, value)
    if kind == "list" and option.get("elements") == "dict" and isinstance(value, list):
        return [_parts(name, suboptions, part) for part in value]
    return value


def _parts(name: str, suboptions: Spec | None, value: t.Any) -> dict[str, t.Any]:
    """Return a dictionary with its texts read. Ansible's validation ends in an error of Python's where it meets something else."""
    whole = _dictionary(name, value)
    return whole if suboptions is None else read_texts(suboptions, whole, f"{name}.")


def _dictionary(name: str, value: t.Any) -> dict[str, t.Any]:
    if isinstance(value, t.Mapping):
        return t.cast(dict[str, t.Any], value)
    try:
        return t.cast(dict[str, t.Any], check_type_dict(value.strip() if isinstance(value, str) else value))
    except TypeError as error:
        raise ConfigurationError(f'\'{name}\' is no dictionary: write one, as a text in JSON, such as {{"name": "value"}}.') from error


def _list(name: str, text: str) -> list[t.Any]:
    start = text.lstrip()[0]
    if start == "[":
        found = _literal(text.strip())
        if not isinstance(found, list):
            raise ConfigurationError(f'\'{name}\' is a text that is no list: write it as JSON, such as ["one", "two"].')
        return found
    if start == "{" or _DISTINGUISHED_NAME.match(text):
        return [text]
    return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]


def _literal(text: str) -> t.Any:
    """Return what a text says in JSON or, as Jinja writes a list into a text, in Python; None for neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
