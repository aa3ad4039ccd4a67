# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-ins that Microsoft refuses, by their AADSTS numbers.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import enum

from .entries import Chapter, Entry
from .sources import SIGN_IN_CODES


class Refusal(enum.Enum):
    """What a refusal says of other tokens of the same sign-in."""

    #: The account, its password or the client is refused as such: whatever the token is for, the answer would be the same.
    SIGN_IN_ITSELF = "sign-in itself"
    #: The client, not the user, is refused: consent is missing or cannot be had for this audience.
    CONSENT = "consent"
    #: A sign-in that was good and has ended: whoever has more than it (a password) can sign in anew.
    ENDED = "ended"


_SIGN_IN_AGAIN = "sign in again (device_code: playbooks/sign_in.yml; azure_cli: 'az login'; refresh_token: give a new one)"
_DEVICE = "use 'device_code' from a controller that the policy allows, or exempt the account or the controller"

SIGN_IN = Chapter(
    title="Refused sign-ins",
    about="A refused sign-in is shown with its number, this meaning and remedy, and Microsoft's own words. It is not tried again in the "
    "run. The tenant's sign-in log has more under the same number.",
    otherwise="look the number up in the tenant's sign-in log",
    entries=(
        Entry(
            codes=("AADSTS16000",),
            meaning="the device code was declined on the sign-in page",
            remedy="start again, and accept it",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS28000",),
            meaning="the scope names more than one service",
            remedy="check 'registration_scope' in 'cloud'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50020",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account is a guest or a personal account",
            remedy="use a work account of the tenant",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50034",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account does not exist in the tenant",
            remedy="check 'username'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50053",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account is locked after too many wrong passwords",
            remedy="wait, or unlock it",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50055",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the password has expired",
            remedy="set a new one",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50056",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account has no password in Microsoft Entra",
            remedy="use 'device_code', or an account that has one",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50057",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account is disabled",
            remedy="enable it",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50064", "AADSTS50126"),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the user name or the password is wrong",
            remedy="correct 'username' or 'password'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50072", "AADSTS50079"),
            meaning="the account must register for MFA",
            remedy="register it in a browser, then use 'device_code', or use an account that is exempt",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50074", "AADSTS50076"),
            meaning="the account must use MFA, which cannot be done here",
            remedy="use 'device_code', or an account that is exempt",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50078",),
            kind=Refusal.ENDED,
            meaning="the account's MFA has expired",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50105",),
            meaning="the account is not assigned to the client",
            remedy="assign it in Entra, or use another 'client_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50132", "AADSTS50173"),
            kind=Refusal.ENDED,
            meaning="the sign-in was revoked, or the password was changed",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50144",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the account's password in Active Directory has expired",
            remedy="set a new one",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS50158",),
            meaning="the tenant asks for more proof than a password",
            remedy="use 'device_code', or an account that is exempt",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS53000",),
            meaning="Conditional Access wants a compliant device",
            remedy=_DEVICE,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS53001",),
            meaning="Conditional Access wants a domain-joined device",
            remedy=_DEVICE,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS53003",),
            meaning="Conditional Access blocks the sign-in; a policy for authentication flows blocks device codes",
            remedy="exempt the controller or the account, or use another 'method', such as 'access_token'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS53004",),
            meaning="the account must register for MFA, which its risk forbids",
            remedy="let its risk be reviewed in Entra, or use another account",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS65001",),
            kind=Refusal.CONSENT,
            meaning="the client has no consent for the scope",
            remedy="grant it, or use another 'client_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS65002",),
            kind=Refusal.CONSENT,
            meaning="the client may not be used for the scope",
            remedy="use another 'client_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS70000",),
            kind=Refusal.ENDED,
            meaning="the refresh token or device code is not valid for this 'client_id'",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS70003",),
            meaning="the sign-in service does not know this way to sign in",
            remedy="check 'authority' in 'cloud', or use another 'method'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS70008",),
            kind=Refusal.ENDED,
            meaning="the sign-in has expired",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS70011",),
            meaning="the scope does not exist",
            remedy="check 'registration_scope' and 'graph' in 'cloud'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            # A tenant that blocks device codes says so on the sign-in page; the device that waits may never hear of it.
            codes=("AADSTS70016", "AADSTS70020"),
            meaning="the device code has ended and nobody had signed in with it",
            remedy="start again; if the sign-in page said 53003, Conditional Access blocks device codes, and another 'method' is needed",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS70043",),
            kind=Refusal.ENDED,
            meaning="the sign-in has reached the age that Conditional Access allows",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS90002",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the tenant does not exist in this cloud",
            remedy="check 'tenant_id' and 'cloud'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS90014",),
            meaning="the request lacks a field that the service wants",
            remedy="check that no option of 'sign_in' is empty",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS90133", "AADSTS9001023"),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the sign-in must go to the tenant's own authority",
            remedy="check 'tenant_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS500011",),
            meaning="the service is not known in the tenant",
            remedy="check 'cloud', and that the tenant lives in it",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS500133",),
            meaning="an assertion is not valid at this time",
            remedy="set the controller's clock",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS530003",),
            meaning="Conditional Access wants a managed device",
            remedy=_DEVICE,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS700016",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the client does not exist in the tenant",
            remedy="check 'client_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS700024",),
            meaning="the assertion is not valid at this time",
            remedy="set the controller's clock",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS700027",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the certificate is not one of the application's",
            remedy="add it in Entra, or correct 'certificate_path' or 'client_id'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS700082",),
            kind=Refusal.ENDED,
            meaning="the sign-in was not used for too long and has expired",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS700084",),
            kind=Refusal.ENDED,
            meaning="the refresh token's fixed life is over",
            remedy=_SIGN_IN_AGAIN,
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS7000215",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the application's secret is wrong",
            remedy="give the secret's value, not its id, in 'client_secret'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS7000218",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the client is a confidential client",
            remedy="give the 'client_id' of a public client, or use 'client_secret' or 'certificate'",
            source=SIGN_IN_CODES,
        ),
        Entry(
            codes=("AADSTS7000222",),
            kind=Refusal.SIGN_IN_ITSELF,
            meaning="the application's secret has expired",
            remedy="make a new one in Entra and give it in 'client_secret'",
            source=SIGN_IN_CODES,
        ),
    ),
)
