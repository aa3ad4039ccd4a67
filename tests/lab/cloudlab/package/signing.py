# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs programs the Authenticode way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cloudlab.package.tools import run
from cloudlab.pki import Pki


def sign(source: Path, target: Path, pki: Pki, publisher: str, stamped: datetime | None = None) -> None:
    """Write `source` signed by `publisher` (a stem of pki), with the chain up to but without the root, to `target`.

    With `stamped` the lab's time-stamping authority puts that time on the signature.

    Raises:
        RuntimeError: osslsigncode refused; its own words are in the message.
    """
    # osslsigncode takes the chain from the same file and refuses to overwrite.
    target.unlink(missing_ok=True)
    certificate, key = pki.certificate_path(publisher), pki.key_path(publisher)
    stamp: list[str | Path] = []
    if stamped:
        authority: list[str | Path] = ["-TSA-certs", pki.certificate_path("time-stamper"), "-TSA-key", pki.key_path("time-stamper")]
        stamp = [*authority, "-TSA-time", str(int(stamped.timestamp()))]
    run("osslsigncode", "sign", "-h", "sha256", "-certs", certificate, "-key", key, *stamp, "-in", source, "-out", target)
