# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that the controller has downloaded for its hosts: one request a run and one transfer a package, whatever the forks.

A package lies in the folder under its SHA-256, so a damaged one shows. Beside it stands for every URL what it served last. A lock
on a file of the URL's own keeps forks and other runs apart; the kernel frees it when its holder dies.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import time
import typing as t
from pathlib import Path

from .._core.errors import AgentError, ConfigurationError, PackageError
from .._core.limit import run_within
from .._run.store import RUN_STORE
from .proof import sha256_of
from .transfer import Download

#: What is noted of a URL: sha256, etag, last_modified.
Record = dict[str, str]

#: How long to wait for another process that downloads, which has limits of its own; a stopped one keeps the lock.
_WAIT_SECONDS = 3600

_FIELDS = ("sha256", "etag", "last_modified")


def _held(path: Path) -> str:
    return (
        f"Another process has held the lock of the package's address for {_WAIT_SECONDS} seconds: see with 'fuser {path}' which one, end "
        "it if it does nothing, then run this again."
    )


def url_key(url: str) -> str:
    """Return what stands for a URL in file names and notes; the URL itself may carry a key in its query."""
    return hashlib.sha256(url.encode()).hexdigest()


def unknown_record() -> Record:
    """Return the record of which nothing is known."""
    return dict.fromkeys(_FIELDS, "")


class PackageCache:
    """The folder on the controller.

    Raises:
        ConfigurationError: it cannot be used, or others may write to it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._folder.stat()
        except OSError as error:
            raise ConfigurationError(f"'cache_dir' is '{folder}', which cannot be used: {error.strerror}. Name another folder.") from error
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigurationError(
                f"'cache_dir' is '{folder}', which others than you may write to: name a folder of your own, or take their rights away."
            )

    def obtain(self, url: str, start: t.Callable[[], Download], check: t.Callable[[str], None]) -> tuple[Path, Record, Download | None]:
        """Return the package that a URL serves now, its record, and the download if this call made one.

        Args:
            url: its address.
            start: makes the download, if one is needed.
            check: raises for a file that may not be kept.

        Raises:
            AgentError: it cannot be had, or check has refused it.
        """
        began = time.monotonic()
        with self._locked(url):
            note = _noted(url)
            if note.get("error") and note["at"] >= began:
                raise PackageError(str(note["error"]))  # the error that another fork met while this fork waited
            record = self.record(url)
            path = self.find(record["sha256"])
            if path and note.get("sha256") == path.stem:
                return path, record, None
            download = start()
            try:
                record = self._fetch(url, download, record if path else {}, check)
            except AgentError as error:
                _note(url, {"error": str(error), "at": time.monotonic()})
                raise
            _note(url, dict(record))
            return self._path(record["sha256"]), record, download

    def newest(self, url: str, start: t.Callable[[], Download]) -> Record:
        """Return the record of what a URL serves now, without fetching it; its sha256 is empty when the package is not in the cache.

        Args:
            url: its address.
            start: makes the download that asks.

        Raises:
            AgentError: it cannot be asked.
        """
        with self._locked(url):
            note = _noted(url)
            if "sha256" in note:
                return {field: str(note[field]) for field in _FIELDS}
            record, download = self.record(url), start()
            known = record if self.find(record["sha256"]) else {}
            newest = record if download.is_unchanged(known) else {"sha256": "", **download.validators}
            _note(url, dict(newest))
            return newest

    def find(self, sha256: str) -> Path | None:
        """Return the package with this SHA-256; None when there is none, or when its content has changed."""
        path = self._path(sha256)
        return path if sha256 and path.is_file() and sha256_of(str(path)) == sha256 else None

    def record(self, url: str) -> Record:
        """Return what the URL served last, with empty values where that is not known."""
        try:
            kept = json.loads((self._folder / f"{url_key(url)}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # ValueError: cut off when the controller went down
            kept = {}
        return {field: str(kept.get(field, "")) for field in _FIELDS} if isinstance(kept, dict) else unknown_record()

    def _fetch(self, url: str, download: Download, known: Record, check: t.Callable[[str], None]) -> Record:
        # One name for each URL: what a run that was killed has left is overwritten by the next one.
        part = self._folder / f"{url_key(url)}.part"
        try:
            with open(part, "wb") as target:
                if not download.save(target, known):
                    return known
            check(str(part))
            record = {"sha256": sha256_of(str(part)), **download.validators}
            os.replace(part, self._path(record["sha256"]))
            self._write_record(url, record)
        except OSError as error:
            raise PackageError(
                f"The package could not be kept in 'cache_dir' {self._folder}: {error.strerror}. Make room there, or name another folder."
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return record

    def _write_record(self, url: str, record: Record) -> None:
        new = self._folder / f"{url_key(url)}.json.new"
        new.write_text(json.dumps(record), encoding="utf-8")
        os.replace(new, self._folder / f"{url_key(url)}.json")

    @contextlib.contextmanager
    def _locked(self, url: str) -> t.Iterator[None]:
        path = self._folder / f"{url_key(url)}.lock"
        with open(path, "wb") as file:
            run_within(_WAIT_SECONDS, lambda: fcntl.flock(file, fcntl.LOCK_EX), lambda: PackageError(_held(path)))
            yield

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.exe"


def _noted(url: str) -> dict[str, t.Any]:
    """Return what this run has noted of a URL: its record since it was asked, or the error that it ended with."""
    return RUN_STORE.get_or_create(f"package {url_key(url)}", dict, lambda _: True)


def _note(url: str, note: dict[str, t.Any]) -> None:
    RUN_STORE.get_or_create(f"package {url_key(url)}", lambda: note, lambda _: False)
