# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests session that every HTTPS call of the controller goes through: time limit, CA file, retries.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import functools
import os
import ssl
import typing as t
from collections.abc import Iterator

from .limit import run_within
from .redaction import redact

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import InvalidHeader, LocationParseError, ProxySchemeUnknown, ReadTimeoutError
    from urllib3.util.retry import Retry
except ImportError:  # the documentation can be read without it
    requests = None  # type: ignore[assignment]

__all__ = [
    "Session",
    "SurroundingsError",
    "advised",
    "causes",
    "hint",
    "is_unreadable_address",
    "requests",
    "retry_after",
    "timed_out",
    "without_secrets",
]

#: Variables of the environment that name a proxy, and a file of CA certificates, in the order in which requests asks for them.
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Variables of OpenSSL's own, which other programs go by.
_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")

#: Graph asks for patience with 429 and Retry-After; the others pass by themselves.
_PASSING = (429, 500, 502, 503, 504)
#: The longest wait that a service may ask for, in seconds: all hosts of the run wait with the one that asks.
_LONGEST_WAIT = 60.0
#: Bytes of an answer that is read as a whole, such as a page of a listing; a file is read piece by piece.
_LONGEST_ANSWER = 16 * 1024 * 1024
_BLOCK = 64 * 1024


class SurroundingsError(requests.exceptions.RequestException if requests else Exception):  # type: ignore[misc]
    """What the controller's environment, or an option, names for all requests cannot be used; the text says what to do."""


class _Patience(Retry if requests else object):  # type: ignore[misc]
    """urllib3's retries, with a limit to Retry-After, which its older versions lack."""

    def get_retry_after(self, response: t.Any) -> float | None:
        """Return how long to wait before the next try."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(float(asked), _LONGEST_WAIT)


def retry_after(response: t.Any) -> float | None:
    """Return how many seconds a service asks to wait before the next try, within the limit; None when it does not, or unreadably."""
    try:
        return _Patience().get_retry_after(response.raw)
    except InvalidHeader:
        return None


def timed_out(error: Exception) -> bool:
    """Whether a request ended because the service did not answer in time."""
    # After its last retry urllib3 wraps the time-out, and requests takes it for a broken connection.
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.exceptions.Timeout) or isinstance(reason, ReadTimeoutError)


def without_secrets(error: Exception) -> str:
    """Return what an exception of a request says, for a message.

    A proxy's address that cannot be read is quoted by requests in parts, with the password. msal may have put an exception of its own on
    top of that.
    """
    if is_unreadable_address(error):
        return (
            "an address cannot be read, that of the proxy in the environment (HTTPS_PROXY) or one in 'cloud'; in a proxy's password "
            "write # as %23, / as %2F and ? as %3F"
        )
    return redact(str(error))


def advised(error: Exception, advice: str) -> str:
    """Return what an exception of a request says, and what to do: the advice, unless the exception knows better."""
    return f"{error}." if isinstance(error, SurroundingsError) else f"{without_secrets(error)}{hint(error)}. {advice}"


def hint(error: Exception) -> str:
    """Return what in the environment may be behind a request's exception, as the last part of a sentence; '' for nothing."""
    behind = list(causes(error))
    names = [name for name in _OPENSSL if os.environ.get(name)]
    if names and not any(map(os.environ.get, _BUNDLES)) and any(isinstance(each, ssl.SSLCertVerificationError) for each in behind):
        return f"; {names[0]} in the environment does not count here, name its file in 'ca_path'"
    networks = [name for name in _no_proxy() if "/" in name]
    if networks and any(isinstance(each, requests.exceptions.ProxyError) for each in behind):
        return f"; the network {networks[0]} in NO_PROXY counts for numeric addresses alone, name the host there as well"
    return ""


def _no_proxy() -> list[str]:
    return (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").replace(" ", "").split(",")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what lies behind it, down to the first cause; requests and urllib3 wrap it in attributes and arguments."""
    inner: t.Any = error
    while isinstance(inner, BaseException):
        yield inner
        reason = getattr(inner, "reason", None)
        behind = [reason, *inner.args, inner.__cause__]
        inner = next((error for error in behind if isinstance(error, BaseException)), None)


def _surroundings(error: Exception, ca_path: str | None) -> str:
    """Return what is wrong with what the environment or an option names, and what to do; '' where that is not why."""
    behind = list(causes(error))
    words = " ".join(map(str, behind))
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in words:
        return f"{_proxy_variable('socks')} names a SOCKS proxy, which takes the Python package PySocks: install it, or name an HTTP proxy"
    if any(isinstance(each, ProxySchemeUnknown) for each in behind):
        return f"{_proxy_variable('')} names a proxy that is none of http, https and socks5: correct it"
    if "CA certificate bundle, invalid path" in words or "NO_CERTIFICATE_OR_CRL_FOUND" in words:
        return _wrong_bundle(ca_path)
    return ""


def _proxy_variable(scheme: str) -> str:
    """Return the variable that names the proxy; its value may hold a password."""
    named = (name for name in _PROXIES if os.environ.get(name, "").lower().startswith(scheme))
    return next((name for name in named if os.environ.get(name)), "The proxy in the environment")


def _wrong_bundle(ca_path: str | None) -> str:
    variable = next((name for name in _BUNDLES if os.environ.get(name)), "")
    path, where = (ca_path, "'ca_path'") if ca_path else (os.environ.get(variable, ""), f"{variable} in the environment")
    return f"'{path}', which {where} names, is no file of CA certificates that can be read: correct it, or name another one in 'ca_path'"


def is_unreadable_address(error: BaseException) -> bool:
    """Whether an exception of a request is about an address, which it then quotes."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, requests.exceptions.InvalidURL | LocationParseError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


class Session(requests.Session if requests else object):  # type: ignore[misc]
    """A session whose requests end in time. Proxies are taken from the environment, as requests does.

    The limits of requests start anew with each byte, so the whole has a limit too: of all its tries and the waits between them.
    """

    def __init__(self, ca_path: str | None, timeout: int, retries: int = 0) -> None:
        super().__init__()
        self._limit, self._ca_path = timeout, ca_path
        self._whole = timeout * (retries + 1) + _LONGEST_WAIT * retries
        self.hooks["response"].append(_read_bounded)
        if retries:
            patience = _Patience(
                total=retries, backoff_factor=1, status_forcelist=_PASSING, allowed_methods={"GET"}, raise_on_status=False
            )
            self.mount("https://", HTTPAdapter(max_retries=patience))

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Send a request within the time limit; the CA file goes with each, since REQUESTS_CA_BUNDLE wins over the session's own."""
        own: dict[str, t.Any] = {"timeout": self._limit}
        if self._ca_path:
            own["verify"] = self._ca_path
        request = functools.partial(super().request, *args, **{**own, **kwargs})
        try:
            return run_within(self._whole, request, lambda: requests.exceptions.ReadTimeout(f"no end within {self._whole:.0f} seconds"))
        except (OSError, ValueError) as error:
            # Here, since msal takes a ValueError for an unknown tenant, and an OSError looks like one of the package's file.
            if problem := _surroundings(error, self._ca_path):
                raise SurroundingsError(problem) from error
            raise


def _read_bounded(answer: t.Any, **options: t.Any) -> None:
    """Read an answer's body up to a limit, before requests reads all there is; it does so with a redirection's too."""
    if options.get("stream") and not answer.is_redirect:
        return
    body = bytearray()
    for block in answer.iter_content(_BLOCK):
        body += block
        if len(body) > _LONGEST_ANSWER:
            answer.close()
            raise requests.exceptions.RequestException(f"the answer has more than {_LONGEST_ANSWER} bytes")
    answer._content = bytes(body)
