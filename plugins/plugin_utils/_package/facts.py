# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says about a package file, and about fetching one: the answer of the payload download.ps1.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses

from .._core.parsing import UtcTime


@dataclasses.dataclass(frozen=True)
class Signature:
    """A file's Authenticode signature; all but status, message and expired are None where the file carries none, or none to be read."""

    status: str
    message: str
    subject: str | None
    issuer: str | None
    thumbprint: str | None
    root: str | None
    root_thumbprint: str | None
    not_after: UtcTime | None
    time_stamp: UtcTime | None
    expired: bool


@dataclasses.dataclass(frozen=True)
class PackageFacts:
    """A package file, and why it may not be run.

    Attributes:
        path: where it lies, or its address.
        refusal: a code that refusal_sentence words, '' when nothing is against it.
        size: bytes, None where there is no file; likewise what follows. What is no program has no more than size and sha256.
        complete: whether the file reaches as far as its header says.
    """

    path: str
    refusal: str
    present: bool = True
    size: int | None = None
    program: bool = False
    page: bool = False
    complete: bool | None = None
    sha256: str | None = None
    product_name: str | None = None
    original_filename: str | None = None
    version: str | None = None
    signature: Signature | None = None


@dataclasses.dataclass(frozen=True)
class PresentedCertificate:
    """A certificate that was refused; subject and issuer are '' where a second look at it failed."""

    host: str
    subject: str
    issuer: str


@dataclasses.dataclass(frozen=True)
class ProxyInUse:
    """The proxy that a host took.

    Attributes:
        origin: where it is set: option (given to the module), agent (its exe.config), dotnet (machine.config), machine or user (Windows'
            Internet options), winhttp (netsh winhttp); none where none is set.
        url: its address, or that of the script that chooses it; '' for none.
    """

    origin: str
    url: str


@dataclasses.dataclass(frozen=True)
class DownloadAnswer:
    """What the payload download.ps1 answers with.

    Attributes:
        action: installed (no package needed), present, fetch (would be, or is to be sent), fetched.
        installed_version: the agent's version, None without an agent.
        package: the package that is there or was fetched, None when there is none.
        error: why it could not be had, '' when it could.
        attempts: tries of a download.
        resumed: whether one of them went on where another had broken off.
        certificate: the certificate that the host refused, if it did.
        proxy: the proxy of a download, None without one.
        staged_path: where the controller is to put the file, for the mode prepare.
    """

    action: str
    installed_version: str | None
    package: PackageFacts | None
    error: str
    attempts: int
    resumed: bool
    certificate: PresentedCertificate | None
    proxy: ProxyInUse | None
    staged_path: str
