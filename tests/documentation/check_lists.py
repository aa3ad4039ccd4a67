# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared checks as the page docs/checks.md and as agent_verify's documentation."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.assessment import declared_checks
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._checks.check import Declaration, Predicate

_SUBJECTS = ("agent", "host", "cloud")
_HEAD = """\
# Checks

What `agent_verify` looks at, in its order. A check that has nothing to judge is left out of the result. Checks of the host are made only
where the host itself is read (`prerequisites`, in the role `provisioning_agent_preflight`). The last column names the facts of
[product-facts.md](product-facts.md) that a check rests on.

A failure that *stops* makes an installation or a registration pointless: the role fails such a host before it changes anything. What an
agent that is seen to work does without is a warning.

<!-- `make docs` writes this page from plugins/plugin_utils/_checks. Change the declarations, not the page. -->
"""
_RETURN_LIST = re.compile(r"(?:        - C\([^)]+\) - .*\n)+(?=      type: str\n      sample: agent_service\n)")


def checks_page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(line for subject in _SUBJECTS for line in _section(subject))])


def with_return_list(module: str) -> str:
    """Return agent_verify's documentation with what each check looks at."""
    rows = (f"        - C({declared.label}) - {declared.title}.\n" for declared in declared_checks())
    changed, count = _RETURN_LIST.subn(lambda _: "".join(rows), module)
    if count != 1:
        raise ValueError(f"The list of checks is there {count} times, not once: look for {_RETURN_LIST.pattern}")
    return changed


def _of(subject: str) -> list[Declaration]:
    return [declared for declared in declared_checks() if declared.of == subject]


def _section(subject: str) -> t.Iterator[str]:
    yield f"## Of the {subject}\n"
    yield "| check | what it looks at | judged | a failure stops | facts |\n|---|---|---|---|---|"
    yield from map(_row, _of(subject))
    yield ""


def _row(check: Declaration) -> str:
    cells = (f"`{check.label}`", check.title, _when(check.needs), _when(check.blocks), ", ".join(check.facts) or "the collection's own")
    return f"| {' | '.join(cells)} |"


def _when(condition: Predicate) -> str:
    """Return a condition in the words of its docstring."""
    words = (condition.__doc__ or "").removesuffix(".")
    if not words:
        raise ValueError(f"The condition {condition.__name__} of a check has no docstring: say there when it holds.")
    return words.lower() if words in ("Always", "Never") else f"where {words[0].lower()}{words[1:]}"
