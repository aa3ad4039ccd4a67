# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the payloads that change a host answer with: install.ps1, remove.ps1, register.ps1.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import dataclasses

from .._package.facts import ProxyInUse
from .facts import AgentFacts


@dataclasses.dataclass(frozen=True)
class InstallAnswer:
    """What install.ps1 answers with.

    Attributes:
        busy: another task works on the agent; nothing was done.
        exit_code: the package's, None when it was not run or did not end in time.
        timed_out: whether it did not end in time.
        log_tail: the end of its log, '' without one.
        backup: the path of the configuration file from before, None when it was not changed.
        settings_error: why the settings could not be changed, '' when they could.
        service_error: which service does not run and why, '' when they run.
        facts: the host afterwards.
    """

    busy: bool
    exit_code: int | None
    timed_out: bool
    log_tail: str
    backup: str | None
    settings_error: str
    service_error: str
    facts: AgentFacts


@dataclasses.dataclass(frozen=True)
class RemoveAnswer:
    """What remove.ps1 answers with.

    Attributes:
        busy: another task works on the agent; nothing was done.
        exit_code: the last uninstaller's, None when none was run or it did not end in time.
        timed_out: whether it did not end in time.
        restart: whether an uninstaller asks for a restart of the host.
        log_path: the last uninstaller's log, None when none was run.
        log_tail: its end.
        problems: what could not be taken away of the leftovers, and why.
        left: the files that could not be deleted.
        error: 'exit code' when the code says why it failed, else the reason, '' when it went well.
        facts: the host afterwards.
    """

    busy: bool
    exit_code: int | None
    timed_out: bool
    restart: bool
    log_path: str | None
    log_tail: str
    problems: tuple[str, ...]
    left: tuple[str, ...]
    error: str
    facts: AgentFacts


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a registration.

    Attributes:
        name: which step.
        target: what it was about.
        changed: whether it changed anything.
        error: its error in the host's language, None when it went well.
        codes: the error's codes, the most telling first: numbers as "0x8007052E", else names.
        exceptions: the full names of its .NET exception types, the most telling first.
    """

    name: str
    target: str
    changed: bool
    error: str | None
    codes: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class RegisterAnswer:
    """What register.ps1 answers with.

    Attributes:
        busy: another task works on the agent; nothing was done.
        unanswered: whether the session ended without an answer, and may have done anything.
        steps: what was done.
        domains: the agent's domains afterwards, None when its module cannot list them.
        proxy: the proxy that the session took, None when none ran.
        error: why the agent's module could not be used, '' when it could.
        service_error: why the service does not start, '' when it does.
        facts: the host afterwards.
    """

    busy: bool
    unanswered: bool
    steps: tuple[Step, ...]
    domains: tuple[str, ...] | None
    proxy: ProxyInUse | None
    error: str
    service_error: str
    facts: AgentFacts
