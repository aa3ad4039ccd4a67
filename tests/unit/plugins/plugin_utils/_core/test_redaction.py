# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be a secret is masked in a log, and the rest of the log stays readable."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.redaction import (
    MASK,
    mask_addresses,
    masked_address,
    redact,
)

ADDRESSES = [
    "https://user:canary@proxy.example.com:8080/x",
    "http://canary@proxy/",
    "http://user:can@canary/canary@proxy:8080",
    "user:canary@proxy:8080 is no address",
    "(CONTOSO\\user:canary@proxy:8080)",
    "https://store.blob.core.windows.net/p/setup.exe?sv=2024-11-04&sp=r&sig=canary%2Bcanary%3D",
    "store.blob.core.windows.net/p/setup.exe?sv=2024-11-04&amp;sig=canary",
    "sv=2024-11-04&sp=r&sig=canary%3D",
    "https://mirror.example/setup.exe?code=canary",
    "https://mirror.example/setup.exe?whatever=canary#x",
]


@pytest.mark.parametrize("line", ADDRESSES)
def test_address_is_masked_wherever_it_stands_in_a_result(line: str) -> None:
    masked = mask_addresses({"msg": f"before {line}", "checks": [{"actual": line, "number": 1}], "none": None})
    assert "canary" not in str(masked)
    assert (masked["msg"].startswith("before "), masked["checks"][0]["number"], masked["none"]) == (True, 1, None)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://proxy:8080", "http://proxy:8080"),
        ("http://u:p@proxy:8080", "http://********@proxy:8080"),
        ("http://u:p?q#/@x@proxy:8080", "http://********@proxy:8080"),
        ("u:p@proxy:8080", "********@proxy:8080"),
        ("https://mirror/x.exe?sig=p", "https://mirror/x.exe?********"),
        ("proxy", "proxy"),
        ("", ""),
    ],
)
def test_what_is_known_to_be_an_address_keeps_its_host_and_path(address: str, shown: str) -> None:
    assert masked_address(address) == shown


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD=canary",
        'PASSWORD="canary two"',
        "proxyPassword: 'canary'",
        '"access_token": "canary"',
        "Setting string variable 'AdminPassword' to value 'canary'",
        "Connect -AccessToken canary -TenantId 1",
        "Authorization: Bearer canary0123456789abcdef",
        "token eyJhbGciOiJub25lIn0canary.eyJhdWQiOiJjYW5hcnkifQ.canary",
        "client_secret=canary&scope=x",
        "pwd=canary;user=x",
        "Authorization: Basic Y2FuYXJ5",
        "Proxy-Authorization: Basic dXNlcjpjYW5hcnk= canary",
        '"authorization": "Basic canary",',
        'Authorization: Digest username="canary", response="canary"',
        r'\"Authorization\": \"NTLM canary\",',
        r'"password": "ab\"canary", "next": 1',
        r"'secret': 'it\'s canary'",
        "password = 'it''s canary'",
        'PASSWORD="ab""canary"',
        'Set-It -Password "ab`"canary" -Other 1',
        r'{"body": "{\"token\": \"ab\\\"canary\", \"x\": 1}"}',
        'password: "canary that was cut',
        "the password token=canary",
        "Bearer%20eyJhbGciOiJub25lIn0canary.eyJhdWQiOiJjYW5hcnkifQ.canary",
        "HTTPS_PROXY=user:canary@proxy:8080",
        *ADDRESSES,
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
        "Basic authentication is off, and Basic constrained delegation too.",
        "Authorization: the account may not do that.",
        "Verify that you have sufficient privileges to start system services.",
        "A person signs in as admin@contoso.lab; see https://aka.ms/devicelogin.",
        r"C:\ProgramData\x at 12:30:01, [::1]:443",
        "Downloading https://download.msappproxy.net/Subscription/1/Connector/provisioningAgentInstaller",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert redact(line) == line


def test_user_name_and_password_in_base_64_are_masked_wherever_they_stand() -> None:
    assert redact("sent Basic dXNlcjpwdw== to it") == f"sent Basic {MASK} to it"
    assert redact("Basic dXNlcjpwd-") == "Basic dXNlcjpwd-"


def test_what_stands_beside_a_secret_stays() -> None:
    assert redact('{"token": "a\\"b", "host": "win1"}') == f'{{"token": {MASK}, "host": "win1"}}'
