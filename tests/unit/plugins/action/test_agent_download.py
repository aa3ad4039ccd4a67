# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action agent_download on a fake host: what the host is asked to do for each source, and how each end is reported."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible import constants
from ansible_collections.entra_ops.cloud_sync.plugins.action import agent_download
from ansible_collections.entra_ops.cloud_sync.plugins.action.agent_download import ActionModule
from fake_host import FakeHost

DEST = r"C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe"
URL = "https://mirror.example/setup.exe"
PACKAGE: dict[str, t.Any] = {"path": DEST, "refusal": "", "present": True, "size": 7, "sha256": "ab", "version": "1.1.2505.0"}


def answer(action: str = "fetched", **changes: t.Any) -> dict[str, t.Any]:
    """Return what download.ps1 answers."""
    package = PACKAGE if action in ("fetched", "present") else None
    rest = {"installed_version": None, "error": "", "attempts": 1, "resumed": False, "certificate": None, "proxy": None, "staged_path": ""}
    return {"action": action, "package": package, **rest, **changes}


def run(reply: dict[str, t.Any], *, changed: bool = False, check_mode: bool = False, **options: t.Any) -> tuple[dict[str, t.Any], FakeHost]:
    host = FakeHost()
    host.answer("download", reply, changed=changed)
    result = host.run("agent_download", {"accept_eula": True, "url": URL, **options}, check_mode=check_mode)
    json.dumps(result)
    return result, host


def test_host_fetches_the_package() -> None:
    result, host = run(answer(attempts=2, resumed=True), changed=True, proxy_url="http://p:1", proxy_username="u", proxy_password="canary")
    parameters = host.asked[0].parameters
    assert (parameters["Mode"], parameters["Url"], parameters["Destination"], parameters["ProxyUserName"]) == ("fetch", URL, DEST, "u")
    assert host.asked[0].secret == {"ProxyPassword": "canary"}
    assert (result["changed"], result["downloaded"], result["attempts"], result["resumed"]) == (True, True, 2, True)
    assert result["msg"] == f"The package {DEST} (1.1.2505.0) was fetched and proven."
    assert "canary" not in json.dumps(result)


@pytest.mark.parametrize(
    ("reply", "options", "words"),
    [
        (answer("present"), {}, "is there and proven."),
        (answer("present"), {"state": "latest"}, f"is there, proven, and what {URL} has now."),
        (answer("installed", installed_version="1.1.2505.0"), {}, "The host already runs 1.1.2505.0: no package is needed."),
    ],
)
def test_package_that_is_not_needed_is_not_fetched(reply: dict[str, t.Any], options: dict[str, t.Any], words: str) -> None:
    result, _ = run(reply, **options)
    assert (result["changed"], result["downloaded"], result["failed"]) == (False, False, False)
    assert words in result["msg"]


def test_check_mode_only_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[str, str]] = []
    monkeypatch.setattr(agent_download, "predict_fetch", lambda *where: noted.append(where))
    result, host = run(answer("fetch"), check_mode=True)
    assert (host.asked[0].parameters["Mode"], result["changed"], noted) == ("probe", True, [("win1", DEST)])
    assert result["msg"] == f"The package would be fetched from {URL}."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer(package={**PACKAGE, "refusal": "unsigned"}), "carries no signature"),
        (answer(package=None, error="status code '407'", attempts=3), "(3 tries): status code '407'. The proxy wants to know who asks"),
        (answer("burnt"), "says that it has done 'burnt'"),
        ({**answer(), "package": {**PACKAGE, "signature": {}}}, "answered with nothing for package.signature.status"),
    ],
)
def test_what_goes_wrong_is_reported(reply: dict[str, t.Any], words: str) -> None:
    result, _ = run(reply)
    assert result["failed"] and words in result["msg"]
    assert result["downloaded"] is False


def test_share_that_cannot_be_read_is_reported() -> None:
    result, host = run(answer("fetch", error="access denied"), source="share", src=r"\\files\packages\setup.exe")
    assert host.asked[0].parameters["SharePath"] == r"\\files\packages\setup.exe"
    assert "cannot be read by win1: access denied" in result["msg"]


def test_file_of_the_controller_is_sent_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "setup.exe"
    file.write_bytes(b"MZ" + bytes(16))
    monkeypatch.setattr(ActionModule, "_find_needle", lambda self, kind, name: name)
    options = {"accept_eula": True, "source": "file", "src": str(file), "minimum_size": 1}
    host = FakeHost()
    host.answer("download", answer("fetch", staged_path=r"C:\x.part"))
    host.answer("download", answer(), changed=True)
    result = host.run("agent_download", options)
    assert [request.parameters["Mode"] for request in host.asked] == ["prepare", "fetch"]
    assert (host.files, host.asked[1].parameters["StagedPath"], result["downloaded"]) == ([(str(file), r"C:\x.part")], r"C:\x.part", True)
    again = FakeHost()
    again.answer("download", answer("present"))
    assert again.run("agent_download", options)["changed"] is False
    assert again.files == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accept_eula": False}, "licence terms are not accepted"),
        ({"url": "http://mirror/setup.exe"}, "starts with https://"),
        ({"retries": -1}, "'retries' is -1"),
        ({"source": "file", "src": "/nowhere"}, "cannot be read on the controller"),
        ({"source": "controller", "proxy_use_default_credential": True}, "is for hosts only"),
    ],
)
def test_bad_input_is_refused_before_the_host_is_asked(options: dict[str, t.Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionModule, "_find_needle", lambda self, kind, name: name)
    result, host = run(answer(), **options)
    assert result["failed"] and words in result["msg"] and host.names == []


KEPT = "would leave the proxy's password, or the key in the package's address, there in a file"
SIGNED = f"{URL}?sv=2024-11-04&sig=canary%3D"


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, False),
        ({"proxy_url": "http://p:1"}, False),
        ({"url": SIGNED}, True),
        ({"proxy_url": "http://p:1", "proxy_username": "u", "proxy_password": "canary"}, True),
    ],
)
def test_secrets_are_not_sent_where_ansible_keeps_its_files(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], refused: bool
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", True)
    result, host = run(answer(), **options)
    assert (result["failed"], bool(host.asked), KEPT in result["msg"]) == (refused, not refused, refused)
