# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync configurations of the tenant: for each domain a service principal with its jobs (G3, G7), and the state that a test gives them.

Left out: what a job synchronises, its schema and secrets; a job's state changes only when a test or an overlap asks for it.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

#: Templates of a configuration with password hash synchronisation.
TEMPLATES = ("AD2AADProvisioning", "AD2AADPasswordHash")
STATES = ("none", "disabled", "active", "quarantine")
#: Retries in quarantine come after 6, 12 and 24 hours (G15).
_NEXT_ATTEMPT = timedelta(hours=6)


@dataclass(frozen=True)
class Quarantine:
    """Why a job is in quarantine, and since when (UTC, ISO 8601); `expired` when Microsoft has disabled it after four weeks."""

    reason: str
    code: str = ""
    message: str = ""
    since: str = ""
    next_attempt: str = ""
    count: int = 1
    expired: bool = False

    def as_graph(self) -> dict[str, Any]:
        began = self.since or _text(datetime.now(UTC))
        return {
            "currentBegan": began,
            "error": {"code": self.code, "message": self.message, "tenantActionable": True} if self.code else None,
            "nextAttempt": None if self.expired else self.next_attempt or _text(datetime.now(UTC) + _NEXT_ATTEMPT),
            "reason": self.reason,
            "seriesBegan": began,
            "seriesCount": self.count,
        }


#: What two agents that were registered at the same time do to the domain's configuration (0.7, T19, T23).
CLASH = Quarantine(
    "EncounteredQuarantineException",
    "AzureActiveDirectoryInvalidCredential",
    "There's a problem with the service account that is used to run Microsoft Entra Cloud Sync.",
)


@dataclass
class Configuration:
    """One domain's configuration: its service principal, and what all its jobs are in."""

    domain: str
    state: str = "disabled"
    quarantine: Quarantine | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    suffix: str = field(default_factory=lambda: f"{uuid.uuid4().hex}.{uuid.uuid4()}")

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs as Graph shows them."""
        return [self._job(template) for template in TEMPLATES]

    def _job(self, template: str) -> dict[str, Any]:
        runs = self.state != "disabled" and not (self.quarantine and self.quarantine.expired)
        ended = _text(datetime.now(UTC))
        execution = {"timeBegan": ended, "timeEnded": ended, "state": "Failed" if self.quarantine else "Succeeded", "error": None}
        codes = {"disabled": "Paused", "active": "Active", "quarantine": "Quarantine"}
        return {
            "id": f"{template}.{self.suffix}",
            "templateId": template,
            "schedule": {"expiration": None, "interval": "PT2M", "state": "Active" if runs else "Disabled"},
            "status": {
                "code": codes[self.state],
                "countSuccessiveCompleteFailures": 0,
                "escrowsPruned": False,
                "lastExecution": None if self.state == "disabled" else execution,
                "lastSuccessfulExecution": execution if self.state == "active" else None,
                "lastSuccessfulExecutionWithExports": None,
                "progress": [],
                "quarantine": self.quarantine.as_graph() if self.quarantine else None,
                "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z",
                "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
                "synchronizedEntryCountByType": [],
                "troubleshootingUrl": None,
            },
            "synchronizationJobSettings": [],
        }


class Configurations:
    """The tenant's configurations by domain; every method may be called from any thread."""

    def __init__(self, active: tuple[str, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, Configuration] = {domain: Configuration(domain, "active") for domain in active}

    def export(self) -> list[dict[str, Any]]:
        """The configurations as JSON data."""
        return [asdict(configuration) for configuration in self.all()]

    def restore(self, data: list[dict[str, Any]]) -> None:
        """Have just the configurations that `export` returned."""
        items = [{**item, "quarantine": Quarantine(**item["quarantine"]) if item["quarantine"] else None} for item in data]
        with self._lock:
            self._items = {item["domain"]: Configuration(**item) for item in items}

    def all(self) -> list[Configuration]:
        with self._lock:
            return list(self._items.values())

    def find(self, identifier: str) -> Configuration | None:
        return next((configuration for configuration in self.all() if configuration.id == identifier), None)

    def set(self, domain: str, state: str, quarantine: Quarantine | None = None) -> None:
        """Make, change or (state none) delete a domain's configuration."""
        with self._lock:
            if state == "none":
                self._items.pop(domain, None)
                return
            item = self._items.setdefault(domain, Configuration(domain))
            item.state, item.quarantine = state, quarantine

    def clash(self, domain: str) -> None:
        """Put a domain's configuration into quarantine, if there is one; only `set` gets it out again."""
        with self._lock:
            if domain in self._items:
                self._items[domain].state, self._items[domain].quarantine = "quarantine", CLASH


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
