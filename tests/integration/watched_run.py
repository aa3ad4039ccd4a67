# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of playbooks in which everything is kept that may hold a secret, and the search for one.

Kept are: the output, Ansible's own log, the report, what a callback is handed, the fact cache, and the command lines of this machine's
processes while the run lasts, the lab's Windows programs among them.
"""

from __future__ import annotations

import contextlib
import re
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

#: What a JSON web token looks like.
_TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")
#: Between two looks at the processes.
_SECONDS = 0.2


def watching(folder: Path) -> dict[str, str]:
    """Return the environment of a run that leaves all that it shows anybody in a folder."""
    return {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callback_plugins")),
        "ANSIBLE_CALLBACKS_ENABLED": "every_argument",
        "ANSIBLE_DIFF_ALWAYS": "true",
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "EVERY_ARGUMENT_FILE": str(folder / "arguments.log"),
    }


@contextlib.contextmanager
def command_lines(file: Path) -> Iterator[None]:
    """Keep the command lines of all processes that are seen meanwhile in a file."""
    seen: set[bytes] = set()
    ended = threading.Event()
    watcher = threading.Thread(target=_look_until, args=(ended, seen), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        file.write_bytes(b"\n".join(sorted(seen)))


def _look_until(ended: threading.Event, seen: set[bytes]) -> None:
    while not ended.wait(_SECONDS):
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended
                seen.add(file.read_bytes())


def require_no_secret(files: t.Iterable[Path], secrets: t.Iterable[str]) -> None:
    """Fail where one of the files holds a secret or a token."""
    known = [secret.encode() for secret in secrets]
    for file in files:
        content = file.read_bytes()
        assert not [secret for secret in known if secret in content], file
        assert not _TOKEN.search(content), file


def host_files(lab: Lab) -> Iterator[Path]:
    """Return the files of the hosts that a run can have written: data, temporary files, the registry."""
    for host in lab.hosts:
        root = lab.state / "hosts" / host
        folders = [root / "drive_c" / name for name in ("ProgramData", "users", "windows/temp")]
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
        yield from [*files, *root.glob("*.reg")]
