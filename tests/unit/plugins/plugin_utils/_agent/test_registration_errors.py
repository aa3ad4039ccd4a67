# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about the errors of the agent's module, from a table of their texts."""

from __future__ import annotations

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.answers import Step
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.registration_errors import failed_steps
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.entries import Symptom
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._troubleshooting.registration import REGISTRATION

TEXTS = {
    "The user name or password is incorrect.": "Protected Users",
    "Unable to create gMSA because KDS may not be running on domain controller.": "Add-KdsRootKey",
    "Unable to install service account pGMSA_1a2b3c4d$ after 6 retries.": "PrincipalsAllowedToRetrieveManagedPassword",
    "Cannot find an object with identity: 'svcSync$'.": "gmsa.name",
    "Failed changing Windows service credentials to gMSA. Access is denied.": "Log on as a service",
    "There is no such object on the server. 0x80072030": "Managed Service Accounts",
    "The specified domain fabrikam.lab does not exist or cannot be contacted.": "DNS",
    "The user needs the role Hybrid Identity Administrator or Global Administrator.": "active and not only eligible",
    "Security error: execution policy Unrestricted": "RemoteSigned",
    "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.": "TLS inspection",
    "The remote name could not be resolved: 'x.registration.msappproxy.net'": "proxy, firewall",
    "The service answered with HTTP status 503.": "proxy, firewall",
    "The access token was refused: Signature has expired": "clock",
    "Something that nobody has seen before.": "trace log",
}


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_every_known_error_has_its_remedy(text: str) -> None:
    assert TEXTS[text] in REGISTRATION.remedy(Symptom(text))


def test_each_failed_step_is_one_sentence() -> None:
    steps = [
        Step("sign_in", "u@contoso.lab", changed=False, error=None),
        Step("domain", "a.lab", changed=False, error="The user name or password is incorrect."),
        Step("domain", "b.lab", changed=False, error="The service answered with HTTP status 503."),
    ]
    text = failed_steps(steps)
    assert text.startswith("The step 'domain' (a.lab) failed: The user name or password is incorrect; check")
    assert " The step 'domain' (b.lab) failed: " in text
    assert failed_steps(steps[:1]) == ""
