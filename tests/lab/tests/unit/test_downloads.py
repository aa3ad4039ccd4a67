# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The download host: addresses, partial downloads, and the page that is no file."""

from __future__ import annotations

import pytest
from cloudlab.limits import limit
from cloudlab.microsoft.downloads import SUBSCRIPTION
from microsoft_client import Client

NEWEST = b"release-1.1.2505.0" * 1000
RELEASE = f"/Subscription/{SUBSCRIPTION}/Connector/provisioningAgentInstaller"


def test_the_release_channel_serves_the_newest_release(shared: Client) -> None:
    answer = shared.get(RELEASE)
    assert (answer.status_code, answer.content) == (200, NEWEST)
    assert "AADConnectProvisioningAgentSetup.exe" in answer.headers["Content-Disposition"]


def test_another_last_word_serves_another_product(shared: Client) -> None:
    answer = shared.get(f"/Subscription/{SUBSCRIPTION}/Connector/DownloadConnectorInstaller")
    assert answer.content.startswith(b"other-product")


@pytest.mark.parametrize("path", ["/Subscription/none/Connector/provisioningAgentInstaller", f"/Subscription/{SUBSCRIPTION}/other"])
def test_a_wrong_address_serves_a_page_with_status_200(shared: Client, path: str) -> None:
    answer = shared.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_download_can_be_resumed_and_revalidated(shared: Client) -> None:
    head = shared.session.head(shared.url + RELEASE, timeout=limit())
    assert (head.headers["Content-Length"], head.content) == (str(len(NEWEST)), b"")
    part = shared.session.get(shared.url + RELEASE, headers={"Range": "bytes=10000-"}, timeout=limit())
    assert (part.status_code, part.content) == (206, NEWEST[10000:])
    same = shared.session.get(shared.url + RELEASE, headers={"If-None-Match": head.headers["ETag"]}, timeout=limit())
    assert same.status_code == 304


def test_every_file_of_the_manifest_is_there_and_no_other(shared: Client) -> None:
    assert shared.get("/packages/release-1.1.977.0.exe").status_code == 200
    assert shared.get("/packages/manifest.json").status_code == 404


def test_links_lead_on(shared: Client) -> None:
    assert shared.get("/short/release-1.1.977.0.exe").content.startswith(b"release-1.1.977.0")
    plain = shared.session.get(f"{shared.url}/plain/release-1.1.977.0.exe", allow_redirects=False, timeout=limit())
    assert plain.headers["Location"].startswith("http://")


def test_downloads_and_their_bytes_are_counted(client: Client) -> None:
    client.get(RELEASE)
    client.session.head(client.url + RELEASE, timeout=limit())
    counts = client.control("GET", "state").json()["counts"]
    assert (counts["downloads"], counts["download_bytes"]) == (1, len(NEWEST))
