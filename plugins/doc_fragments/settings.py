# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the settings that belong to the installed agent."""

from __future__ import annotations


class ModuleDocFragment:
    """The option shared by the module that applies the settings and the one that checks them."""

    DOCUMENTATION = r"""
options:
  settings:
    description:
      - Settings that belong to the installed agent. What is not given is left alone.
      - O(settings.proxy) and O(settings.enforce_fips_policy) stand in C(AADConnectProvisioningAgent.exe.config). Where that is changed, the
        file from before is kept beside it as a backup (the five newest are). The others stand in the registry.
    type: dict
    suboptions:
      enforce_fips_policy:
        description:
          - V(false) lets the agent use MD5 on hosts with the FIPS policy, which password hash synchronization needs. V(true) takes that
            away.
        type: bool
      ldap_connection_timeout:
        description:
          - How many milliseconds the agent waits for a domain controller; its own default is 30000.
        type: int
      proxy:
        description:
          - The proxy that the agent goes through. Its registration by M(entra_ops.cloud_sync.agent_register) takes it too.
        type: dict
        suboptions:
          bypass_list:
            description:
              - Regular expressions of addresses that are reached without the proxy.
            type: list
            elements: str
            default: []
          bypass_on_local:
            description:
              - Whether names without a dot are reached without the proxy.
            type: bool
            default: true
          state:
            description:
              - V(absent) takes the proxy away.
            type: str
            choices: [present, absent]
            default: present
          url:
            description:
              - Its address, such as V(http://proxy.corp.example.com:8080), without a user name or password.
              - Required with O(settings.proxy.state=present).
            type: str
          use_default_credentials:
            description:
              - Whether the agent signs in to the proxy with the account of its service.
            type: bool
            default: true
      referral_chasing_options:
        description:
          - The value of C(ReferralChasingOptions); V(96) lets the agent follow referrals.
        type: int
      reset:
        description:
          - The names of settings to put back to the agent's own default.
        type: list
        elements: str
        choices: [ldap_connection_timeout, referral_chasing_options, user_password_length]
        default: []
      user_password_length:
        description:
          - The longest password that is written back, V(127) to V(256); the agent's own default is 256.
        type: int
"""
