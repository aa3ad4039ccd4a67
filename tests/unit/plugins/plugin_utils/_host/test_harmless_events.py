# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which errors of the agent's log are taken for harmless, from a table of texts; the host's .NET reads these patterns as Python does."""

from __future__ import annotations

import re

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.harmless_events import HARMLESS_EVENTS

TEXTS = {
    "Unable to initialize metrics collector.": True,
    "System.UnauthorizedAccessException: Access to the registry key 'Global' is denied.": True,
    "L'acc\u00e8s \u00e0 la cl\u00e9 de Registre \u00ab\u00a0Global\u00a0\u00bb est refus\u00e9.": True,
    "Der Zugriff auf den Registrierungsschl\u00fcssel \u201eGlobal\u201c wurde verweigert.": True,
    "Zugriff verweigert\n   bei System.Diagnostics.PerformanceCounterLib.GetStringTable(Boolean isHelp)": True,
    "The signed-in user is no Global Administrator.": False,
    "Unable to find a global catalog.": False,
    "Access to the registry key 'TenantID' is denied.": False,
    "The connection to the service bus was lost.": False,
}


@pytest.mark.parametrize("text", TEXTS)
def test_harmless_events_are_known_by_their_text(text: str) -> None:
    assert any(re.search(event.pattern, text, re.IGNORECASE) for event in HARMLESS_EVENTS) is TEXTS[text]


def test_patterns_reach_the_host_as_ascii() -> None:
    assert all(event.pattern.isascii() and event.meaning and event.fact for event in HARMLESS_EVENTS)
