# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules, in the order in which their findings are printed."""

from __future__ import annotations

from collections.abc import Sequence

from payload_checks import commands, dotnet, own
from payload_checks.finding import FileRule, Finding, of_rule
from payload_checks.order import order_of_scripts
from payload_checks.walk import Source

FILE_RULES: tuple[FileRule, ...] = (
    commands.syntax_of_windows_powershell,
    commands.commands_of_windows_powershell,
    dotnet.types_of_the_framework,
    dotnet.constructors_of_the_framework,
    dotnet.static_members_of_the_framework,
    dotnet.instance_members_of_the_framework,
    dotnet.linked_members_of_the_framework,
    own.culture_of_texts,
    own.protocols_of_a_handshake,
    own.nothing_as_a_value,
    own.secrets_through_parameters,
    own.separators_of_a_split,
)


def findings(sources: Sequence[Source]) -> list[Finding]:
    """Return what all rules find, by file and line."""
    found = {finding for rule in FILE_RULES for finding in of_rule(rule, sources)} | set(order_of_scripts(sources))
    return sorted(found, key=lambda finding: (finding.path, finding.line, finding.rule, finding.message))
