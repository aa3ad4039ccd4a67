# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The download host (D1 to D10): the newest release without a sign-in, and a page instead of a file for a wrong address.

Left out: the difference between release and preview channel, which serve the same file here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloudlab.microsoft.cloud import Cloud, current_cloud
from flask import Blueprint, Response, abort, redirect, request, send_file
from werkzeug.wrappers import Response as WerkzeugResponse

SUBSCRIPTION = "d3c8b69d-6bf7-42be-a529-3fe9c2e70c90"
_AGENT_CHANNELS = ("provisioningagentinstaller", "previewprovisioningagentinstaller")
#: The private network connector's (D10): a wrong last word serves another product.
_OTHER_CHANNEL = "downloadconnectorinstaller"
_SIGN_IN_PAGE = "<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body><h1>Sign in</h1></body></html>"

downloads = Blueprint("downloads", __name__)


@downloads.get("/Subscription/<path:path>")
def subscription(path: str) -> Response:
    """Serve an installer; every address that is none answers 200 with a sign-in page, as the real host does."""
    parts = path.casefold().split("/")
    if len(parts) == 3 and parts[:2] == [SUBSCRIPTION, "connector"]:
        if parts[2] in _AGENT_CHANNELS:
            return _send(_newest_release(), "AADConnectProvisioningAgentSetup.exe")
        if parts[2] == _OTHER_CHANNEL:
            return _send(_named("other-product"), "MicrosoftEntraPrivateNetworkConnectorInstaller.exe")
    return Response(_SIGN_IN_PAGE, content_type="text/html; charset=utf-8")


@downloads.get("/short/<file>")
def short_link(file: str) -> WerkzeugResponse:
    """Lead on to a file, as aka.ms does (D6)."""
    return redirect(f"/packages/{file}")


@downloads.get("/plain/<file>")
def plain_link(file: str) -> WerkzeugResponse:
    """Lead on to an address without TLS, as no mirror should."""
    return redirect(f"http://{request.host}/packages/{file}")


@downloads.get("/packages/<file>")
def package(file: str) -> Response:
    """Serve any file of the manifest, as a mirror of one's own would."""
    found = next((item for item in _manifest() if item["file"] == file), None)
    return _send(found, file)


def _manifest() -> list[dict[str, Any]]:
    path = current_cloud().config.packages / "manifest.json"
    if not path.is_file():
        abort(503, f"The lab's packages are not built: {path.name} is missing. Run the bootstrap.")
    manifest: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _newest_release() -> dict[str, Any] | None:
    releases = [item for item in _manifest() if item["name"].startswith("release-")]
    return max(releases, key=lambda item: [int(part) for part in item["version"].split(".")], default=None)


def _named(name: str) -> dict[str, Any] | None:
    return next((item for item in _manifest() if item["name"] == name), None)


def _send(item: dict[str, Any] | None, name: str) -> Response:
    if item is None:
        abort(404, "The lab has no such package.")
    cloud = current_cloud()
    path = (cloud.config.packages / item["file"]).resolve()
    response = send_file(path, "application/octet-stream", True, name, conditional=True, etag=item["sha256"])
    if request.method == "GET" and response.status_code in (200, 206):
        cloud.counters.add("downloads")
        response.response = _counted(cloud, response.response)  # type: ignore[arg-type]
        response.direct_passthrough = False
    return response


def _counted(cloud: Cloud, body: Iterable[bytes]) -> Iterator[bytes]:
    try:
        for block in body:
            cloud.counters.add("download_bytes", len(block))
            yield block
    finally:
        getattr(body, "close", lambda: None)()
