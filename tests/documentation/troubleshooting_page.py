# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of errors as the page docs/troubleshooting.md."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.catalogue import CATALOGUE
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.entries import Chapter, Code, Entry, Source

_WIDTH = 140
_HEAD = """\
# Troubleshooting

The errors that the collection knows. Its messages, results and checks show the same meaning and remedy, so look here for what else could
be behind an error, and who says so. A number in brackets is a fact of [product-facts.md](product-facts.md).

Codes count before words: Windows writes in its own language, and a code means the same in all.

<!-- `make docs` writes this page from plugins/plugin_utils/_troubleshooting. Change the catalogue, not the page. -->
"""


def troubleshooting_page() -> str:
    """Return the page."""
    links = "\n".join(f"- [{chapter.title}](#{_anchor(chapter.title)})" for chapter in CATALOGUE)
    sources = {entry.source for chapter in CATALOGUE for entry in chapter.entries if entry.source.url}
    addresses = "\n".join(f"[{source.name}]: {source.url}" for source in sorted(sources, key=lambda source: source.name))
    return "\n".join([_HEAD, links, *(line for chapter in CATALOGUE for line in _chapter(chapter)), "", addresses, ""])


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _chapter(chapter: Chapter) -> t.Iterator[str]:
    about = textwrap.fill(chapter.about, _WIDTH, break_long_words=False, break_on_hyphens=False)
    yield f"\n## {chapter.title}\n\n{about}\n"
    yield "| what is seen | what it means | what to do | who says so |\n|---|---|---|---|"
    yield from map(_row, chapter.entries)
    yield f"| anything else | | {chapter.otherwise} | |"


def _row(entry: Entry) -> str:
    seen = [*map(_code, entry.codes), *(f"`{name}`" for name in entry.exceptions), *map(_text, entry.seen)]
    cells = (", ".join(seen), entry.meaning, entry.remedy, _source(entry.source))
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _code(code: Code) -> str:
    if isinstance(code, str):
        return _text(code)
    return f"`0x{code:08x}`" if code > 0xFFFF else f"`{code}` (`0x{0x80070000 | code:08x}`)" if code else "`0`"


def _text(text: str) -> str:
    return f"`{text}`" if text.isalnum() else f'"{text}"'


def _source(source: Source) -> str:
    return f"[{source.name}]" if source.url else source.name


def _escaped(text: str) -> str:
    # Outside of code Markdown takes * for emphasis and | for the end of a cell.
    return text.replace("|", "\\|").replace("*", "\\*")
