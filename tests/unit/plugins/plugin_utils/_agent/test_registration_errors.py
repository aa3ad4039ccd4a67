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
    "Could not load file or assembly 'System.Text.Json, Version=8.0.0.0'. (Exception from HRESULT: 0x80131040)": "assembly cache",
    "Method not found: 'Void Azure.Core.AccessToken..ctor'.": "provisioning_agent_state: repaired",
    "Could not load file or assembly 'file:///C:/x.dll'. Operation is not supported. (Exception from HRESULT: 0x80131515)": "Unblock-File",
    "This script contains malicious content and has been blocked by your antivirus software.": "antivirus' log",
    "Something that nobody has seen before.": "trace log",
}


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_every_known_error_has_its_remedy(text: str) -> None:
    assert TEXTS[text] in REGISTRATION.remedy(Symptom(text))


#: What hosts whose language is not English say, with the codes and types that Get-ErrorFact gives for it.
LOCALIZED = [
    ("Der Benutzername oder das Kennwort ist falsch.", ("0x0000052E", "0x80004005"), (), "Protected Users"),
    ("Le mot de passe a expir\u00e9.", ("0x80070532",), (), "Protected Users"),
    ("Die Anmeldeinformationen sind ung\u00fcltig.", ("LDAP 49", "0x80131500"), (), "Protected Users"),
    ("Ein solches Objekt ist auf dem Server nicht vorhanden.", ("0x80072030",), (), "Managed Service Accounts"),
    ("Der Schl\u00fcssel ist nicht vorhanden.", ("0x8009000D",), (), "Add-KdsRootKey"),
    ("Objekt nicht gefunden.", (), ("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException",), "gmsa.name"),
    ("Der Server ist nicht funktionst\u00fcchtig.", ("0x8007203A",), (), "DNS"),
    ("Es wurde keine Vertrauensstellung hergestellt.", ("WebException TrustFailure", "0x80131509"), (), "TLS inspection"),
    ("Der Remotename konnte nicht aufgel\u00f6st werden.", ("WebException NameResolutionFailure",), (), "proxy, firewall"),
    ("Der Remoteserver hat einen Fehler zur\u00fcckgegeben.", ("WebException ProtocolError", "HTTP 503"), (), "proxy, firewall"),
    ("Verboten.", ("WebException ProtocolError", "HTTP 403"), (), "active and not only eligible"),
    ("Nicht autorisiert.", ("HTTP 401",), (), "clock"),
    ("Eine Anmeldesitzung ist nicht vorhanden.", ("0x80070520",), (), "CredSSP"),
    ("Der Vorgang wurde abgebrochen.", ("0x8013153B",), ("System.Threading.Tasks.TaskCanceledException",), "proxy, firewall"),
    ("Die Ausf\u00fchrungsrichtlinie verbietet es.", (), ("System.Management.Automation.PSSecurityException",), "RemoteSigned"),
    ("Die Datei oder Assembly wurde nicht geladen.", ("0x80131040",), ("System.IO.FileLoadException",), "assembly cache"),
    ("Die Methode wurde nicht gefunden.", ("0x80131513",), ("System.MissingMethodException",), "assembly cache"),
    ("Das Programm ist durch eine Richtlinie gesperrt.", ("0x000004EC", "0x80004005"), (), "policy for applications"),
    ("Die Datei enth\u00e4lt einen Virus.", ("0x800700E1",), (), "antivirus' log"),
    # Every method that is not supported has this number.
    ("Nicht unterst\u00fctzt.", ("0x80131515",), ("System.NotSupportedException",), "trace log"),
    ("Niemand wei\u00df es.", ("0x80131500",), ("System.Exception",), "trace log"),
    # Where the text says something else, the code is right.
    ("Timeout: the user name or password is incorrect.", ("0x80072030",), (), "Managed Service Accounts"),
]


@pytest.mark.parametrize(("error", "codes", "exceptions", "words"), LOCALIZED)
def test_error_is_known_in_every_language(error: str, codes: tuple[str, ...], exceptions: tuple[str, ...], words: str) -> None:
    text = failed_steps([Step("domain", "a.lab", changed=False, error=error, codes=codes, exceptions=exceptions)])
    assert text.startswith(f"The step 'domain' (a.lab) failed: {error.rstrip('.')}; ")
    assert words in text


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
