# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause of a failed installation, from exit codes, logs and facts."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.causes import is_half_removed, likely_cause
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from host_facts import empty_host, host

PRIVILEGES = "e000: Service 'x' (x) failed to start. Verify that you have sufficient privileges to start system services."


@pytest.mark.parametrize(
    ("code", "log", "facts", "words"),
    [
        (1603, "", host(vault__start_type="disabled"), "Credential Manager"),
        (1603, "Error 0x80070643: Credential Manager (VaultSvc) is disabled.", empty_host(), "Credential Manager"),
        (-2147023293, PRIVILEGES, empty_host(), "may not log on"),
        # In German, with the number of Windows Installer's error and of Windows' own.
        (1603, "Fehler 1920. Der Dienst konnte nicht gestartet werden.", empty_host(), "may not log on"),
        (1603, "e000: Fehler 0x80070070: Es steht nicht genug Speicherplatz zur Verfuegung.", empty_host(), "disk is full"),
        (1603, "", host(product__version=None), "half removed"),
        (1603, "", empty_host(), None),
        (-2114715647, "This product requires Windows Server 2012 R2 or higher.", empty_host(), "does not serve"),
        (112, "", empty_host(), "disk is full"),
        (1618, "", empty_host(), "another installation"),
        (1602, "", empty_host(), None),
    ],
)
def test_cause_is_named(code: int, log: str, facts: HostFacts, words: str | None) -> None:
    cause = likely_cause(code, log, facts)
    assert (words in cause.meaning and bool(cause.remedy)) if cause and words else cause is words


def test_half_removed_needs_rows_without_a_program() -> None:
    assert is_half_removed(host(product__version=None))
    assert not is_half_removed(host())
    assert not is_half_removed(empty_host())
