# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes of the bundle, in every form that Windows hands them over."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.exit_codes import explain_exit_code
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.exit_codes import Outcome


@pytest.mark.parametrize(
    ("code", "number", "outcome"),
    [
        (0, 0, Outcome.DONE),
        (3010, 3010, Outcome.RESTART_NEEDED),
        (1641, 1641, Outcome.RESTART_NEEDED),
        (1618, 1618, Outcome.BUSY),
        (1603, 1603, Outcome.FAILED),
        (-2147023293, 1603, Outcome.FAILED),
        (0x80070643, 1603, Outcome.FAILED),
        (0x80070666, 1638, Outcome.FAILED),
        (0x80070BC2, 3010, Outcome.RESTART_NEEDED),
        (87, 87, Outcome.FAILED),
        (-1073741819, 0xC0000005, Outcome.FAILED),
        (12345, 12345, Outcome.FAILED),
    ],
)
def test_code_is_explained(code: int, number: int, outcome: Outcome) -> None:
    explained = explain_exit_code(code)
    assert (explained.number, explained.outcome) == (number, outcome)
    assert explained.meaning
    assert outcome is Outcome.DONE or explained.remedy


def test_unknown_code_is_named() -> None:
    assert "0xc0000005" in explain_exit_code(-1073741819).meaning
