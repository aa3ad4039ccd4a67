# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache: one request a run, one transfer a package, nothing kept that is damaged or refused."""

from __future__ import annotations

import os
import time
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError, PackageError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package import cache as package_cache
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.cache import PackageCache
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from microsoft_side import Microsoft
from package_mirror import CONTENT, Mirror


@pytest.fixture(autouse=True)
def new_run(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[], None]:
    """Begin another run of Ansible, which remembers nothing."""

    def begin() -> None:
        monkeypatch.setattr(package_cache, "RUN_STORE", RunStore())

    begin()
    return begin


@pytest.fixture
def mirror(microsoft: Microsoft) -> Mirror:
    return Mirror(microsoft)


@pytest.fixture
def cache(tmp_path: Path) -> PackageCache:
    return PackageCache(str(tmp_path / "cache"))


def accept(path: str) -> None:
    assert Path(path).is_file()


def refuse(path: str) -> None:
    raise PackageError("not this one")


def files(tmp_path: Path, ending: str) -> list[Path]:
    return list((tmp_path / "cache").glob(f"*.{ending}"))


def test_a_run_asks_once(cache: PackageCache, mirror: Mirror) -> None:
    first = cache.obtain(mirror.url, mirror.download, accept)
    second = cache.obtain(mirror.url, mirror.download, accept)
    assert first[0].read_bytes() == CONTENT
    assert (first[:2], mirror.requests) == (second[:2], 1)
    assert first[2] is not None and second[2] is None


def test_another_run_moves_nothing_when_nothing_has_changed(
    cache: PackageCache, mirror: Mirror, new_run: t.Callable[[], None]
) -> None:
    cache.obtain(mirror.url, mirror.download, accept)
    new_run()
    assert cache.obtain(mirror.url, mirror.download, accept)[0].read_bytes() == CONTENT
    assert (mirror.requests, mirror.microsoft.count("download_bytes")) == (2, len(CONTENT))


def test_another_run_fetches_what_has_changed(cache: PackageCache, mirror: Mirror, new_run: t.Callable[[], None]) -> None:
    old = cache.obtain(mirror.url, mirror.download, accept)[0]
    mirror.serve(b"MZ new")
    new_run()
    assert cache.obtain(mirror.url, mirror.download, accept)[0].read_bytes() == b"MZ new"
    assert old.exists()  # another run may be copying it


def test_a_damaged_file_is_fetched_anew(cache: PackageCache, mirror: Mirror) -> None:
    path = cache.obtain(mirror.url, mirror.download, accept)[0]
    path.write_bytes(b"damaged")
    assert cache.find(path.stem) is None
    assert cache.obtain(mirror.url, mirror.download, accept)[0].read_bytes() == CONTENT


def test_a_damaged_record_is_none(cache: PackageCache, mirror: Mirror, tmp_path: Path) -> None:
    cache.obtain(mirror.url, mirror.download, accept)
    files(tmp_path, "json")[0].write_text('{"sha', encoding="utf-8")
    assert set(cache.record(mirror.url).values()) == {""}


def test_a_refused_file_is_not_kept(cache: PackageCache, mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not this one"):
        cache.obtain(mirror.url, mirror.download, refuse)
    assert files(tmp_path, "exe") + files(tmp_path, "part") + files(tmp_path, "json") == []


def test_who_waited_for_a_failure_is_reported_and_who_comes_later_tries_anew(
    cache: PackageCache, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.microsoft.fail(mirror.route, status=404)
    began = time.monotonic()
    with pytest.raises(PackageError, match="404"):
        cache.obtain(mirror.url, mirror.download, accept)
    with monkeypatch.context() as patched:
        patched.setattr(package_cache, "time", types.SimpleNamespace(monotonic=lambda: began))
        with pytest.raises(PackageError, match="404"):
            cache.obtain(mirror.url, mirror.download, accept)
    assert mirror.requests == 1
    assert cache.obtain(mirror.url, mirror.download, accept)[0].read_bytes() == CONTENT


def test_the_newest_is_reported_without_moving_it(cache: PackageCache, mirror: Mirror, new_run: t.Callable[[], None]) -> None:
    assert cache.newest(mirror.url, mirror.download)["sha256"] == ""
    record = cache.obtain(mirror.url, mirror.download, accept)[1]
    mirror.microsoft.server.cloud.counters.reset()
    new_run()
    assert cache.newest(mirror.url, mirror.download) == cache.newest(mirror.url, mirror.download) == record
    assert (mirror.requests, mirror.microsoft.count("download_bytes")) == (1, 0)


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    PackageCache(str(tmp_path / "new" / "cache"))
    assert os.stat(tmp_path / "new" / "cache").st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o770)
    with pytest.raises(ConfigurationError, match="others than you may write to"):
        PackageCache(str(tmp_path / "open"))


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="Name another folder"):
        PackageCache(str(tmp_path / "file" / "cache"))
