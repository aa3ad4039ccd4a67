# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificates: TLS, code signing and the provisioning agent's own.

Three separate trees, as in the real world: a root for TLS servers, a root with an intermediate for code signing, and
the issuer of agent certificates, which no host trusts (S33: the real one is not in Windows' root store either).

Left out: revocation lists and OCSP.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

AGENT_ID_EXTENSION = ObjectIdentifier("1.3.6.1.4.1.311.82.1")
AGENT_ISSUER = "HISConnectorRegistrationCA.his.msappproxy.net"

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
CLOCK_SKEW = timedelta(days=1)
#: CAs are older than what was signed in the past.
CA_AGE = timedelta(days=1095)

Usages = Sequence[ObjectIdentifier]


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Pki:
    """The certificates of one lab in a directory (mode 0700; private keys 0600).

    Files, each `.pem` with a `.key` beside it: `ca` (TLS root), `code-root` and `code-pca` (code signing root and
    intermediate), `publisher`, `other-publisher` (same root, other subject), `untrusted-root` and `untrusted-publisher`
    (the publisher's subject under a root no host has), `expired-publisher` (the publisher's subject and root, but it has ended),
    `time-stamper`, `agent-ca`. A publisher's `.pem` holds the leaf and then its
    intermediate, if any, so that a signature made with it carries the chain without the root.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def create(cls, directory: Path) -> Pki:
        """Make new certificates; whatever was in `directory` is replaced, and only once all of them are written."""
        directory.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _write_all(unfinished)
            shutil.rmtree(directory, ignore_errors=True)
            unfinished.rename(directory)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return cls.load(directory)

    @classmethod
    def load(cls, directory: Path) -> Pki:
        """Use the certificates in `directory`; FileNotFoundError when they are not (all) there."""
        for stem in STEMS:
            for path in (directory / f"{stem}.pem", directory / f"{stem}.key"):
                if not path.is_file():
                    raise FileNotFoundError(f"The lab's certificate file {path} is missing; run the bootstrap again.")
        return cls(directory)

    def certificate_path(self, stem: str) -> Path:
        """Path of the PEM certificate (chain) `stem`, for example `ca` or `publisher`."""
        return self.directory / f"{stem}.pem"

    def key_path(self, stem: str) -> Path:
        """Path of the unencrypted PEM private key of `stem`."""
        return self.directory / f"{stem}.key"

    def thumbprint(self, stem: str) -> str:
        """SHA-1 thumbprint of `stem` as Windows shows it: 40 upper-case hexadecimal digits."""
        certificate = x509.load_pem_x509_certificate(self.certificate_path(stem).read_bytes())
        return certificate.fingerprint(hashes.SHA1()).hex().upper()

    def middle_of_life(self, stem: str) -> datetime:
        """Half-way between the beginning and the end of a certificate's validity."""
        certificate = x509.load_pem_x509_certificate(self.certificate_path(stem).read_bytes())
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return begin + (end - begin) / 2

    def server_certificate(self, names: Iterable[str]) -> tuple[bytes, bytes]:
        """Issue a TLS server certificate for host names and addresses: (chain as PEM, private key as PEM)."""
        issuer = self._issuer("ca")
        leaf = issue_server(issuer, names)
        return leaf.certificate_pem + issuer.certificate_pem, leaf.key_pem

    def agent_pfx(self, tenant_id: str, agent_id: str, *, days: int = 120, password: str) -> bytes:
        """Issue an agent's client certificate (S33) as PFX; a negative `days` gives one that has expired."""
        extension = x509.UnrecognizedExtension(AGENT_ID_EXTENSION, uuid.UUID(agent_id).bytes_le)
        leaf = _issue_leaf(
            _name(tenant_id),
            self._issuer("agent-ca"),
            [ExtendedKeyUsageOID.CLIENT_AUTH],
            [(extension, False)],
            timedelta(days=days),
        )
        return pkcs12.serialize_key_and_certificates(
            agent_id.encode(), leaf.key, leaf.certificate, None, _pfx_encryption(password)
        )

    def _issuer(self, stem: str) -> Issued:
        key = load_pem_private_key(self.key_path(stem).read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{self.key_path(stem)} holds no RSA key; remove the folder and run the bootstrap again.")
        return Issued(x509.load_pem_x509_certificate(self.certificate_path(stem).read_bytes()), key)


STEMS = (
    "ca",
    "code-root",
    "code-pca",
    "publisher",
    "other-publisher",
    "untrusted-root",
    "untrusted-publisher",
    "expired-publisher",
    "time-stamper",
    "agent-ca",
)


def _write_all(directory: Path) -> None:
    publisher = _name("Cloud Sync Lab Publisher", "Cloud Sync Lab", "US")
    signing = [ExtendedKeyUsageOID.CODE_SIGNING]
    code_root = _issue_ca(_name("Cloud Sync Lab Code Signing Root", "Cloud Sync Lab", "US"))
    code_pca = _issue_ca(_name("Cloud Sync Lab Code Signing PCA", "Cloud Sync Lab", "US"), code_root, signing)
    untrusted_root = _issue_ca(_name("Untrusted Code Signing Root", "Untrusted Lab", "US"))
    _write(directory, "ca", [_issue_ca(_name("Cloud Sync Lab TLS Root", "Cloud Sync Lab", "US"))])
    _write(directory, "code-root", [code_root])
    _write(directory, "code-pca", [code_pca])
    _write(directory, "publisher", [_issue_leaf(publisher, code_pca, signing), code_pca])
    other = _issue_leaf(_name("Other Lab Publisher", "Other Lab", "US"), code_pca, signing)
    _write(directory, "other-publisher", [other, code_pca])
    _write(directory, "untrusted-root", [untrusted_root])
    _write(directory, "untrusted-publisher", [_issue_leaf(publisher, untrusted_root, signing)])
    expired = _issue_leaf(publisher, code_pca, signing, life=timedelta(days=-30), age=timedelta(days=395))
    _write(directory, "expired-publisher", [expired, code_pca])
    stamping = [ExtendedKeyUsageOID.TIME_STAMPING]
    stamper = _issue_leaf(_name("Cloud Sync Lab Time Stamper", "Cloud Sync Lab", "US"), code_root, stamping, life=CA_LIFE, age=CA_AGE)
    _write(directory, "time-stamper", [stamper])
    _write(directory, "agent-ca", [_issue_ca(_name(AGENT_ISSUER))])


def _write(directory: Path, stem: str, chain: Sequence[Issued]) -> None:
    (directory / f"{stem}.pem").write_bytes(b"".join(item.certificate_pem for item in chain))
    descriptor = os.open(directory / f"{stem}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(chain[0].key_pem)


def _issue_ca(subject: x509.Name, issuer: Issued | None = None, usages: Usages = ()) -> Issued:
    key = _new_key()
    depth = None if issuer is None else 0
    builder = _builder(subject, key, issuer, CA_LIFE, CA_AGE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
    builder = builder.add_extension(_key_usage(certificate_sign=True), critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _issue_leaf(
    subject: x509.Name,
    issuer: Issued,
    usages: Usages,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    life: timedelta = LEAF_LIFE,
    age: timedelta = CLOCK_SKEW,
) -> Issued:
    key = _new_key()
    builder = _builder(subject, key, issuer, life, age)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(certificate_sign=False), critical=True)
    # RFC 3161 wants a time stamper's to be critical.
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=ExtendedKeyUsageOID.TIME_STAMPING in usages)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Issued(builder.sign(issuer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, key: rsa.RSAPrivateKey, issuer: Issued | None, life: timedelta, age: timedelta
) -> x509.CertificateBuilder:
    """What every certificate has; the key identifiers are what OpenSSL's strict mode (Python 3.13's default) wants."""
    end = datetime.now(UTC) + life
    start = min(end - timedelta(days=1), datetime.now(UTC) - age)
    issuer_key = issuer.key if issuer else key
    return (
        x509.CertificateBuilder(
            issuer_name=issuer.certificate.subject if issuer else subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=start,
            not_valid_after=end,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _key_usage(*, certificate_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_sign,
        crl_sign=certificate_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(common_name: str, organization: str | None = None, country: str | None = None) -> x509.Name:
    """Country first: Windows shows a name in the reverse of its encoded order, so this one reads CN=, O=, C=."""
    parts = ((NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, organization))
    attributes = [x509.NameAttribute(oid, text) for oid, text in parts if text]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative_names(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """An address becomes an IP name for everyone and a DNS name for Wine, whose crypt32 compares only DNS names."""
    general: list[x509.GeneralName] = []
    for name in names:
        general.append(x509.DNSName(name))
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            continue
    return x509.SubjectAlternativeName(general)


def _pfx_encryption(password: str) -> KeySerializationEncryption:
    """Triple DES with SHA-1, which is weak: Windows Server 2012 R2 and 2016 import no other kind of PFX."""
    builder = PrivateFormat.PKCS12.encryption_builder().hmac_hash(hashes.SHA1())
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    return builder.build(password.encode())


def new_ca(common_name: str) -> Issued:
    """Make a CA that is no part of a lab's certificates."""
    return _issue_ca(_name(common_name))


def issue_server(issuer: Issued, names: Iterable[str]) -> Issued:
    """Issue a TLS server certificate for host names and addresses."""
    names = list(names)
    return _issue_leaf(_name(names[0]), issuer, [ExtendedKeyUsageOID.SERVER_AUTH], [(_alternative_names(names), False)])
