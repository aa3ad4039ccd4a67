# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for a package, and the sentence for each refusal."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import load_payload
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.specs import PACKAGE
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.facts import PackageFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.proof import early_refusal, package_rules, refusal_sentence

SHA256 = "0F:34" + "ab" * 30


def options(**changes: t.Any) -> dict[str, t.Any]:
    return {name: spec.get("default") for name, spec in PACKAGE.items()} | changes


def test_rules_are_normalised() -> None:
    rules = package_rules(options(sha256=SHA256, root_thumbprints=["3b 1e" + "00" * 18]), "1.1.2334.0")
    assert rules["sha256"] == "0f34" + "ab" * 30
    assert rules["root_thumbprints"] == ["3B1E" + "00" * 18]
    assert rules["version"] == "1.1.2334.0"


@pytest.mark.parametrize("changes", [{"sha256": "abc"}, {"sha256": "z" * 64}, {"root_thumbprints": ["12"]}])
def test_malformed_hashes_are_refused(changes: dict[str, t.Any]) -> None:
    with pytest.raises(ConfigurationError, match="hexadecimal digits"):
        package_rules(options(**changes), None)


@pytest.mark.parametrize(
    ("content", "changes", "refusal"),
    [
        (b"", {}, "empty"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", {}, "page"),
        (b"PK\x03\x04", {}, "not_program"),
        (b"MZ", {}, "too_small"),
        (b"MZ" + bytes(1 << 20), {"sha256": "ab" * 32}, "sha256"),
        (b"MZ" + bytes(1 << 20), {}, ""),
    ],
)
def test_controller_refuses_what_no_host_would_take(tmp_path: Path, content: bytes, changes: dict[str, t.Any], refusal: str) -> None:
    file = tmp_path / "setup.exe"
    file.write_bytes(content)
    fact = early_refusal(str(file), "NAME", package_rules(options(**changes), None))
    assert (fact.refusal, fact.path, fact.size) == (refusal, "NAME", len(content))


def test_every_refusal_of_the_payload_has_its_own_sentence() -> None:
    codes = re.findall(r"return '([a-z_0-9]+)'", load_payload("facts").split("function Get-PackageRefusal")[1].split("\n}\n")[0])
    fact = PackageFacts("P", "", size=1, sha256="S", version="1.0", product_name="N")
    sentences = {refusal_sentence(dataclasses.replace(fact, refusal=code), package_rules(options(), None)) for code in codes}
    assert len(codes) > 10 and len(sentences) == len(codes)
