# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and dictionaries are read from the texts that `-e` and AWX's surveys send."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.texts import read_texts

PART = {"name": {"type": "str"}, "servers": {"type": "list", "elements": "str"}, "password": {"type": "str", "no_log": True}}
SPEC: dict[str, dict[str, t.Any]] = {
    "cloud": {"type": "raw"},
    "domains": {"type": "list", "elements": "dict", "options": PART},
    "gmsa": {"type": "dict", "options": PART},
    "names": {"type": "list", "elements": "str"},
    "number": {"type": "int"},
}
DOMAIN = {"name": "contoso.lab", "servers": ["dc1", "dc2"], "password": "a, b"}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("names", "one", ["one"]),
        ("names", "one, two", ["one", "two"]),
        ("names", "one\r\ntwo\n", ["one", "two"]),
        ("names", '["one", "two, three"]', ["one", "two, three"]),
        ("names", " ['one', 'two']\n", ["one", "two"]),
        ("names", "[]", []),
        ("names", "CN=Microsoft Corporation, O=Microsoft Corporation", ["CN=Microsoft Corporation, O=Microsoft Corporation"]),
        ("domains", json.dumps([DOMAIN]), [DOMAIN]),
        ("domains", repr([DOMAIN]), [DOMAIN]),
        ("domains", json.dumps(DOMAIN), [DOMAIN]),
        ("domains", "name=contoso.lab password=x", [{"name": "contoso.lab", "password": "x"}]),
        ("domains", [json.dumps(DOMAIN)], [DOMAIN]),
        ("domains", json.dumps([{**DOMAIN, "servers": "dc1,dc2"}]), [DOMAIN]),
        ("gmsa", json.dumps({"servers": '["dc1"]'}), {"servers": ["dc1"]}),
        ("gmsa", "name=svc$ password=x", {"name": "svc$", "password": "x"}),
        ("cloud", '{"name": "Lab"}', {"name": "Lab"}),
        ("cloud", "AzureCloud", "AzureCloud"),
        ("number", "5", "5"),
        ("unknown", "[1", "[1"),
    ],
)
def test_text_is_read(name: str, text: t.Any, value: t.Any) -> None:
    assert read_texts(SPEC, {name: text}) == {name: value}


@pytest.mark.parametrize("value", [None, "", " ", 5, True, ["one"], [DOMAIN], {"name": "x"}])
@pytest.mark.parametrize("name", ["names", "number", "unknown"])
def test_what_is_no_text_of_a_list_is_left_to_the_validation(name: str, value: t.Any) -> None:
    assert read_texts(SPEC, {name: value}) == {name: value}


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", ["gmsa", "domains"])
def test_nothing_is_left_as_it_is(name: str, value: t.Any) -> None:
    assert read_texts(SPEC, {name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names", "[canary"),
        ("names", "[" * 100_000),
        ("domains", "['canary'"),
        ("domains", "canary"),
        ("gmsa", "canary"),
        ("gmsa", '{"password": "canary"'),
        ("gmsa", "{canary: " * 50_000),
        ("cloud", "{canary"),
        ("gmsa", ["canary"]),
        ("gmsa", 5),
        ("domains", [None]),
        ("domains", [["canary"]]),
    ],
)
def test_what_is_neither_is_named_and_not_shown(name: str, text: t.Any) -> None:
    with pytest.raises(ConfigurationError, match=f"'provisioning_agent_{name}' is (a text that is no list|no dictionary)") as error:
        read_texts(SPEC, {name: text}, "provisioning_agent_")
    assert "canary" not in str(error.value)


def test_part_that_is_wrong_is_named_in_full() -> None:
    with pytest.raises(ConfigurationError, match=r"'domains\.servers' is a text that is no list"):
        read_texts(SPEC, {"domains": [{"servers": "[dc1"}]})
