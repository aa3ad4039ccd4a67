# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about the errors of the agent's PowerShell module, which names no remedies itself.

The texts come from Microsoft's support articles and from administrators' reports; the module is not documented to keep them, so what is
not known here is quoted as it is.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import re
import typing as t

from .answers import Step

#: What the module's message tells, the more telling first.
_REMEDIES = (
    (
        r"user ?name or password is incorrect|logon failure|0x8007052e",
        "check 'username' and 'password' of this domain; the password must not have expired, and a member of the group Protected Users is "
        "refused with these words too",
    ),
    (
        r"\bKDS\b",
        "make a KDS root key in the forest (Add-KdsRootKey) and wait ten hours, until every domain controller has it",
    ),
    (
        r"unable to install service account|cannot install service account",
        "let the host retrieve the account's password (PrincipalsAllowedToRetrieveManagedPassword), wait for the replication, then restart "
        "the host",
    ),
    (
        r"cannot find an object with identity|does not exist.*service account|service account.*not (be )?found",
        "make the group managed service account first, or correct 'gmsa.name'",
    ),
    (
        r"failed changing windows service credentials",
        "give the account the right 'Log on as a service', then run it again",
    ),
    (
        r"0x80072030|no such object",
        "the domain lacks the container Managed Service Accounts or a schema of Windows Server 2012 or newer: restore it, or run adprep",
    ),
    (
        r"specified domain .* does not exist|cannot be contacted|domain .* could not be found",
        "check the domain's name, and that the host finds its domain controllers by DNS and reaches them by LDAP",
    ),
    (
        r"hybrid identity administrator|\brole\b.*(global|hybrid|administrator)|MissingRole",
        "give the signed-in user the role Hybrid Identity Administrator, active and not only eligible, then sign in anew",
    ),
    (r"execution ?policy|running scripts is disabled", "set the host's execution policy to RemoteSigned"),
    (
        r"trust relationship|certificate.*(invalid|validation)|remote certificate",
        "take the registration hosts (*.msappproxy.net) out of TLS inspection",
    ),
    (
        r"remote name could not be resolved|no such host|unable to connect|connection .*(refused|closed|aborted)|timed out|timeout"
        r"|HTTP status (429|5\d\d)",
        "check the host's way to Microsoft (proxy, firewall, port 443), then run it again",
    ),
    (
        r"access token (was refused|is missing)|token is expired|not of (tenant|user)",
        "sign in anew; check 'tenant_id' and that the host's clock is right",
    ),
)
_COMPILED = [(re.compile(pattern, re.IGNORECASE), remedy) for pattern, remedy in _REMEDIES]


def remedy_for(message: str) -> str:
    """Return what to do about an error of the agent's module, as the half of a sentence; a general advice where nothing is known."""
    known = (remedy for pattern, remedy in _COMPILED if pattern.search(message))
    return next(known, "read the agent's trace log below ProgramData, mend what it names, then run it again")


def failed_steps(steps: t.Sequence[Step]) -> str:
    """Return one sentence for each step that failed, '' when none did."""
    sentences = [
        f"The step '{step.name}' ({step.target}) failed: {step.error.strip().rstrip('.')}; {remedy_for(step.error)}."
        for step in steps
        if step.error
    ]
    return " ".join(sentences)
