# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one listing of the cloud serves a run: minutes, and never past a registration."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud import directory as cloud_directory
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._cloud.directory import CloudDirectory
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.clouds import resolve_cloud
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import GraphError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Access
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import read_sign_in
from host_facts import TENANT


class Store:
    """A run's memory."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, t.Any]] = {}

    def get_or_create(self, key: str, create: t.Any, fresh: t.Any) -> dict[str, t.Any]:
        if key not in self.kept or not fresh(self.kept[key]):
            self.kept[key] = create()
        return self.kept[key]


class Clock:
    """A time that only the test moves on, and the questions that were put to Graph at each."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[float] = []
        self.takes = 0.0
        self.error: GraphError | None = None

    def ask(self, *_: t.Any, **__: t.Any) -> t.Any:
        self.asked.append(self.now)
        self.now += self.takes
        if self.error:
            raise self.error
        return [], []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(cloud_directory, "time", types.SimpleNamespace(time=lambda: clock.now))
    monkeypatch.setattr(CloudDirectory, "_ask", lambda self, *args, **options: clock.ask())
    return clock


@pytest.fixture
def directory() -> CloudDirectory:
    sign_in = read_sign_in({"method": "access_token", "graph_access_token": "x", "client_id": "y"})
    return CloudDirectory(Access(sign_in, resolve_cloud("AzureCloud"), TENANT, None, 30, Store()))


def test_one_listing_serves_all_hosts_of_some_minutes(clock: Clock, directory: CloudDirectory) -> None:
    for seconds in (0, 100, 299):
        clock.now = 1000.0 + seconds
        directory.listing()
    assert clock.asked == [1000.0]


def test_run_of_hours_lists_anew(clock: Clock, directory: CloudDirectory) -> None:
    directory.listing()
    clock.now += 301
    directory.listing()
    assert len(clock.asked) == 2


def test_listing_from_before_a_registration_does_not_serve(clock: Clock, directory: CloudDirectory) -> None:
    directory.listing()
    clock.now += 10
    directory.listing(not_older_than=1005.0)
    assert len(clock.asked) == 2


def test_what_changes_during_the_question_is_asked_for_again(clock: Clock, directory: CloudDirectory) -> None:
    clock.takes = 20
    directory.listing()
    directory.listing(not_older_than=1010.0)
    assert len(clock.asked) == 2


@pytest.mark.parametrize("passing", [True, False])
def test_problem_is_shared_and_tells_whether_it_passes(clock: Clock, directory: CloudDirectory, passing: bool) -> None:
    clock.error = GraphError("Graph answered.", passing=passing)
    listings = [directory.listing(), directory.listing()]
    assert [(listing.problem, listing.passing) for listing in listings] == [("Graph answered.", passing)] * 2
    assert len(clock.asked) == 1
