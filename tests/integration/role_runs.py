# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the role by the phases that they are of."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

_ROLE = "entra_ops.cloud_sync.provisioning_agent : "
_PHASES = {
    "download": "download | Bring the package to the host and prove it",
    "install": "install | Install the agent and start its services",
    "register": "register | Register the agent with the tenant and add its domains",
}


def phases(*names: str, hosts: Iterable[str]) -> set[tuple[str, str]]:
    """Return the pairs (host, task) of these phases on these hosts."""
    return {(host, _ROLE + _PHASES[name]) for host, name in itertools.product(hosts, names)}
