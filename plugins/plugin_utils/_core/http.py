# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests session that every HTTPS call of the controller goes through: time limit, CA file, retries.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import functools
import typing as t

from .limit import run_within
from .redaction import redact

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import InvalidHeader, LocationParseError, ReadTimeoutError
    from urllib3.util.retry import Retry
except ImportError:  # the documentation can be read without it
    requests = None  # type: ignore[assignment]

__all__ = ["Session", "is_unreadable_address", "requests", "retry_after", "timed_out", "without_secrets"]

#: Graph asks for patience with 429 and Retry-After; the others pass by themselves.
_PASSING = (429, 500, 502, 503, 504)
#: The longest wait that a service may ask for, in seconds: all hosts of the run wait with the one that asks.
_LONGEST_WAIT = 60.0
#: Bytes of an answer that is read as a whole, such as a page of a listing; a file is read piece by piece.
_LONGEST_ANSWER = 16 * 1024 * 1024
_BLOCK = 64 * 1024


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
        return run_within(self._whole, request, lambda: requests.exceptions.ReadTimeout(f"no end within {self._whole:.0f} seconds"))


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
