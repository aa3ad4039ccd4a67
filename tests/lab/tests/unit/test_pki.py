# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificates hold up against strict checking."""

from __future__ import annotations

import shutil
import stat
import subprocess
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from cloudlab.pki import AGENT_ID_EXTENSION, AGENT_ISSUER, Pki
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12


def _verify(root: Path, chain: Path) -> int:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(root), "-untrusted", str(chain), str(chain)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_publishers_file_carries_its_chain_up_to_the_root(pki: Pki) -> None:
    root = pki.certificate_path("code-root")
    assert _verify(root, pki.certificate_path("publisher")) == 0
    assert _verify(root, pki.certificate_path("other-publisher")) == 0
    assert _verify(root, pki.certificate_path("untrusted-publisher")) != 0


def test_private_keys_are_readable_by_their_owner_only(pki: Pki) -> None:
    assert stat.S_IMODE(pki.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in pki.directory.glob("*.key")} == {0o600}


def test_an_agents_certificate_names_tenant_and_agent(pki: Pki) -> None:
    tenant, agent = str(uuid.uuid4()), str(uuid.uuid4())
    loaded = pkcs12.load_pkcs12(pki.agent_pfx(tenant, agent, password="secret"), b"secret")
    assert loaded.cert is not None
    certificate = loaded.cert.certificate
    extension = certificate.extensions.get_extension_for_oid(AGENT_ID_EXTENSION).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    assert uuid.UUID(bytes_le=extension.value) == uuid.UUID(agent)
    assert certificate.subject.rfc4514_string() == f"CN={tenant}"
    assert certificate.issuer.rfc4514_string() == f"CN={AGENT_ISSUER}"


def test_an_agents_certificate_can_be_one_that_has_expired(pki: Pki) -> None:
    loaded = pkcs12.load_pkcs12(pki.agent_pfx(str(uuid.uuid4()), str(uuid.uuid4()), days=-1, password="secret"), b"secret")
    assert loaded.cert is not None
    life = loaded.cert.certificate.not_valid_after_utc - loaded.cert.certificate.not_valid_before_utc
    assert life == timedelta(days=1)


def test_creating_again_replaces_everything_and_leaves_nothing_beside(pki: Pki, tmp_path: Path) -> None:
    first = Pki.create(tmp_path / "pki").thumbprint("ca")
    assert Pki.create(tmp_path / "pki").thumbprint("ca") != first
    assert [path.name for path in tmp_path.iterdir()] == ["pki"]


def test_loading_an_incomplete_directory_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"ca\.pem is missing"):
        Pki.load(tmp_path)
