# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""settings.ps1 on configuration files of many kinds: set, set again, taken away; everything else in a file stays as it is.

One run of settings_cases.ps1; the tests look at the bytes that came back.
"""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import expand_includes
from cloudlab.testing.ansible_runs import ROOT

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts

Outcomes = dict[str, list[dict[str, t.Any]]]

LAB_HOSTS = 1
PLAIN = (ROOT / "tests/lab/native/AADConnectProvisioningAgent.exe.config").read_text(encoding="utf-8")
SECTIONS = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <!-- kept: caf\u00e9 -->
  <configSections>
    <section name="mine" type="Mine" />
  </configSections>
  <appSettings>
    <add key="ServiceBusConnectionMode" value="WebSocket" />
  </appSettings>
  <runtime>
    <assemblyBinding xmlns="urn:schemas-microsoft-com:asm.v1"><probing privatePath="bin" /></assemblyBinding>
  </runtime>
</configuration>
"""
BY_HAND = """<configuration>
  <system.net>
    <settings><httpWebRequest useUnsafeHeaderParsing="true" /></settings>
    <defaultProxy enabled="false"><proxy autoDetect="False" proxyaddress="http://user:c@n/ary@old:1" /></defaultProxy>
  </system.net>
</configuration>
"""
WHOLE = {
    "plain": PLAIN.encode(),
    "crlf-bom": b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
    "utf-16": SECTIONS.replace("utf-8", "utf-16").encode("utf-16"),
    "sections": SECTIONS.encode(),
    "by-hand": BY_HAND.encode(),
    "one-line": b"<configuration></configuration>",
    "empty-root": b"<configuration />",
}
REFUSED = {
    "malformed": b"<configuration><runtime></configuration>",
    "other-root": b"<settings />",
    "doctype": b'<!DOCTYPE configuration [<!ENTITY x SYSTEM "file:///c:/windows/win.ini">]><configuration>&x;</configuration>',
    "not-text": b"\xff\xfe\x00\xd8",
    "missing": b"",
}
ENCODINGS = {"utf-16": "utf-16", "crlf-bom": "utf-8-sig"}


@pytest.fixture(scope="module")
def outcomes(lab: Lab, direct_host: DirectHosts) -> Outcomes:
    """Return for each case the outcome of setting, of setting again, and of taking away."""
    cases = Path(__file__).with_name("settings_cases.ps1").read_text(encoding="ascii")
    given = {name: base64.b64encode(content).decode() for name, content in (WHOLE | REFUSED).items()}
    return dict(direct_host(lab.hosts[0]).run_script(expand_includes(cases), Cases=json.dumps(given)))


def text_of(name: str, content: str) -> str:
    """Return a file's text."""
    return base64.b64decode(content).decode(ENCODINGS.get(name, "utf-8"))


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_settings_are_set_once_and_taken_away(outcomes: Outcomes, name: str) -> None:
    first, second, away = outcomes[name]
    assert [(outcome["error"], outcome["changed"]) for outcome in outcomes[name]] == [("", True), ("", False), ("", True)]
    assert first["fact"]["proxy"] == {
        "enabled": True,
        "url": "http://proxy:8080",
        "bypass_on_local": True,
        "use_default_credentials": False,
        "bypass_list": ["a", "b"],
    }
    assert first["fact"]["enforce_fips_policy"] is False
    assert second["content"] == first["content"]
    assert (away["fact"]["proxy"], away["fact"]["enforce_fips_policy"]) == (None, None)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_file_from_before_is_kept_beside_it(outcomes: Outcomes, name: str) -> None:
    first, second, away = outcomes[name]
    assert base64.b64decode(first["backup"]) == WHOLE[name]
    assert base64.b64decode(away["backup"]) == base64.b64decode(second["content"])
    # The file and a backup for each change; nothing under a temporary name.
    assert [outcome["files"] for outcome in outcomes[name]] == [2, 2, 3]


@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"one-line", "empty-root"}))
def test_everything_else_stays(outcomes: Outcomes, name: str) -> None:
    contents = (base64.b64encode(WHOLE[name]).decode(), outcomes[name][0]["content"])
    before, after = (text_of(name, content).splitlines() for content in contents)
    ours = ("defaultProxy", "<proxy ", "enforceFIPSPolicy")
    kept = [line for line in before if line not in after and not any(word in line for word in ours)]
    assert kept == []


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_encoding_and_line_ends_stay(outcomes: Outcomes, name: str) -> None:
    before, after = WHOLE[name], base64.b64decode(outcomes[name][0]["content"])
    marks = (b"\xef\xbb\xbf", b"\xff\xfe")
    assert [after.startswith(mark) for mark in marks] == [before.startswith(mark) for mark in marks]
    text = after.decode(ENCODINGS.get(name, "utf-8"))
    assert ("\r\n" in text) == ("\r\n" in before.decode(ENCODINGS.get(name, "utf-8")))
    assert "\n" not in text.replace("\r\n", "") or "\r\n" not in text


def test_attributes_of_others_stay(outcomes: Outcomes) -> None:
    text = text_of("by-hand", outcomes["by-hand"][0]["content"])
    assert 'autoDetect="False"' in text and 'proxyaddress="http://proxy:8080"' in text
    assert "useUnsafeHeaderParsing" in text_of("by-hand", outcomes["by-hand"][2]["content"])


def test_password_in_an_address_is_not_read(outcomes: Outcomes) -> None:
    assert outcomes["by-hand"][0]["before"]["proxy"]["url"] == "http://********@old:1"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_file_that_is_no_configuration_is_refused(outcomes: Outcomes, name: str) -> None:
    assert all(outcome["error"] for outcome in outcomes[name])
