# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges how bringing a package to a host has ended. Pure: the payload's answer in, a verdict out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._core.results import as_result
from .._core.verdict import Verdict
from .facts import DownloadAnswer, PackageFacts
from .proof import refusal_sentence
from .transfer import failed_sentence

_MESSAGES = {
    "installed": "The host already runs {installed}: no package is needed.",
    "present": "The package {path} ({version}) is there and proven.",
    "newest": "The package {path} ({version}) is there, proven, and what {source} has now.",
    "fetch": "The package would be fetched from {source}.",
    "fetched": "The package {path} ({version}) was fetched and proven.",
}


def judge_download(
    answer: DownloadAnswer, options: t.Mapping[str, t.Any], rules: t.Mapping[str, t.Any], source: str, host: str
) -> Verdict:
    """Return how it has ended.

    Args:
        answer: what the payload download.ps1 has answered.
        options: source, dest and state of agent_download.
        rules: what the package must be, from package_rules.
        source: where it comes from, fit for a message.
        host: the host's name, for the sentences.
    """
    found = {**_described(answer.package), "installed_version": answer.installed_version}
    if options["source"] == "host":
        proxy = as_result(answer.proxy) if answer.proxy else None
        found.update(attempts=answer.attempts, resumed=answer.resumed, proxy=proxy)
    if answer.error:
        return Verdict(found, _failed(answer, options, source, host))
    if answer.package and answer.package.refusal:
        return Verdict(found, refusal_sentence(answer.package, rules))
    kind = "newest" if answer.action == "present" and wants_newest(options, rules) else answer.action
    if kind not in _MESSAGES:
        return Verdict(found, f"The host {host} says that it has done '{kind}' with the package, which nobody knows: run it again.")
    words = {"path": options["dest"], "source": source, "version": found["version"], "installed": answer.installed_version}
    return Verdict({**found, "downloaded": answer.action == "fetched", "msg": _MESSAGES[kind].format(**words)})


def wants_newest(options: t.Mapping[str, t.Any], rules: t.Mapping[str, t.Any]) -> bool:
    """Whether a package that is there must be the source's newest; one that is known by its SHA-256 cannot be newer than itself."""
    return options["state"] == "latest" and not rules["sha256"]


def _described(package: PackageFacts | None) -> dict[str, t.Any]:
    whole = as_result(package) if package else {}
    return {key: whole.get(key) for key in ("size", "sha256", "version", "signature")}


def _failed(answer: DownloadAnswer, options: t.Mapping[str, t.Any], source: str, host: str) -> str:
    if options["source"] == "host":
        return failed_sentence(source, host, answer.error, answer.attempts, answer.certificate)
    return (
        f"The package {source} cannot be read by {host}: {answer.error}. See that the file is there and that the "
        "account may read it; over WinRM, a share of another machine takes CredSSP, Kerberos delegation or 'become'."
    )
