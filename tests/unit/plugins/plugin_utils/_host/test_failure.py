# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a payload gave no answer, from a table of win_powershell's and Ansible's own answers."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.failure import failure_reason

LIMITED = "A policy for applications (WDAC, AppLocker) holds PowerShell on this host to a language mode in which"


def record(message: str, identifier: str = "") -> dict[str, t.Any]:
    return {"exception": {"message": message}, "fully_qualified_error_id": identifier, "output": f"{message}\nAt line:1"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"error": [record("the first"), record("the second")], "msg": "x"}, "the first"),
        ({"error": [{"exception": None, "output": " shown "}]}, "shown"),
        ({"failed": True, "msg": " refused\n"}, "refused"),
        ({"msg": "", "module_stderr": "broken"}, "broken"),
        ({}, "no answer"),
        # The script itself speaks of language modes too.
        ({"msg": "refused", "invocation": {"module_args": {"script": "ConstrainedLanguage"}}}, "refused"),
    ],
)
def test_reason_is_the_first_that_is_reported(answer: dict[str, t.Any], reason: str) -> None:
    assert failure_reason(answer) == reason


@pytest.mark.parametrize(
    "answer",
    [
        {"error": [record("Dieses Skript enth\u00e4lt ...", "ScriptContainedMaliciousContent,Microsoft.PowerShell")]},
        {"msg": "x", "module_stderr": "... + FullyQualifiedErrorId : ScriptContainedMaliciousContent"},
    ],
)
def test_refusal_by_an_antivirus_is_named_in_every_language(answer: dict[str, t.Any]) -> None:
    assert failure_reason(answer).startswith("The antivirus on this host has refused the collection's script")


@pytest.mark.parametrize(
    "answer",
    [
        {"error": [record("A policy ... to the language mode ConstrainedLanguage, in which", "A policy")]},
        {"error": [record("Le type ne peut pas ...", "MethodInvocationNotSupportedInConstrainedLanguage")]},
        {"error": [record("Der Wert ...", "ConversionSupportedOnlyToCoreTypes")]},
        {"msg": "x", "module_stderr": "... + FullyQualifiedErrorId : CannotCreateTypeConstrainedLanguage,Microsoft.PowerShell"},
        {"msg": "Provided script for 'exec_wrapper' is not trusted to run."},
        {"msg": "Cannot run untrusted PowerShell script 'x' in ConstrainedLanguage mode with module util imports"},
        {"msg": "MODULE FAILURE", "exception": "C# module util 'Ansible.Basic' is not trusted and cannot be loaded."},
    ],
)
def test_limited_language_is_reported_in_one_sentence(answer: dict[str, t.Any]) -> None:
    reason = failure_reason(answer)
    assert reason.startswith(LIMITED)
    assert "\n" not in reason and reason.count(". ") == 0
