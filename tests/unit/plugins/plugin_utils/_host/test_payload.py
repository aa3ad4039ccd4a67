# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell payloads as text: whole, ASCII, and with their includes put in."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host import payload

FOLDER = pathlib.Path(payload.__file__).parents[1] / "powershell"
FILES = sorted(FOLDER.glob("*.ps1"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file_is_ascii_and_says_what_it_is(file: pathlib.Path) -> None:
    text = file.read_text(encoding="ascii")
    assert text.startswith("# ") and text.endswith("\n") and "SPDX-License-Identifier: GPL-3.0-or-later" in text


PAYLOADS = ["facts", "download", "install", "register", "remove", "register_session", "domains_session", "package_session"]
FUNCTION = re.compile(r"^function ([A-Z][a-z]+-[A-Za-z]+)", re.MULTILINE)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_function_of_ours_that_is_called_is_included(name: str) -> None:
    text = payload.load_payload(name)
    ours = {function for file in FILES for function in FUNCTION.findall(file.read_text(encoding="ascii"))}
    called = {function for function in ours if re.search(rf"(?<!function )\b{function}\b", re.sub(r"#.*", "", text))}
    assert called - set(FUNCTION.findall(text)) == set()


@pytest.mark.parametrize("name", PAYLOADS)
def test_includes_are_put_in(name: str) -> None:
    text = payload.load_payload(name)
    assert "# include:" not in text
    assert "param(" in text


def test_unknown_payload_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        payload.load_payload("nothing")


def test_every_file_is_used() -> None:
    loaded = "".join(payload.load_payload(name) for name in ("facts", "download", "install", "register", "remove", "register_session"))
    loaded += payload.load_payload("domains_session")
    texts = {file.name: file.read_text(encoding="ascii").strip() for file in FILES}
    assert [name for name, text in texts.items() if "# include:" not in text and text not in loaded] == []
