# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the controller has the package from that it copies to its hosts: a file of its own, or a URL by way of the cache.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._core.errors import PackageError
from .._core.http import Session
from .cache import PackageCache, Record, unknown_record
from .proof import early_refusal, refusal_sentence, sha256_of
from .transfer import Download, Proxy, url_without_query

Options = dict[str, t.Any]


class Supply(t.Protocol):
    """A package that the controller copies."""

    @property
    def record(self) -> Record:
        """What it is (sha256, etag, last_modified), with empty values for what is not known."""

    def ask(self, *, predict: bool) -> None:
        """Find out what it is now; predict: without fetching it, so that the sha256 may stay unknown."""

    def take(self, *, predict: bool) -> str:
        """Return its path on the controller; predict: only if it is there, else ''.

        Raises:
            PackageError: it cannot be had, or must not go to a host.
        """

    @property
    def attempts(self) -> int:
        """How many requests it took."""

    @property
    def resumed(self) -> bool:
        """Whether a broken transfer was taken up where it had ended."""


def require_fit(path: str, name: str, rules: Options) -> None:
    """Refuse a file that no host would take.

    Raises:
        PackageError: with the reason.
    """
    fact = early_refusal(path, name, rules)
    if fact.refusal:
        raise PackageError(refusal_sentence(fact, rules))


class FileSupply:
    """A file on the controller."""

    attempts, resumed = 0, False

    def __init__(self, path: str, rules: Options) -> None:
        self._path, self._rules = path, rules
        self.record = unknown_record()

    def ask(self, *, predict: bool) -> None:
        self.record = {**unknown_record(), "sha256": sha256_of(self._path)}

    def take(self, *, predict: bool) -> str:
        require_fit(self._path, self._path, self._rules)
        return self._path


class CachedSupply:
    """A URL that the controller downloads once for all hosts."""

    def __init__(self, options: Options, url: str, proxy: Proxy, rules: Options) -> None:
        self._options, self._url, self._proxy, self._rules = options, url, proxy, rules
        self._cache = PackageCache(options["cache_dir"])
        self._download: Download | None = None
        self.record = unknown_record()

    @property
    def attempts(self) -> int:
        return self._download.attempts if self._download else 0

    @property
    def resumed(self) -> bool:
        return bool(self._download and self._download.resumed)

    def ask(self, *, predict: bool) -> None:
        if predict:
            self.record = self._cache.newest(self._url, self._start)
        else:
            self._obtain()

    def take(self, *, predict: bool) -> str:
        # A package that is known by its SHA-256 need not be asked for.
        found = self._cache.find(self._rules["sha256"])
        if found is None and predict:
            return ""
        path = str(found or self._obtain())
        require_fit(path, url_without_query(self._url), self._rules)
        return path

    def _obtain(self) -> Path:
        path, self.record, download = self._cache.obtain(
            self._url, self._start, lambda file: require_fit(file, url_without_query(self._url), self._rules)
        )
        self._download = download or self._download
        return path

    def _start(self) -> Download:
        session = Session(self._options["ca_path"], self._options["request_timeout"])
        return Download(
            session, self._url, proxy=self._proxy, retries=self._options["retries"], seconds=self._options["timeout"]
        )
