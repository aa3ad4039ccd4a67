# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be a secret is masked in a log, and the rest of the log stays readable."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.redaction import MASK, redact


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD=canary",
        'PASSWORD="canary two"',
        "proxyPassword: 'canary'",
        '"access_token": "canary"',
        "Setting string variable 'AdminPassword' to value 'canary'",
        "Connect -AccessToken canary -TenantId 1",
        "https://user:canary@proxy.example.com:8080/x",
        "http://canary@proxy/",
        "Authorization: Bearer canary0123456789abcdef",
        "token eyJhbGciOiJub25lIn0canary.eyJhdWQiOiJjYW5hcnkifQ.canary",
        "client_secret=canary&scope=x",
        "pwd=canary;user=x",
    ],
)
def test_secret_is_masked(line: str) -> None:
    masked = redact(f"before\n{line}\nafter")
    assert "canary" not in masked
    assert MASK in masked
    assert masked.startswith("before\n") and masked.endswith("\nafter")


@pytest.mark.parametrize(
    "line",
    [
        "[0A54:0B10][2026-11-25T20:01:02]i001: Burn v3.14.0.1316, Windows v10.0, path: C:\\x\\setup.exe",
        "The user name or password is incorrect.",
        "Verify that you have sufficient privileges to start system services.",
        "Downloading https://download.msappproxy.net/Subscription/1/Connector/provisioningAgentInstaller",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert redact(line) == line
