# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds every file of the manifest: releases, what a product must refuse to run, and other agents' setups.

Only expired-stamped carries a time stamp, by the lab's own authority; real packages all do.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cloudlab.package.compiler import OTHER_AGENTS, OTHER_PRODUCT, Compiler, Program
from cloudlab.package.signing import sign
from cloudlab.pki import Pki
from cloudlab.windows.prefix import Prefix

#: Oldest first; the release channel serves the last one.
RELEASES = ("1.1.1107.0", "1.1.2334.0", "1.1.2505.0")

_OTHER_VERSION = "1.5.3027.0"
_SIGN_IN_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head><body><h1>Sign in</h1><p>Cloud Sync Lab</p></body></html>\n"
)


@dataclass(frozen=True)
class Package:
    """One file of the manifest: its name in the lab, file name, version ('' when it has none), SHA-256, what it is."""

    name: str
    file: str
    version: str
    sha256: str
    what: str


def build(directory: Path, pki: Pki, prefix: Prefix) -> list[Package]:
    """Write the packages and manifest.json to `directory`; what was there before is replaced.

    Args:
        directory: where the files go; made when it is missing.
        pki: the publishers that sign.
        prefix: a host with PowerShell, in which the agent's module is compiled.

    Raises:
        RuntimeError: a compiler or the signing tool failed; its own words are in the message.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=directory) as scratch:
        maker = _Maker(Path(scratch), pki, prefix)
        packages = [maker.finish(*plan) for plan in _plan(maker)]
        for package in packages:
            (maker.out / package.file).replace(directory / package.file)
    manifest = json.dumps([asdict(package) for package in packages], indent=2) + "\n"
    (directory / "manifest.json").write_text(manifest, encoding="utf-8")
    return packages


#: Name, version, what it is, and what writes it to a path.
Item = tuple[str, str, str, Callable[[Path], None]]


def _plan(maker: _Maker) -> list[Item]:
    new = RELEASES[-1]
    return [
        *((f"release-{version}", version, f"release {version}", maker.release(version)) for version in RELEASES),
        ("tampered", new, "a signed release with one byte changed", maker.tampered),
        ("unsigned", new, "a release that nobody signed", maker.unsigned),
        ("other-publisher", new, "a release signed by another publisher", maker.signed_by("other-publisher")),
        (
            "untrusted-publisher",
            new,
            "signed by the publisher's name under an unknown root",
            maker.signed_by("untrusted-publisher"),
        ),
        ("expired", new, "signed with a certificate that has ended", maker.signed_by("expired-publisher")),
        ("expired-stamped", new, "the same, with a time stamp from before its end", maker.signed_by("expired-publisher", stamped=True)),
        *((name, _OTHER_VERSION, f"setup of the {program.product}", maker.other_agent(program)) for name, program in OTHER_AGENTS.items()),
        (
            "other-product",
            "1.5.4287.0",
            "another product of the publisher, without the agent in it",
            maker.other_product,
        ),
        ("truncated", new, "a download that broke off", maker.truncated),
        ("empty", "", "a file of no bytes", lambda path: path.write_bytes(b"") and None),
        ("signin-page", "", "a web page in place of the package", lambda path: path.write_text(_SIGN_IN_PAGE) and None),
    ]


class _Maker:
    """Makes one kind of file after another; compiled and signed ones are kept for the kinds derived from them."""

    def __init__(self, scratch: Path, pki: Pki, prefix: Prefix) -> None:
        self.out = scratch / "out"
        self.out.mkdir()
        self._pki = pki
        self._compiler = Compiler(scratch / "work", prefix)
        self._bundles: dict[str, Path] = {}

    def finish(self, name: str, version: str, what: str, write: Callable[[Path], None]) -> Package:
        path = self.out / f"{name}.exe"
        write(path)
        return Package(name, path.name, version, hashlib.sha256(path.read_bytes()).hexdigest(), what)

    def release(self, version: str) -> Callable[[Path], None]:
        return lambda path: sign(self._bundle(version), path, self._pki, "publisher")

    def signed_by(self, publisher: str, *, stamped: bool = False) -> Callable[[Path], None]:
        # Signed in the middle of the certificate's life, as the signature itself claims; only a time stamp proves it.
        return lambda path: sign(self._bundle(RELEASES[-1]), path, self._pki, publisher, stamped=stamped)

    def other_agent(self, program: Program) -> Callable[[Path], None]:
        return lambda path: sign(self._compiler.other_agent(_OTHER_VERSION, program), path, self._pki, "publisher")

    def unsigned(self, path: Path) -> None:
        shutil.copyfile(self._bundle(RELEASES[-1]), path)

    def tampered(self, path: Path) -> None:
        content = bytearray(self._newest().read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def truncated(self, path: Path) -> None:
        content = self._newest().read_bytes()
        path.write_bytes(content[: len(content) * 3 // 4])

    def other_product(self, path: Path) -> None:
        sign(self._compiler.bundle("1.5.4287.0", OTHER_PRODUCT), path, self._pki, "publisher")

    def _newest(self) -> Path:
        return self.out / f"release-{RELEASES[-1]}.exe"

    def _bundle(self, version: str) -> Path:
        if version not in self._bundles:
            self._bundles[version] = self._compiler.bundle(version)
        return self._bundles[version]
