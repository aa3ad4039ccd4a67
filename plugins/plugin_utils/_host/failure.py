# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a payload has given no answer, in a sentence: its own error, or what Ansible's modules say where it did not come to run.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

Result = t.Mapping[str, t.Any]

#: What PowerShell's error identifiers, which are the same in every language, and Ansible say where a policy holds scripts down.
_CONSTRAINED = re.compile(
    r"(Constrained|Restricted|No)Language\b|InConstrainedLanguage|ConversionSupportedOnlyToCoreTypes|CannotCreateOnlyCoreTypes"
    r"|is not trusted (to run|and cannot be loaded)"
)
_LIMITED = (
    "A policy for applications (WDAC, AppLocker) holds PowerShell on this host to a language mode in which this collection cannot work: "
    "exempt the account of the connection from the policy, or use the agent's wizard."
)

#: PowerShell's error identifier, the same in every language, where the host's antivirus has refused a script.
_MALICIOUS = re.compile(r"ScriptContainedMaliciousContent")
_REFUSED = (
    "The antivirus on this host has refused the collection's script (ScriptContainedMaliciousContent): look for the refusal in its log, "
    "and exempt the account of the connection."
)


def failure_reason(answer: Result) -> str:
    """Return why win_powershell's answer holds no result."""
    for pattern, sentence in ((_CONSTRAINED, _LIMITED), (_MALICIOUS, _REFUSED)):
        if any(pattern.search(text) for text in _texts(answer)):
            return sentence
    for record in answer.get("error") or []:
        message = (record.get("exception") or {}).get("message") or record.get("output")
        if message:
            return str(message).strip()
    return str(answer.get("msg") or answer.get("module_stderr") or "no answer").strip()


def _texts(answer: Result) -> Iterator[str]:
    """Yield the texts about an error, without the script itself, which an answer repeats."""
    for record in answer.get("error") or []:
        yield str(record.get("fully_qualified_error_id") or "")
        yield str((record.get("exception") or {}).get("message") or "")
    for name in ("msg", "exception", "module_stderr", "module_stdout"):
        yield str(answer.get(name) or "")
