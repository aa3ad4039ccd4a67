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
    type: dict
    suboptions:
      access_token:
        description:
          - For O(sign_in.method=access_token), a delegated token for the registration service, such as the one printed by
            C(az account get-access-token --scope https://proxy.cloudwebappproxy.net/registerapp/user_impersonation).
        type: str
      client_id:
        description:
          - The public client to sign in with. The default is Azure CLI, the one client that is known to get a token for the
            registration service.
        type: str
        default: 04b07795-8ddb-461a-bbee-02f9e1bf7b46
      graph_access_token:
        description:
          - For O(sign_in.method=access_token), a delegated token for Microsoft Graph, which the check of the agent in the cloud
            needs.
        type: str
      method:
        description:
          - V(password) signs in with O(sign_in.username) and O(sign_in.password); the account must be free of MFA.
          - V(access_token) uses tokens that were fetched elsewhere.
        type: str
        choices: [password, access_token]
        required: true
      password:
        description:
          - For O(sign_in.method=password), the account's password.
        type: str
      username:
        description:
          - For O(sign_in.method=password), the account's user principal name.
        type: str
  tenant_id:
    description:
      - The tenant's id, a GUID.
    type: str
"""
