# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about the installed product, from tables of facts."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.installation import (
    has_agent_parts,
    has_unused_shared_parts,
    is_complete,
    missing_parts,
    newest_version,
    package_switch,
    remains,
    services_run,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.facts import PackageFacts
from host_facts import HEALTHY, empty_data, empty_host, host, parsed

UPDATER_ROW = {
    "key": "{1}",
    "view": "Registry64",
    "display_name": "",
    "version": "1.1.2334.0",
    "bundle": False,
    "updater": True,
    "quiet_uninstall": "",
}


def with_package(facts: HostFacts, version: str | None) -> HostFacts:
    """Return the facts with a package of that version on the host."""
    return dataclasses.replace(facts, package=PackageFacts("setup.exe", "", version=version))


@pytest.mark.parametrize(
    ("facts", "package", "state", "wanted", "switch"),
    [
        (empty_host(), "1.1.2334.0", "present", None, "/install"),
        (host(), None, "present", None, None),
        (host(), None, "present", "1.1.2334.0", None),
        (host(), "1.1.2505.0", "present", "1.1.2334.0", None),
        (host(), "1.1.2505.0", "present", "1.1.2505.0", "/install"),
        (host(product__version="1.1.977.0"), "1.1.1107.0", "present", "1.1.1107.0", "/install"),
        (host(product__version="1.1.2600.0"), "1.1.2505.0", "present", "1.1.2505.0", None),
        (host(), "1.1.2334.0", "latest", None, None),
        (host(), "1.1.2505.0", "latest", None, "/install"),
        (host(product__version="1.1.2600.0"), "1.1.2505.0", "latest", None, None),
        (host(), None, "latest", None, "/install"),
        (empty_host(), "1.1.2334.0", "latest", None, "/install"),
        (host(), "1.1.2334.0", "repaired", None, "/repair"),
        (host(), "1.1.2505.0", "repaired", None, "/install"),
        (empty_host(), "1.1.2505.0", "repaired", None, "/install"),
        (host(product__version=None), "1.1.2334.0", "present", None, "/repair"),
        (host(product__version=None), "1.1.2505.0", "present", None, "/install"),
        (host(product__uninstall=[]), "1.1.2334.0", "present", None, "/install"),
        (host(product__module_present=False), "1.1.2334.0", "present", None, "/repair"),
    ],
)
def test_package_is_run_where_it_is_needed(
    facts: HostFacts, package: str | None, state: str, wanted: str | None, switch: str | None
) -> None:
    assert package_switch(with_package(facts, package), state, wanted) == switch


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"product__version": None}, ["executable"]),
        ({"product__uninstall": [UPDATER_ROW]}, ["row under Programs and Features"]),
        ({"services__0__present": False, "product__registry_present": False}, ["registry key", "service"]),
    ],
)
def test_missing_parts_are_named(changes: dict[str, t.Any], missing: list[str]) -> None:
    assert missing_parts(host(**changes)) == missing
    assert is_complete(host(**changes)) == (not missing)


def test_empty_host_lacks_everything() -> None:
    assert len(missing_parts(empty_host())) == 5
    assert not has_agent_parts(empty_host())
    assert has_agent_parts(host(product__version=None))


def test_shared_parts_are_left_over_only_when_nobody_needs_them() -> None:
    assert not has_unused_shared_parts(empty_host())
    with_row = empty_data()
    with_row["product"]["uninstall"] = [UPDATER_ROW]
    for facts in (parsed(with_row), parsed({**empty_data(), "certificates": HEALTHY["certificates"]})):
        assert has_unused_shared_parts(facts)
        issued = tuple(dataclasses.replace(certificate, issuer="CN=connectorregistrationca") for certificate in facts.certificates)
        assert has_unused_shared_parts(dataclasses.replace(facts, certificates=issued)) is bool(facts.product.uninstall)
        assert not has_unused_shared_parts(dataclasses.replace(facts, other_agents=("Microsoft Entra Connect Health Agent",)))


def test_newest_version_counts_rows_too() -> None:
    assert newest_version(empty_host()) is None
    assert newest_version(host(product__version="1.1.977.0", product__uninstall=[])) == "1.1.977.0"
    assert newest_version(host(product__version=None)) == "1.1.2334.0"
    assert newest_version(host(product__version="1.1.2505.0")) == "1.1.2505.0"


@pytest.mark.parametrize(
    ("changes", "run"),
    [
        ({}, True),
        ({"services__0__state": "stopped"}, False),
        ({"services__0__start_type": "disabled"}, False),
        ({"services__0__present": False, "services__0__state": None}, False),
        ({"services__1__present": False, "services__1__state": None}, True),
        ({"services__1__state": "stopped"}, False),
        ({"services__1__state": "stopped", "services__1__start_type": "manual"}, False),
        ({"services__1__state": "stopped", "services__1__start_type": "disabled"}, True),
    ],
)
def test_services_are_judged(changes: dict[str, t.Any], run: bool) -> None:
    assert services_run(host(**changes)) == run


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (empty_host(), empty_host(), []),
        (host(), empty_host(), ["record in the cloud", "other agents of the forest", "trace logs"]),
        (
            host(services__0__account=r"CONTOSO\svcSync$"),
            parsed({**empty_data(), "other_agents": ["Microsoft Entra Connect Health Agent"]}),
            ["record in the cloud", "your own", "Health Agent may need them", "trace logs"],
        ),
    ],
)
def test_what_stays_is_reported(before: HostFacts, after: HostFacts, words: list[str]) -> None:
    sentences = remains(before, after)
    assert len(sentences) == len(words)
    assert all(word in sentence for word, sentence in zip(words, sentences, strict=True))
