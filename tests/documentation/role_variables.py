# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables, as meta/argument_specs.yml describes them, as the page docs/role-variables.md and as the role's defaults."""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

import yaml
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import MODULES, PREFIX, variables_of
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.specs import SPECS

Row = dict[str, t.Any]

_SPECIFICATION = Path(__file__).resolve().parents[2] / "roles" / "provisioning_agent" / "meta" / "argument_specs.yml"
_HEAD = """\
# Variables of the role `provisioning_agent`

The entry points are `main` (playbooks `site.yml` and `upgrade.yml`), `verify`, `remove` and `report`. A variable without a value is left to
the module that it is an option of; its default stands here. `required` is what `main` requires.
`ansible-doc -t role entra_ops.cloud_sync.provisioning_agent` says the same.

<!-- `make docs` writes this page from roles/provisioning_agent/meta/argument_specs.yml. Change that, not the page. -->

| variable | type | default | entry points | what it is |
|---|---|---|---|---|
"""
_DEFAULTS_HEAD = """\
---
# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# `make docs` writes this file from meta/argument_specs.yml, which describes the variables without a default too. Change that.
"""
_MARKUP = re.compile(r"\b(?P<kind>[CMOV])\((?P<text>[^()]+)\)")
_COLUMNS = 140


def variables_page() -> str:
    """Return the page."""
    rows = (row for name, option in _entry_points()["main"]["options"].items() for row in _rows(name, option, name))
    return _HEAD + "".join(rows)


def defaults_file() -> str:
    """Return the role's defaults/main.yml."""
    options = _entry_points()["main"]["options"].items()
    return _DEFAULTS_HEAD + "".join(_default(name, option) for name, option in options if "default" in option)


def _entry_points() -> dict[str, Row]:
    return t.cast(dict[str, Row], yaml.safe_load(_SPECIFICATION.read_text(encoding="utf-8"))["argument_specs"])


def _rows(name: str, option: Row, variable: str) -> t.Iterator[str]:
    """Return the rows of a variable and its parts."""
    part = "dict" if "options" in option else option.get("elements")
    kind = f"list of {part}" if option["type"] == "list" else option["type"]
    cells = (f"`{name}`", kind, _shown_default(name, option), _used_by(variable), _words(" ".join(option["description"])))
    yield f"| {' | '.join(cells)} |\n"
    for part, suboption in option.get("options", {}).items():
        yield from _rows(f"{name}{'[]' if option['type'] == 'list' else ''}.{part}", suboption, variable)


def _shown_default(name: str, option: Row) -> str:
    if option.get("required"):
        return "required"
    if "default" in option:
        return f"`{_yaml(option['default'])}`"
    module, default = _module_default(name.removeprefix(PREFIX))
    return "" if default is None else f"`{default}`" if not isinstance(default, list) else f"that of `{module}`"


def _module_default(variable: str) -> tuple[str, t.Any]:
    """Return the module that a variable is an option of, and its default there; None where there is none."""
    found = [
        (module, SPECS[module][option]["default"])
        for module in MODULES["main"]
        for option, name in variables_of(module).items()
        if name == variable and "default" in SPECS[module][option]
    ]
    return found[0] if found else ("", None)


def _used_by(variable: str) -> str:
    return ", ".join(name for name, entry in _entry_points().items() if variable in entry["options"])


def _default(name: str, option: Row) -> str:
    comment = _words(" ".join(option["description"])).replace("\\|", "|")
    lines = textwrap.wrap(comment, _COLUMNS, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(["", *lines, f"{name}: {_yaml(option['default'])}", ""])


def _yaml(value: t.Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()


def _words(text: str) -> str:
    """Return a description in Markdown."""
    return _MARKUP.sub(_unmarked, text).replace("|", "\\|")


def _unmarked(found: re.Match[str]) -> str:
    text = found["text"]
    if found["kind"] == "M":
        text = text.rpartition(".")[2].partition("#")[0]
    elif found["kind"] == "O" and "#module:" in text:
        module, _, option = text.partition("#module:")
        return f"`{option}` of `{module.rpartition('.')[2]}`"
    elif found["kind"] == "O":
        text = text.replace("=", ": ")
    return f"`{text}`"
