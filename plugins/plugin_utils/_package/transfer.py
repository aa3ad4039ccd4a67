# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads a file to the controller: proxy, time limit, tries, resumption, and who presented a certificate that was refused.

The host's own downloads (powershell/library/transfer.ps1) go by the same rules; the sentences are for both.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import re
import ssl
import time
import typing as t
import urllib.parse

from .._core.errors import ConfigurationError, PackageError
from .._core.http import (
    Session,
    SurroundingsError,
    causes,
    hint,
    is_unreadable_address,
    requests,
    retry_after,
    without_secrets,
)
from .._core.limit import run_within
from .._core.redaction import masked_address, redact
from .facts import PresentedCertificate

#: A block that was not read to its end when the connection broke is lost.
_BLOCK = 64 * 1024
#: The package has about 60 MiB: more bytes than this are another thing, which would fill the controller's disk.
_MOST_BYTES = 1024 * 1024 * 1024
_WHOLE, _PART, _UNCHANGED = 200, 206, 304
#: Another try may help with these, and with every status from 500 on. 416: the part that is here does not fit what is there.
_PASSING = (408, 416, 429)
_NO_HEAD = (405, 501)
#: How long to look at a certificate that was refused, for its names.
_CERTIFICATE_SECONDS = 10
_LENGTH = re.compile(r"[0-9]{1,15}")
_PROXY_SIGN_IN = re.compile(r"\b407\b")
#: Who signs for Microsoft's download hosts; an issuer that is neither is most likely a device that inspects TLS (T12).
_KNOWN_ISSUERS = ("microsoft", "digicert")


@dataclasses.dataclass(frozen=True)
class Proxy:
    """The proxy to go through.

    Attributes:
        use: False for a direct connection, whatever the surroundings say.
        url: its address; None for the surroundings' own.
    """

    use: bool = True
    url: str | None = None
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)

    def for_requests(self) -> dict[str, str]:
        """Return it as requests takes it with each request; a session's own would lose against the environment."""
        if not self.use:
            return {"no_proxy": "*"}
        if not self.url:
            return {}
        if not self.username:
            return {"http": self.url, "https": self.url}
        user = ":".join(urllib.parse.quote(part, safe="") for part in (self.username, self.password or ""))
        with_user = self.url.replace("://", f"://{user}@", 1)
        return {"http": with_user, "https": with_user}


class _PassingError(Exception):
    """A try that failed for a reason which may pass; wait is what the server asks for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Download:
    """One file to be fetched from a URL.

    Attributes:
        attempts: how many requests it took.
        resumed: whether a broken transfer was taken up where it had ended.
        validators: the ETag and Last-Modified of what was fetched, as etag and last_modified.
    """

    def __init__(self, session: Session, url: str, *, proxy: Proxy, retries: int, seconds: int) -> None:
        self._session, self._url, self._proxies, self._retries = session, url, proxy.for_requests(), retries
        # Without a way for plain HTTP, no redirection leads there.
        session.adapters.pop("http://", None)
        self._deadline = time.monotonic() + seconds
        self.attempts, self.resumed = 0, False
        self.validators: dict[str, str] = {}

    def is_unchanged(self, known: t.Mapping[str, str]) -> bool:
        """Ask, without a body, whether the URL still serves what these validators stand for; its own are kept.

        Raises:
            PackageError: it cannot be asked.
        """
        return self._repeat(lambda: self._ask(known))

    def save(self, target: t.BinaryIO, known: t.Mapping[str, str]) -> bool:
        """Fetch the file; False when it still is what these validators stand for, and nothing was fetched.

        Raises:
            PackageError: it cannot be had.
        """
        return self._repeat(lambda: self._receive(target, known))

    def _repeat(self, attempt: t.Callable[[], bool]) -> bool:
        while True:
            self.attempts += 1
            try:
                return run_within(self._deadline - time.monotonic(), attempt, self._over)
            except (_PassingError, requests.RequestException) as error:
                self._wait_or_fail(error)

    def _over(self) -> PackageError:
        return self._failed("the time is up, see 'timeout'")

    def _failed(self, reason: str, certificate: PresentedCertificate | None = None) -> PackageError:
        return PackageError(failed_sentence(self._url, "the controller", reason, self.attempts, certificate))

    def _wait_or_fail(self, error: Exception) -> None:
        """Wait before the next try, or say why there is none."""
        if isinstance(error, SurroundingsError):
            url = url_without_query(self._url)
            raise PackageError(f"The package could not be fetched from {url} by the controller: {error}.") from error
        cause = list(causes(error))[-1]
        reason = without_secrets(error) if is_unreadable_address(error) else redact(_words(cause)) + hint(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            request = getattr(error, "request", None)
            asked = str(request.url if request is not None else self._url)
            raise self._failed(reason, self._certificate(asked)) from error
        asked_for = error.wait if isinstance(error, _PassingError) else None
        wait = min(30.0, 2.0 ** (self.attempts - 1)) if asked_for is None else asked_for
        passing = isinstance(error, _PassingError | requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)
        # A proxy that wants other credentials is not asked again, which could lock an account.
        hopeless = not passing or bool(_PROXY_SIGN_IN.search(reason)) or self.attempts > self._retries
        if hopeless or time.monotonic() + wait >= self._deadline:
            raise self._failed(reason) from error
        time.sleep(wait)

    def _ask(self, known: t.Mapping[str, str]) -> bool:
        with self._send("HEAD", _conditions(known)) as response:
            if response.status_code in _NO_HEAD:
                return False  # the file counts as another one
            _require_content(response)
            self.validators = _validators(response)
            return bool(response.status_code == _UNCHANGED)

    def _receive(self, target: t.BinaryIO, known: t.Mapping[str, str]) -> bool:
        begun = target.tell()
        etag = self.validators.get("etag", "")
        # Only a strong tag proves that the rest belongs to the same file.
        resumable = begun and etag.startswith('"')
        headers = {"Range": f"bytes={begun}-", "If-Range": etag} if resumable else _conditions(known)
        with self._send("GET", headers) as response:
            if response.status_code != _PART or not response.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
                target.seek(0)
                target.truncate()
            else:
                self.resumed = True
            _require_content(response)
            if response.status_code == _UNCHANGED:
                return False
            self.validators = _validators(response)
            self._copy(response, target)
        return True

    def _copy(self, response: t.Any, target: t.BinaryIO) -> None:
        length = str(response.headers.get("Content-Length", ""))
        end = target.tell() + int(length) if _LENGTH.fullmatch(length) else None
        for block in response.iter_content(_BLOCK):
            target.write(block)
            if target.tell() > _MOST_BYTES:
                raise self._failed(f"what is there has more than {_MOST_BYTES} bytes, which is no package")
        # Older versions of urllib3 take a short body for a whole one.
        if end is not None and target.tell() != end:
            raise _PassingError(f"the transfer broke off after {target.tell()} of {end} bytes")

    @contextlib.contextmanager
    def _send(self, method: str, headers: dict[str, str]) -> t.Iterator[t.Any]:
        # Without compression, so that the length is the file's.
        headers = {"Accept-Encoding": "identity", **headers}
        request = {"headers": headers, "proxies": dict(self._proxies), "stream": True, "allow_redirects": True}
        try:
            answer = self._session.request(method, self._url, **request)
        except requests.exceptions.InvalidSchema:
            raise requests.HTTPError("the address redirects to an address that does not start with https://") from None
        with answer:
            yield answer

    def _certificate(self, url: str) -> PresentedCertificate:
        settings = self._session.merge_environment_settings(url, dict(self._proxies), None, None, None)
        return presented_certificate(url, requests.utils.select_proxy(url, settings["proxies"]))


def _require_content(response: t.Any) -> None:
    status = response.status_code
    if status in (_WHOLE, _UNCHANGED) or (status == _PART and "Content-Range" in response.headers):
        return
    reason = f"the answer was {status} {response.reason}"
    if status in _PASSING or status >= 500:
        raise _PassingError(reason, retry_after(response))
    raise requests.HTTPError(reason)


def _conditions(known: t.Mapping[str, str]) -> dict[str, str]:
    if known.get("etag"):
        return {"If-None-Match": known["etag"]}
    return {"If-Modified-Since": known["last_modified"]} if known.get("last_modified") else {}


def _validators(response: t.Any) -> dict[str, str]:
    return {"etag": response.headers.get("ETag", ""), "last_modified": response.headers.get("Last-Modified", "")}


def _words(error: BaseException) -> str:
    return str(error.args[-1] if error.args else error).strip().rstrip(".")


def presented_certificate(url: str, proxy: str | None) -> PresentedCertificate:
    """Return the host that a URL names, and the subject and issuer of the certificate it presents, on a connection that sends nothing.

    Subject and issuer stay empty where they cannot be had: the refusal itself is reported without them.

    Args:
        url: what was asked for.
        proxy: the address of the proxy on the way, with its user name and password.
    """
    target = urllib.parse.urlsplit(url)
    answer = PresentedCertificate(target.hostname or "", "", "")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    way = urllib.parse.urlsplit(proxy) if proxy else target
    connection = http.client.HTTPSConnection(str(way.hostname), way.port or 443, timeout=_CERTIFICATE_SECONDS, context=context)
    if proxy:
        connection.set_tunnel(answer.host, target.port or 443, _proxy_headers(way))
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        run_within(_CERTIFICATE_SECONDS, connection.connect, TimeoutError)
        shown = t.cast(ssl.SSLSocket, connection.sock).getpeercert(binary_form=True)
        answer = dataclasses.replace(answer, **_names(shown))
    return answer


def _proxy_headers(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    plain = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(plain.encode()).decode()}


def _names(certificate: bytes | None) -> dict[str, str]:
    from cryptography import x509  # comes with msal; only a refused certificate needs it

    read = x509.load_der_x509_certificate(certificate or b"")
    return {"subject": read.subject.rfc4514_string(), "issuer": read.issuer.rfc4514_string()}


def require_proxy_url(url: str | None) -> None:
    """Refuse a proxy's address that is none, or that carries a password."""
    parts = urllib.parse.urlsplit(url or "http://none")
    if parts.scheme != "http" or not parts.hostname or "@" in parts.netloc:
        raise ConfigurationError(
            f"'proxy_url' is '{masked_address(url or '')}': give an address such as http://proxy.example.com:8080; name and password "
            "belong into 'proxy_username' and 'proxy_password'."
        )


def require_https_url(option: str, url: str) -> None:
    """Refuse an address that is not https, or that carries a password, which would be shown."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme.lower() != "https" or not parts.hostname or "@" in parts.netloc:
        raise ConfigurationError(
            f"'{option}' is '{masked_address(url)}': give an address that starts with https://, without a user name or password."
        )


def url_without_query(url: str) -> str:
    """Return an address without its query, which may carry a key."""
    return urllib.parse.urlsplit(url)._replace(query="", fragment="").geturl()


def failed_sentence(url: str, who: str, reason: str, attempts: int, certificate: PresentedCertificate | None = None) -> str:
    """Say why a download failed and what to do.

    Args:
        url: what was asked for.
        who: who asked, a host or the controller.
        reason: the last try's error.
        attempts: how many tries were made.
        certificate: the certificate that was refused, if that is why.
    """
    tries = f"{attempts} tries" if attempts != 1 else "1 try"
    failed = f"The package could not be fetched from {url_without_query(url)} by {who} ({tries}): {reason}."
    if certificate is not None:
        return f"{failed} {_trust_advice(certificate, who)}"
    if _PROXY_SIGN_IN.search(reason):
        return f"{failed} The proxy wants to know who asks: give 'proxy_username' and 'proxy_password', or correct them."
    return f"{failed} Check the way to that address (proxy, firewall, name resolution), then run it again."


def _trust_advice(certificate: PresentedCertificate, who: str) -> str:
    store = "name the CA's file in 'ca_path'" if who == "the controller" else "add the CA to the host's trusted roots"
    host, issuer = certificate.host, certificate.issuer
    if not issuer:
        return f"{who} does not trust the certificate of {host}: exempt {host} from TLS inspection, or {store}."
    presented = f"{host} presented a certificate for '{certificate.subject}', issued by '{issuer}', which {who} does not trust."
    if any(known in issuer.lower() for known in _KNOWN_ISSUERS):
        return f"{presented} Check the clock and the trusted roots there."
    return (
        f"{presented} The issuer is neither Microsoft nor DigiCert, so most likely a device on the way inspects TLS: exempt {host} from "
        f"inspection, or {store}."
    )
