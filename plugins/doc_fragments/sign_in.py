# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say how to sign in to the tenant."""

from __future__ import annotations


class ModuleDocFragment:
    """Options shared by the modules that need a token."""

    DOCUMENTATION = r"""
options:
  sign_in:
    description:
      - How to sign in to the tenant. The sign-in happens on the controller, once for all hosts of a run.
      - The account needs the role Hybrid Identity Administrator (or Global Administrator) and must be a member of the tenant.
        Microsoft knows no way to register an agent with an application's own identity.
      - Tokens are kept in memory for the run, and renewed when they are near their end. A refused sign-in is not tried again in the run.
    type: dict
    suboptions:
      access_token:
        description:
          - For O(sign_in.method=access_token), a delegated token for the registration service, such as the one printed by
            C(az account get-access-token --scope https://proxy.cloudwebappproxy.net/registerapp/user_impersonation).
        type: str
      cache_path:
        description:
          - For O(sign_in.method=device_code), the file on the controller that keeps the sign-in; see M(entra_ops.cloud_sync.sign_in).
        type: path
        default: ~/.ansible/entra_ops.cloud_sync/sign_in.bin
      certificate_password:
        description:
          - For O(sign_in.method=certificate), the password of the private key, if it is encrypted.
        type: str
      certificate_path:
        description:
          - For O(sign_in.method=certificate), a PEM file on the controller with the application's certificate and its private key. It must
            not be readable by everybody.
        type: path
      client_id:
        description:
          - The public client to sign in with. The default is Azure CLI, the only client that is known to get a token for the
            registration service.
          - For O(sign_in.method=client_secret) and O(sign_in.method=certificate), the application's own id, which must be given.
        type: str
        default: 04b07795-8ddb-461a-bbee-02f9e1bf7b46
      client_secret:
        description:
          - For O(sign_in.method=client_secret), the application's secret (its value, not its id).
        type: str
      graph_access_token:
        description:
          - For O(sign_in.method=access_token), a token for Microsoft Graph, which the check of the agent in the cloud needs.
        type: str
      method:
        description:
          - V(device_code) uses the sign-in that a person has made with M(entra_ops.cloud_sync.sign_in), MFA included, and asks nobody.
          - V(password) signs in with O(sign_in.username) and O(sign_in.password); the account must be free of MFA.
          - V(refresh_token) redeems O(sign_in.refresh_token). Microsoft replaces it by a new one, which is kept for the run only.
          - V(access_token) uses tokens that were fetched elsewhere.
          - V(azure_cli) asks Azure CLI (C(az)) on the controller, which must be signed in.
          - V(client_secret) and V(certificate) sign in as an application, with O(sign_in.client_id) of its own. An application may ask
            Microsoft Graph what its permissions allow; it cannot register an agent, and Graph does not show it agents.
        type: str
        choices: [access_token, azure_cli, certificate, client_secret, device_code, password, refresh_token]
        required: true
      password:
        description:
          - For O(sign_in.method=password), the account's password.
        type: str
      refresh_token:
        description:
          - For O(sign_in.method=refresh_token), a refresh token of O(sign_in.client_id).
        type: str
      username:
        description:
          - For O(sign_in.method=password), the account's user principal name.
          - For O(sign_in.method=device_code), whose sign-in must be in the cache. Without it anybody's of the tenant will do.
        type: str
  tenant_id:
    description:
      - The tenant's id, a GUID.
    type: str
"""
