# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's download host with one package, for the tests of the controller's downloads."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.http import Session
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.transfer import Download, Proxy
from cloudlab.limits import limit
from microsoft_side import Microsoft

CONTENT = b"MZ" + bytes(range(256)) * 2000


class Mirror:
    """Serves what a test sets under one URL."""

    def __init__(self, microsoft: Microsoft) -> None:
        self.microsoft = microsoft
        self.route = "/packages/setup.exe"
        self.url = microsoft.server.url + self.route
        self.serve(CONTENT)

    def serve(self, content: bytes) -> None:
        """Put another file under the URL."""
        folder = self.microsoft.server.cloud.config.packages
        (folder / "setup.exe").write_bytes(content)
        item = {"name": "setup", "file": "setup.exe", "version": "", "sha256": hashlib.sha256(content).hexdigest()}
        (folder / "manifest.json").write_text(json.dumps([item]), encoding="utf-8")

    def download(self, *, retries: int = 2, path: str | None = None, ca_path: str | None = None) -> Download:
        """Return a download from the URL, or from another path of the server."""
        url = self.microsoft.server.url + path if path else self.url
        return Download(Session(ca_path or self.microsoft.ca_path, limit()), url, proxy=Proxy(use=False), retries=retries, seconds=limit())

    @property
    def requests(self) -> int:
        """How many requests for the package came, of any kind."""
        counts = self.microsoft.server.cloud.counters.read()
        return sum(count for name, count in counts.items() if name.endswith(" /packages/<file>"))
