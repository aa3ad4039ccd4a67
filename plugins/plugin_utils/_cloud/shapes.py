# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection reads of Microsoft Graph's objects, and of which kind it must be: a proxy may answer in Graph's place.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

#: A type, a list with the shape of its items, or the shapes of an object's fields.
Shape = type | list[t.Any] | dict[str, t.Any]

AGENT: Shape = {"id": str, "machineName": str, "status": str, "agentGroups": [{"id": str}]}
GROUP: Shape = {"id": str, "agents": [{"id": str}], "publishedResources": [{"resourceName": str}]}
PRINCIPAL: Shape = {"id": str, "displayName": str}
JOB: Shape = {
    "id": str,
    "templateId": str,
    "schedule": {"state": str},
    "status": {
        "code": str,
        "lastSuccessfulExecution": {"timeEnded": str},
        "quarantine": {
            "reason": str,
            "currentBegan": str,
            "nextAttempt": str,
            "seriesCount": int,
            "error": {"code": str, "message": str},
        },
    },
}

#: Fields without which an object says nothing; any other may be missing or null.
_REQUIRED = ("id", "resourceName")


class ShapeError(Exception):
    """A field is not of its kind; the text is its name."""


def shaped(shape: Shape, value: t.Any, name: str = "value") -> t.Any:
    """Return what a shape names of a value, without fields that are null.

    Args:
        shape: what is read.
        value: JSON, as it has come.
        name: of the field that has the value.

    Raises:
        ShapeError: a field is of another kind, or is required and missing.
    """
    if isinstance(shape, list):
        return [shaped(shape[0], item, name) for item in _of_kind(list, value, name)]
    if isinstance(shape, dict):
        given = {field: part for field, part in _of_kind(dict, value, name).items() if part is not None}
        for field in _REQUIRED:
            if field in shape and not given.get(field):
                raise ShapeError(field)
        return {field: shaped(part, given[field], field) for field, part in shape.items() if field in given}
    return _of_kind(shape, value, name)


def _of_kind(kind: type, value: t.Any, name: str) -> t.Any:
    # A bool is an int to Python.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ShapeError(name)
    return value
