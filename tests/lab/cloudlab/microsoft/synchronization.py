# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph beta: the service principals of sync configurations and their synchronization jobs (G2, G7, G14), read only.

Left out: service principals of other applications, filters other than by template, schema, secrets, and every action (G13, G16, G18).
"""

from __future__ import annotations

import re
from typing import Any

from cloudlab.microsoft.cloud import current_cloud, graph_resource
from cloudlab.microsoft.configurations import Configuration
from cloudlab.microsoft.graph import GraphError, authorize, page, refused
from flask import Blueprint, request

#: The gallery application "Active Directory to Microsoft Entra ID provisioning" (G2).
TEMPLATE = "1a4721b3-e57f-4451-ae87-ef078703ec94"
_PRINCIPALS = "/graph/beta/servicePrincipals"
_PRINCIPAL_PERMISSIONS = frozenset(("Application.Read.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"))
#: The permissions table (5.9), without those that need a certain owner.
_JOB_PERMISSIONS = frozenset(("Synchronization.Read.All", "Synchronization.ReadWrite.All", "Directory.ReadWrite.All"))
_FILTER = re.compile(r"applicationTemplateId eq '([0-9a-f-]{36})'")

synchronization = Blueprint("synchronization", __name__)
synchronization.register_error_handler(GraphError, refused)


@synchronization.get(_PRINCIPALS)
def service_principals() -> dict[str, Any]:
    # An application that may read jobs finds its service principals too: 5.9 has it so for its own.
    authorize(_PRINCIPAL_PERMISSIONS, _PRINCIPAL_PERMISSIONS | _JOB_PERMISSIONS)
    found = _FILTER.fullmatch(request.args.get("$filter", ""))
    if not found:
        raise GraphError(400, "Request_UnsupportedQuery", "The lab knows the filter applicationTemplateId eq '...' alone.")
    items = current_cloud().configurations.all() if found[1] == TEMPLATE else []
    current_cloud().counters.add("configuration_listings")
    return page(f"{graph_resource()}/beta/$metadata#servicePrincipals", [_selected(_principal(item)) for item in items])


@synchronization.get(f"{_PRINCIPALS}/<identifier>/synchronization/jobs")
def jobs(identifier: str) -> dict[str, Any]:
    authorize(_JOB_PERMISSIONS, _JOB_PERMISSIONS)
    found = current_cloud().configurations.find(identifier)
    if found is None:
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{identifier}' does not exist.")
    context = f"{graph_resource()}/beta/$metadata#servicePrincipals('{identifier}')/synchronization/jobs"
    return page(context, found.jobs())


def _principal(item: Configuration) -> dict[str, Any]:
    return {
        "id": item.id,
        "accountEnabled": True,
        "applicationTemplateId": TEMPLATE,
        "displayName": item.domain,
        "servicePrincipalType": "Application",
    }


def _selected(data: dict[str, Any]) -> dict[str, Any]:
    """What `$select` asks for; Graph leaves properties out that it does not know."""
    wanted = [name.strip() for name in request.args.get("$select", "").split(",") if name.strip()]
    return {name: data[name] for name in wanted if name in data} if wanted else data
