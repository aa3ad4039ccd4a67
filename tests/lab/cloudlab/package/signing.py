# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs programs the Authenticode way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cloudlab.package.tools import run
from cloudlab.pki import Pki


def sign(source: Path, target: Path, pki: Pki, publisher: str, *, stamped: bool = False) -> None:
    """Write `source` signed by `publisher` (a stem of pki), with the chain up to but without the root, to `target`.

    The signature claims to be from a time when the publisher's certificate was valid; with `stamped` the lab's time-stamping authority says
    so too.

    Raises:
        RuntimeError: osslsigncode refused; its own words are in the message.
    """
    # osslsigncode takes the chain from the same file and refuses to overwrite.
    target.unlink(missing_ok=True)
    certificate, key = pki.certificate_path(publisher), pki.key_path(publisher)
    time = str(int(min(pki.middle_of_life(publisher), datetime.now(UTC)).timestamp()))
    authority: list[str | Path] = ["-TSA-certs", pki.certificate_path("time-stamper"), "-TSA-key", pki.key_path("time-stamper")]
    stamp = [*authority, "-TSA-time", time] if stamped else []
    signing = ["-h", "sha256", "-certs", certificate, "-key", key, "-time", time, *stamp]
    run("osslsigncode", "sign", *signing, "-in", source, "-out", target)
