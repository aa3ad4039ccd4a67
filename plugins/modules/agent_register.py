# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_register; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_register
short_description: Register the Entra provisioning agent with a tenant and add its domains
version_added: 0.1.0
description:
  - Does what the agent's wizard does, sign in, service account, domains, confirm, with the agent's own PowerShell module.
  - The token is fetched on the controller, once for all hosts of a run, and checked before use. Token and passwords reach the host and the
    module through standard input only.
  - An agent that is registered to the tenant, serves the domains, has a valid certificate and a managed account is left alone.
  - An agent whose registration is not whole, since an earlier run was cut off or failed, is completed; what is done already is left alone.
  - The registration takes the proxy of the agent's exe.config (agent_install sets it); without one, that of machine.config, of Windows'
    Internet options for all users, of those of the user that Ansible signs in as, of C(netsh winhttp), in this order. The result says
    which, under RV(proxy).
  - "Hosts register one after another, also with many forks and with the strategy C(free): agents that did so at the same time have ended in
    quarantine. A lock on the controller sees to it, for all playbooks of one user there; C(throttle: 1) on the task keeps the other forks
    free. Do not register agents of one tenant from two controllers at a time."
  - A session that came over the network without delegation (NTLM, Kerberos without a forwarded ticket) cannot go on to a domain controller
    and has no store for secrets. A custom service account (O(gmsa.name)) and what the agent's module looks up in the directory can fail
    there. The module warns of such a session before it registers, unless O(preflight=false). Let the task become SYSTEM
    (C(become=true), C(become_method=runas), C(become_user=SYSTEM)), let Kerberos delegate
    (C(ansible_winrm_kerberos_delegation=true), C(ansible_psrp_negotiate_delegate=true)), or connect with CredSSP.
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.cloud
  - entra_ops.cloud_sync.sign_in
options:
  certificate_renewal_days:
    description:
      - An agent whose certificate ends in fewer days is registered again. Agents renew their certificate by themselves long before that.
    type: int
    default: 14
  domains:
    description:
      - The Active Directory domains that the agent serves. One that cannot be added fails the task, and does not keep the others from it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The domain's DNS name.
        type: str
        required: true
      password:
        description:
          - The password of O(domains[].username).
        type: str
        required: true
      preferred_domain_controllers:
        description:
          - Domain controllers that the agent asks first, in this order.
        type: list
        elements: str
        default: []
      username:
        description:
          - An administrator of the domain, as C(DOMAIN\name). It is used to add the domain and is not kept.
        type: str
        required: true
  force:
    description:
      - Register the agent again although it is registered, also away from another tenant.
    type: bool
    default: false
  gmsa:
    description:
      - The group managed service account that the agent's service logs on with.
      - Without it the agent makes or uses its default account, with the credential of the first of O(domains).
    type: dict
    suboptions:
      name:
        description:
          - A custom account's name, such as C(CONTOSO\svcSync$). It must exist and the host must be allowed to use it.
        type: str
      password:
        description:
          - The password of O(gmsa.username).
        type: str
      username:
        description:
          - An administrator of the host's domain who makes the default account.
        type: str
  lock_dir:
    description:
      - The folder on the controller with the locks that keep hosts from registering at the same time. All playbooks, users
        and containers of a controller such as AWX's that register agents of one tenant must share it.
      - Several users need a folder that all of them can write to, such as one of a group of their own with the mode C(2770).
    type: path
    default: ~/.ansible/entra_ops.cloud_sync/locks
  lock_timeout:
    description:
      - How many seconds to wait for the lock while one and the same host holds it. A host holds it as long as its registration takes,
        which O(timeout) and O(execution_timeout) limit. Who holds it, and since when, is shown while waiting and said in the error.
    type: int
    default: 3600
  preflight:
    description:
      - Whether to look first, as far as the host knows, if the service account can be set, and to refuse if it cannot. That takes a KDS
        root key that is in force for a default account, a custom account that this host may use, and the right to log on as a service.
    type: bool
    default: true
  sign_in:
    required: true
  tenant_id:
    required: true
  timeout:
    description:
      - How many seconds the registration of one host may take.
    type: int
    default: 600
seealso:
  - module: entra_ops.cloud_sync.agent_install
  - module: entra_ops.cloud_sync.agent_verify
"""

EXAMPLES = r"""
- name: Register the agent with a user's password
  entra_ops.cloud_sync.agent_register:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    sign_in:
      method: password
      username: sync-admin@contoso.onmicrosoft.com
      password: "{{ vault_sync_admin_password }}"
    domains:
      - name: corp.contoso.com
        username: CORP\installer
        password: "{{ vault_installer_password }}"
  throttle: 1

- name: Register the agent with a token that was fetched elsewhere, and with a service account of your own
  entra_ops.cloud_sync.agent_register:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    sign_in:
      method: access_token
      access_token: "{{ lookup('ansible.builtin.env', 'REGISTRATION_TOKEN') }}"
    gmsa:
      name: CORP\svcSync$
    domains:
      - name: corp.contoso.com
        username: CORP\installer
        password: "{{ vault_installer_password }}"
        preferred_domain_controllers: [dc1.corp.contoso.com]
  throttle: 1
"""

RETURN = r"""
agent_id:
  description: The agent's id, from its certificate; null when it has none.
  returned: always
  type: str
  sample: 6b1f9c6e-2f0e-4d0e-9d1f-0c6a6c0f5d11
certificate:
  description: The agent's certificate, null when it has none.
  returned: always
  type: dict
  contains:
    agent_id:
      description: The agent's id, from the certificate.
      type: str
      sample: 6b1f9c6e-2f0e-4d0e-9d1f-0c6a6c0f5d11
    days_left:
      description: How many days it still holds.
      type: int
      sample: 119
    has_private_key:
      description: Whether the host holds its private key.
      type: bool
      sample: true
    issuer:
      description: Who issued it.
      type: str
      sample: CN=HISConnectorRegistrationCA.his.msappproxy.net
    not_after:
      description: When it ends, UTC.
      type: str
      sample: '2027-01-17T08:00:00Z'
    not_before:
      description: Since when it holds, UTC.
      type: str
      sample: '2026-09-10T08:00:00Z'
    subject:
      description: Its subject, which is the tenant's id.
      type: str
      sample: CN=8d4f5c0a-1111-4222-8333-944455566677
    thumbprint:
      description: Its SHA-1 thumbprint.
      type: str
      sample: 0C1F3A3C5B1D4F0A9A7E2B6D8F9E1C2D3B4A5968
domains:
  description: The domains that the agent's module lists, null when it cannot list them.
  returned: always
  type: list
  elements: str
  sample: [corp.contoso.com]
gmsa:
  description: The account that the agent's service logs on with.
  returned: always
  type: str
  sample: CORP\pGMSA_1a2b3c4d$
msg:
  description: What was done, would be done, or went wrong, in a sentence.
  returned: always
  type: str
  sample: The agent is registered to 8d4f5c0a-1111-4222-8333-944455566677.
proxy:
  description: The proxy that the registration went through, null when nothing was registered.
  returned: always
  type: dict
  contains:
    origin:
      description: Where it is set, V(agent) (the agent's exe.config), V(dotnet) (machine.config), V(machine) or V(user)
        (Windows' Internet options for all users, or of the user that Ansible signs in as), V(winhttp) (C(netsh winhttp)); V(none) where
        none is set, though Windows may find one by itself.
      type: str
      sample: winhttp
    url:
      description: Its address, or that of the script that chooses it; empty for none.
      type: str
      sample: http://proxy.corp.example.com:8080
reasons:
  description: Why the agent was registered, or would be in check mode; empty when it was left alone.
  returned: always
  type: list
  elements: str
  sample: [not registered]
steps:
  description: What was done on the host, in order; empty when nothing was.
  returned: always
  type: list
  elements: dict
  contains:
    changed:
      description: Whether the step changed anything.
      type: bool
      sample: true
    codes:
      description: The error's codes, the most telling first; numbers in hexadecimal digits.
      type: list
      elements: str
      sample: ["0x8007052E"]
    error:
      description: What went wrong, in the host's language; null when nothing did.
      type: str
      sample: The user name or password is incorrect.
    exceptions:
      description: The full names of the error's .NET types, the most telling first.
      type: list
      elements: str
      sample: [System.ComponentModel.Win32Exception]
    name:
      description: The step, V(sign_in), V(gmsa) or V(domain).
      type: str
      sample: domain
    target:
      description: The user, account or domain it was about.
      type: str
      sample: corp.contoso.com
tenant_id:
  description: The tenant that the agent is registered to, null when it is not.
  returned: always
  type: str
  sample: 8d4f5c0a-1111-4222-8333-944455566677
"""
