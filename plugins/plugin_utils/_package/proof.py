# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installer package must be before it may run, and the sentence for each reason why one may not.

The comparison itself is made on the host (powershell/library/package.ps1), so that a refused file never gets its final name; the
rules go there as data and the reason comes back as a code.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import hashlib
import os
import re
import typing as t

from .._core.errors import ConfigurationError
from .._core.version import parse_version
from .facts import PackageFacts, Signature

#: Subject of Microsoft's code signing certificates, as Windows prints it.
MICROSOFT_PUBLISHER = "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"

#: SHA-1 thumbprints of the roots that Microsoft signs its products under: Root Certificate Authority 2010 and 2011, and
#: Identity Verification Root Certificate Authority 2020 (public, in every Windows root store).
MICROSOFT_ROOTS = (
    "3B1EFD3A66EA28B16697394703A72CA340A05BD5",
    "8F43288AD272F3103B6FB1428485EA3014C0BCFE",
    "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2",
)

#: The version resource's product name, before and after the change of name. The download host serves sibling products
#: (private network connector, Global Secure Access client) under nearly the same URL.
PRODUCT_NAMES = (
    "Microsoft Azure AD Connect Provisioning Agent Package",
    "Microsoft Azure AD Connect Provisioning Agent",
    "Microsoft Entra Provisioning Agent Package",
    "Microsoft Entra Provisioning Agent",
    "Microsoft Entra Connect Provisioning Agent Package",
    "Microsoft Entra Connect Provisioning Agent",
)

#: What is said of a signature that is not there.
_NO_SIGNATURE = Signature("NotSigned", "", None, None, None, None, None, None, None, expired=False)
_HEX_DIGITS = set("0123456789abcdef")


def package_rules(options: t.Mapping[str, t.Any], version: str | None) -> dict[str, t.Any]:
    """Return the rules for Get-PackageRefusal from a module's package options.

    Raises:
        ConfigurationError: the version or the SHA-256 is not well-formed.
    """
    return {
        "publisher": [str(subject) for subject in options["publisher"]],
        "root_thumbprints": [_normal_hex(thumbprint, 40, "root_thumbprints").upper() for thumbprint in options["root_thumbprints"]],
        "product_names": [str(name) for name in options["product_names"]],
        "minimum_size": int(options["minimum_size"]),
        "sha256": _normal_hex(options["sha256"], 64, "sha256") if options["sha256"] else "",
        # Four parts: the host's System.Version takes a part that is missing for less than 0.
        "version": ".".join(str(part) for part in parse_version(version)) if version else "",
    }


def _normal_hex(text: str, digits: int, option: str) -> str:
    normal = str(text).replace(" ", "").replace(":", "").lower()
    if len(normal) != digits or not set(normal) <= _HEX_DIGITS:
        raise ConfigurationError(f"'{text}' in '{option}' is not well-formed: write {digits} hexadecimal digits.")
    return normal


_PAGE = re.compile(rb"^\W*<(!doctype|html|\?xml)", re.IGNORECASE)


def sha256_of(path: str) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def early_refusal(path: str, name: str, rules: t.Mapping[str, t.Any]) -> PackageFacts:
    """Return what is known of a package without Windows, and under "refusal" why it may not be sent.

    Args:
        path: the file on the controller.
        name: what it is called in a refusal, its address or path.
        rules: what it must be, from package_rules.
    """
    size, sha256 = os.path.getsize(path), sha256_of(path)
    with open(path, "rb") as file:
        start = file.read(512)
    reasons = {
        "empty": size == 0,
        "page": bool(_PAGE.match(start)),
        "not_program": not start.startswith(b"MZ"),
        "too_small": size < rules["minimum_size"],
        "sha256": bool(rules["sha256"]) and sha256 != rules["sha256"],
    }
    refusal = next((code for code, holds in reasons.items() if holds), "")
    return PackageFacts(name, refusal, size=size, sha256=sha256)


def refusal_sentence(fact: PackageFacts, rules: t.Mapping[str, t.Any]) -> str:
    """Say why a package was refused and what to do.

    Args:
        fact: the package, with a code under "refusal".
        rules: what it was compared with, from package_rules.
    """
    signature = fact.signature or _NO_SIGNATURE
    sentences = {
        "missing": "the file does not exist; run agent_download first or correct the path",
        "empty": "the file is empty; fetch it again",
        "page": "the file is a web page, most likely a sign-in or block page of a proxy; check the URL and the way there",
        "not_program": "the file is no Windows program; check the URL or the path",
        "truncated": f"the file is cut off after {fact.size} bytes; fetch it again",
        "too_small": f"the file has only {fact.size} bytes, less than minimum_size {rules['minimum_size']}; check the URL",
        "unsigned": "the file carries no signature; take the package from Microsoft",
        "tampered": "the file was changed after it was signed; take the package from Microsoft",
        "expired": f"its signer's certificate ended {signature.not_after}, and no time stamp from before that is on it; "
        "take a newer package from Microsoft",
        "signature": f"Windows judges its signature as {signature.status} ({signature.message})",
        "publisher": f"it is signed by '{signature.subject}', which is not in 'publisher'",
        "root": f"its signature ends in the root {signature.root_thumbprint} ({signature.root}), "
        "which is not in 'root_thumbprints'",
        "product": f"it is another product, '{fact.product_name}'; check the last part of the URL",
        "sha256": f"its SHA-256 is {fact.sha256}, expected was {rules['sha256']}",
        "older": f"it has version {fact.version}, older than the wanted {rules['version']}; take a newer package or ask for less",
    }
    return f"The package {fact.path} is refused: {sentences.get(fact.refusal, fact.refusal)}."
