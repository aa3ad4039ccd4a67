# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides from a host's facts what is to be done about the installed product, and says what a removal leaves behind.

Pure: facts in (from the payload facts.ps1), decisions out.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .._core.version import is_older, parse_version
from .facts import AGENT_SERVICE, UPDATER_SERVICE, AgentFacts, HostFacts

#: The default service account that the wizard and the module make in Active Directory.
_DEFAULT_ACCOUNT = "PGMSA_"


def is_complete(facts: AgentFacts) -> bool:
    """Whether the product is installed whole."""
    return not missing_parts(facts)


def missing_parts(facts: AgentFacts) -> list[str]:
    """Return what the host lacks of the product, in words; everything, when it was never installed."""
    product = facts.product
    service = facts.service(AGENT_SERVICE)
    parts = {
        "executable": product.version,
        "PowerShell module": product.module_present,
        "registry key": product.registry_present,
        "service": service.present,
        "row under Programs and Features": [row for row in product.uninstall if not row.updater],
    }
    return [name for name, there in parts.items() if not there]


def has_agent_parts(facts: AgentFacts) -> bool:
    """Whether anything of the agent itself is on the host, whole or not; the updater alone may belong to another agent."""
    product = facts.product
    service = facts.service(AGENT_SERVICE)
    rows = [row for row in product.uninstall if not row.updater]
    return bool(product.version or product.module_present or product.registry_present or service.present or rows)


def has_unused_shared_parts(facts: AgentFacts) -> bool:
    """Whether the updater or an agent's certificate is on the host although nothing there needs it."""
    updater = facts.service(UPDATER_SERVICE)
    rows = [row for row in facts.product.uninstall if row.updater]
    # Other connectors of Microsoft's have such certificates too, from another issuer.
    certificates = [certificate for certificate in facts.certificates if "HISConnectorRegistrationCA" in certificate.issuer]
    return bool(updater.present or rows or certificates) and not facts.other_agents


def package_switch(facts: HostFacts, state: str, wanted: str | None) -> str | None:
    """Return the switch to run the package with, or None when what is installed will do.

    A package whose own rows stand under Programs and Features is repaired: its bundle would find itself present and do nothing.

    Args:
        facts: the host's facts, with the package's.
        state: present, latest or repaired.
        wanted: the oldest version that will do for present.
    """
    package = facts.package.version if facts.package else None
    if state != "repaired" and is_complete(facts):
        # Without a readable package there is no telling whether it is newer: it is "run", which means that it is refused first.
        oldest = wanted if state == "present" else package or "65535.0"
        return "/install" if oldest and is_older(str(facts.product.version), oldest) else None
    return "/repair" if package in [row.version for row in facts.product.uninstall if row.bundle] else "/install"


def newest_version(facts: AgentFacts) -> str | None:
    """Return the newest version that the host has of the product, as a file or as a row; None when it has none."""
    product = facts.product
    versions = [row.version for row in product.uninstall if row.bundle and row.version]
    return max([*versions, *([product.version] if product.version else [])], key=parse_version, default=None)


def services_run(facts: AgentFacts) -> bool:
    """Whether every service of the agent that has to run starts with Windows and runs."""
    return all(service.runs for service in facts.services if not service.may_rest)


def remains(before: AgentFacts, after: AgentFacts) -> list[str]:
    """Return in sentences what a removal leaves behind, on the host, in the cloud and in Active Directory.

    Args:
        before: the host's facts from before the removal.
        after: the ones from after it.
    """
    sentences = []
    if before.product.tenant_id:
        sentences.append(
            "The agent's record in the cloud: Microsoft lists it as inactive and drops it about ten days after its last contact; the "
            "domains and the sync configuration stay."
        )
    account = before.service(AGENT_SERVICE).account or ""
    if account.endswith("$"):
        whose = "other agents of the forest may use it" if _DEFAULT_ACCOUNT in account.upper() else "it is your own"
        sentences.append(f"The service account {account} in Active Directory: {whose}.")
    if after.other_agents:
        names = ", ".join(after.other_agents)
        sentences.append(f"The updater and the agent certificates in the machine's store: {names} may need them.")
    if before.product.version:
        sentences.append("The agent's trace logs below ProgramData.")
    return sentences
