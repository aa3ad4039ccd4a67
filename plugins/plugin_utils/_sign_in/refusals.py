# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a sign-in that Microsoft refuses: each AADSTS number with its remedy.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._core.errors import SignInError
from .._core.redaction import redact

_SIGN_IN_AGAIN = "sign in again (device_code: playbooks/sign_in.yml; azure_cli: 'az login'; refresh_token: give a new one)"
_DEVICE = "use 'device_code' from a controller that the policy allows, or exempt the account or the controller"
# A tenant that blocks device codes tells so on the sign-in page; the device that waits may never be told.
_CODE_ENDED = (
    "the device code has ended and nobody had signed in with it: start again; if the sign-in page said 53003, Conditional Access blocks "
    "device codes, and another 'method' is needed"
)

#: What to do about Microsoft's error numbers (learn.microsoft.com, "Microsoft Entra authentication and authorization error codes").
REMEDIES = {
    "AADSTS16000": "the device code was declined on the sign-in page: start again, and accept it",
    "AADSTS28000": "the scope names more than one service: check 'registration_scope' in 'cloud'",
    "AADSTS50020": "the account is a guest or a personal one: use a work account of the tenant",
    "AADSTS50034": "the account does not exist in the tenant: check 'username'",
    "AADSTS50053": "the account is locked after too many wrong passwords: wait, or unlock it",
    "AADSTS50055": "the password has expired: set a new one",
    "AADSTS50056": "the account has no password in Microsoft Entra: use 'device_code', or an account that has one",
    "AADSTS50057": "the account is disabled: enable it",
    "AADSTS50064": "the user name or the password is wrong: correct 'username' or 'password'",
    "AADSTS50072": "the account must register for MFA: register it in a browser, then use 'device_code', or use an account that is exempt",
    "AADSTS50074": "the account must use MFA, which cannot be done here: use 'device_code', or an account that is exempt",
    "AADSTS50076": "the account must use MFA, which cannot be done here: use 'device_code', or an account that is exempt",
    "AADSTS50078": "the account's MFA has expired: " + _SIGN_IN_AGAIN,
    "AADSTS50079": "the account must register for MFA: register it in a browser, then use 'device_code', or use an account that is exempt",
    "AADSTS50105": "the account is not assigned to the client: assign it in Entra, or use another 'client_id'",
    "AADSTS50126": "the user name or the password is wrong: correct 'username' or 'password'",
    "AADSTS50132": "the sign-in was revoked, or the password was changed: " + _SIGN_IN_AGAIN,
    "AADSTS50144": "the account's password in Active Directory has expired: set a new one",
    "AADSTS50158": "the tenant asks for more proof than a password: use 'device_code', or an account that is exempt",
    "AADSTS50173": "the sign-in was revoked, or the password was changed: " + _SIGN_IN_AGAIN,
    "AADSTS53000": "Conditional Access wants a compliant device: " + _DEVICE,
    "AADSTS53001": "Conditional Access wants a domain-joined device: " + _DEVICE,
    "AADSTS53003": (
        "Conditional Access blocks the sign-in; a policy for authentication flows blocks device codes: exempt the controller or the "
        "account, or use another 'method', such as 'access_token'"
    ),
    "AADSTS53004": "the account must register for MFA, which its risk forbids: let its risk be reviewed in Entra, or use another account",
    "AADSTS65001": "the client has no consent for the scope: grant it, or use another 'client_id'",
    "AADSTS65002": "the client may not be used for the scope: use another 'client_id'",
    "AADSTS70000": "the refresh token or device code is not valid for this 'client_id': " + _SIGN_IN_AGAIN,
    "AADSTS70003": "the sign-in service does not know this way to sign in: check 'authority' in 'cloud', or use another 'method'",
    "AADSTS70008": "the sign-in has expired: " + _SIGN_IN_AGAIN,
    "AADSTS70011": "the scope does not exist: check 'registration_scope' and 'graph' in 'cloud'",
    "AADSTS70016": _CODE_ENDED,
    "AADSTS70020": _CODE_ENDED,
    "AADSTS70043": "the sign-in has reached the age that Conditional Access allows: " + _SIGN_IN_AGAIN,
    "AADSTS90002": "the tenant does not exist in this cloud: check 'tenant_id' and 'cloud'",
    "AADSTS90014": "the request lacks a field that the service wants: check that no option of 'sign_in' is empty",
    "AADSTS90133": "the sign-in must go to the tenant's own authority: check 'tenant_id'",
    "AADSTS500011": "the service is not known in the tenant: check 'cloud', and that the tenant lives in it",
    "AADSTS500133": "an assertion is not valid at this time: set the controller's clock",
    "AADSTS530003": "Conditional Access wants a managed device: " + _DEVICE,
    "AADSTS700016": "the client does not exist in the tenant: check 'client_id'",
    "AADSTS700024": "the assertion is not valid at this time: set the controller's clock",
    "AADSTS700027": "the certificate is not one of the application's: add it in Entra, or correct 'certificate_path' or 'client_id'",
    "AADSTS700082": "the sign-in was not used for too long and has expired: " + _SIGN_IN_AGAIN,
    "AADSTS700084": "the refresh token's fixed life is over: " + _SIGN_IN_AGAIN,
    "AADSTS7000215": "the application's secret is wrong: give the secret's value, not its id, in 'client_secret'",
    "AADSTS7000218": "the client is a confidential one: give the 'client_id' of a public client, or use 'client_secret' or 'certificate'",
    "AADSTS7000222": "the application's secret has expired: make a new one in Entra and give it in 'client_secret'",
    "AADSTS9001023": "the sign-in must go to the tenant's own authority: check 'tenant_id'",
}

#: The code of a refusal by the account's own federation service, which speaks WS-Trust and has no numbers.
FEDERATION = "WS-Trust"

#: The OAuth errors that are no refusal, but trouble of the authority's that passes.
PASSING = frozenset(("server_error", "temporarily_unavailable"))

#: The account, its password or the client is refused as such: whatever the token is for, the answer would be the same.
SIGN_IN_ITSELF = frozenset((
    FEDERATION,
    *(
        f"AADSTS{number}"
        for number in (
            50020, 50034, 50053, 50055, 50056, 50057, 50064, 50126, 50144,
            90002, 90133, 700016, 700027, 7000215, 7000218, 7000222, 9001023,
        )
    ),
))

#: The client, not the user, is refused: consent is missing or cannot be had for this audience.
CONSENT = frozenset(("AADSTS65001", "AADSTS65002"))

#: A sign-in that was good and has ended: whoever has more than it (a password) can sign in anew.
ENDED = frozenset(
    f"AADSTS{number}" for number in (50078, 50132, 50173, 70000, 70008, 70043, 700082, 700084)
)


def refused(authority: str, codes: t.Iterable[t.Any], text: str, name: str | None = None) -> SignInError:
    """Return the error for a refusal.

    Args:
        authority: who refused.
        codes: the AADSTS numbers of the answer, the most telling first.
        text: Microsoft's words, or the OAuth error.
        name: what the refusal is called when it has no number, such as the OAuth error.
    """
    numbers = [f"AADSTS{code}" for code in codes]
    code = next((one for one in numbers if one in REMEDIES), numbers[0] if numbers else name)
    remedy = REMEDIES.get(code or "", "look the number up in the tenant's sign-in log")
    number = code or "no number"
    return SignInError(f"The sign-in at {authority} was refused ({number}): {remedy}. Microsoft says: {first_line(text)}", code)


def first_line(text: str) -> str:
    """Return the first line of Microsoft's words. They have repeated no secret so far; a proxy's or Azure CLI's might."""
    return redact((text.strip().splitlines() or ["nothing"])[0])
