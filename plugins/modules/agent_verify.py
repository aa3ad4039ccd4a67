# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_verify; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_verify
short_description: Verify that an Entra provisioning agent is installed, registered and active
version_added: 0.1.0
description:
  - Reads the host in one remote execution, asks Microsoft Graph once for all hosts of a run, and judges both. It never changes anything.
  - Does what the last steps of Microsoft's article do by hand, and more. It looks for the two services on the server and for an
    I(active) agent in the portal.
  - An agent alone synchronises nothing. So the sync configuration of each domain is looked at too. A domain is reported, with what to do
    about it, that has no configuration, a configuration that is not enabled, or a configuration in quarantine.
  - Each check that fails names the phase that repairs it (download, install, register).
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.cloud
  - entra_ops.cloud_sync.sign_in
  - entra_ops.cloud_sync.settings
options:
  cloud_check:
    description:
      - Whether the agent is looked up in Microsoft Graph.
      - With V(best_effort) an answer that cannot be had makes the check C(unknown), with V(required) it is a failure. V(off) does not ask.
      - Without O(sign_in) there is nothing to ask with.
    type: str
    choices: [required, best_effort, 'off']
    default: best_effort
  endpoint_issuers:
    description:
      - Texts, one of which the issuer of an endpoint's certificate must contain. Another issuer means that somebody inspects TLS on the
        way, which the agent does not bear.
      - An empty list leaves the issuers unjudged.
    type: list
    elements: str
    default: [Microsoft, DigiCert]
  endpoints:
    description:
      - What the host is tried to reach over TLS, as C(HOST) or C(HOST:PORT), through the proxy of O(settings), else the
        agent's own, else the host's.
      - The default is where the agents of O(cloud) sign in, register and start from; an empty list tries none.
      - The agent's own connections to Microsoft are counted too. While it has some, endpoints that cannot be reached are a warning, since
        the agent may take a way that the session does not.
    type: list
    elements: str
  events_since:
    description:
      - How many hours to look back in the host's logs for errors about the agent, 0 not to look.
    type: int
    default: 24
  expect:
    description:
      - What must hold besides the plain facts that the agent is installed, registered and running.
    type: dict
    suboptions:
      certificate_renewal_days:
        description:
          - The check fails when the agent's certificate ends in fewer days; the agent is then to be registered again, which brings a new
            one.
        type: int
        default: 14
      domains:
        description:
          - Active Directory domains that the agent must serve.
        type: list
        elements: str
        default: []
      minimum_certificate_days:
        description:
          - Warn when the agent's certificate ends in fewer days; the agent should have renewed it by then.
        type: int
        default: 30
      service_account:
        description:
          - The account that the agent's service must log on with, as C(DOMAIN\name$). Without it any group managed service account will do.
        type: str
      tenant_id:
        description:
          - The tenant that the agent must be registered to. The default is O(tenant_id).
        type: str
      version:
        description:
          - The oldest version that will do.
        type: str
  fail_on:
    description:
      - When the task fails, V(fail) when a check fails, V(warn) also when one warns, V(never) not for any verdict.
    type: str
    choices: [fail, warn, never]
    default: fail
  registration_check:
    description:
      - Whether to fetch and check the token for the registration too, where the host needs to be registered. A sign-in that may not
        register makes the check C(sign_in) fail, which is one of RV(blockers).
      - It takes O(sign_in) and O(tenant_id).
    type: bool
    default: false
  prerequisites:
    description:
      - Whether to look at what Microsoft's prerequisites ask of the host (Windows, domain, .NET, TLS, Credential Manager, execution policy,
        restart, disk, memory, policies, log-on right, schema, service account, endpoints, clock) and at its logs.
      - It is read in the same remote execution.
      - While the agent is seen to work (registered, running under its account, and connected or listed as active), what it does without is
        a warning. What only setup and registration ask for still stands in RV(blockers).
    type: bool
    default: true
  probe_timeout:
    description:
      - How many seconds each step of trying one of O(endpoints) may take, that is to connect, to get the proxy's answer and to make the TLS
        handshake.
    type: int
    default: 10
  sync_check:
    description:
      - Whether the sync configurations of the agent's domains are looked up in Microsoft Graph, those of O(expect.domains) where they are
        given.
      - With V(best_effort) an answer that cannot be had makes the checks C(unknown), with V(required) it is a failure. V(off) does not ask,
        and neither does V(best_effort) with O(cloud_check=off).
      - A domain without a configuration, or with a configuration that is not enabled, is a warning. A configuration in quarantine is a
        failure.
      - It takes the permissions C(Synchronization.Read.All) and C(Application.Read.All). An application's own sign-in may have them,
        although it cannot list agents.
      - Without O(sign_in) there is nothing to ask with.
    type: str
    choices: [required, best_effort, 'off']
    default: best_effort
  wait:
    description:
      - How many seconds to wait until Microsoft lists the agent as active with the domains of O(expect.domains); a new agent takes some
        minutes. It does not wait for sync configurations.
    type: int
    default: 0
seealso:
  - module: entra_ops.cloud_sync.agent_register
"""

EXAMPLES = r"""
- name: Verify the agent on the host alone
  entra_ops.cloud_sync.agent_verify:
    cloud_check: "off"

- name: Verify the agent on the host and in the cloud
  entra_ops.cloud_sync.agent_verify:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    sign_in:
      method: password
      username: sync-reader@contoso.onmicrosoft.com
      password: "{{ vault_sync_reader_password }}"
    cloud_check: required
    expect:
      version: 1.1.2334.0
      domains: [corp.contoso.com]

- name: Fail also where a domain is not synchronised
  entra_ops.cloud_sync.agent_verify:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    sign_in:
      method: password
      username: sync-reader@contoso.onmicrosoft.com
      password: "{{ vault_sync_reader_password }}"
    sync_check: required
    expect:
      domains: [corp.contoso.com, emea.contoso.com]
    fail_on: warn

- name: See whether new hosts can hold an agent
  entra_ops.cloud_sync.agent_verify:
    cloud_check: "off"
    endpoints: [login.microsoftonline.com, "relay.corp.contoso.com:8443"]
    endpoint_issuers: [Microsoft, DigiCert, Contoso Issuing CA]
    events_since: 0
    fail_on: never
  register: verified

- name: Leave out the hosts that cannot
  ansible.builtin.meta: end_host
  when: verified.blockers | length > 0

- name: Look for drift without failing
  entra_ops.cloud_sync.agent_verify:
    fail_on: never
  register: verified

- name: Show what would repair it
  ansible.builtin.debug:
    var: verified.drift
"""

RETURN = r"""
agent:
  description: What was found.
  returned: always
  type: dict
  contains:
    agent_id:
      description: The agent's id, from its certificate.
      type: str
      sample: 6b1f9c6e-2f0e-4d0e-9d1f-0c6a6c0f5d11
    certificate:
      description: The agent's certificate, null when it has none.
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
    cloud:
      description: The agent's record in Microsoft Graph, null when it was not asked for.
      type: dict
      contains:
        domains:
          description: The domains that the record is linked to, null when they could not be read.
          type: list
          elements: str
          sample: [corp.contoso.com]
        id:
          description: The record's id.
          type: str
          sample: 6b1f9c6e-2f0e-4d0e-9d1f-0c6a6c0f5d11
        machine_name:
          description: The host's name in the record.
          type: str
          sample: sync1.corp.contoso.com
        matched_by:
          description:
            - What the record was found by, V(agent_id) from the agent's certificate, or V(machine_name) where the host has none, or its id
              is not listed. Null when none was found. A record that was found by the name alone is never enough for the check C(cloud) to
              pass.
          type: str
          sample: agent_id
        other_machine:
          description:
            - The name of the machine that the record is of, where that is not this host; this host is then a copy of that one, or was
              renamed. Else null.
          type: str
          sample: null
        reason:
          description: Why the status is what it is.
          type: str
          sample: the sign-in may not read agents
        stale:
          description: Ids of older records of the same host, which Microsoft drops about ten days after their agent fell silent.
          type: list
          elements: str
          sample: []
        status:
          description: V(confirmed) (active), V(inactive), V(absent) or V(unknown).
          type: str
          sample: confirmed
    domains:
      description: The domains that the agent serves, null when nobody knows them.
      type: list
      elements: str
      sample: [corp.contoso.com]
    fqdn:
      description: The host's name with its domain.
      type: str
      sample: sync1.corp.contoso.com
    host:
      description: The host's computer name.
      type: str
      sample: SYNC1
    services:
      description: The agent's services.
      type: list
      elements: dict
      contains:
        account:
          description: The account it logs on with.
          type: str
          sample: CONTOSO\pGMSA_1a2b3c4d$
        display_name:
          description: Its display name.
          type: str
          sample: Microsoft Azure AD Connect Provisioning Agent
        managed_account:
          description: Whether Windows knows that the account's password is managed.
          type: bool
          sample: true
        name:
          description: Its short name.
          type: str
          sample: AADConnectProvisioningAgent
        path:
          description: The command line it is started with.
          type: str
          sample: '"C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\AADConnectProvisioningAgent.exe"'
        present:
          description: Whether it is there.
          type: bool
          sample: true
        start_type:
          description: How it starts, V(auto), V(manual) or V(disabled).
          type: str
          sample: auto
        state:
          description: Its state, such as V(running) or V(stopped).
          type: str
          sample: running
    synchronization:
      description: The state of each expected domain, else of each domain that the agent serves; null when it was not asked for.
      type: list
      elements: dict
      contains:
        domain:
          description: The domain, null when the agent's domains are not known.
          type: str
          sample: corp.contoso.com
        jobs:
          description: The jobs of its configuration.
          type: list
          elements: dict
          contains:
            id:
              description: The job's id.
              type: str
              sample: AD2AADProvisioning.30b500eaf9c643b2b78804e80c1421fe.5c291d3c-d29f-4570-9d6b-f0c2fa3d5926
            last_success:
              description: When it last succeeded, UTC; null when never.
              type: str
              sample: '2026-11-25T08:00:00Z'
            quarantine:
              description: Why it is in quarantine, null when it is not.
              type: dict
              contains:
                count:
                  description: How many times in a row it has been tried in vain.
                  type: int
                  sample: 3
                error:
                  description: The error behind it, null when Microsoft gives none.
                  type: dict
                  contains:
                    code:
                      description: Its code.
                      type: str
                      sample: AzureActiveDirectoryInvalidCredential
                    message:
                      description: Its text.
                      type: str
                      sample: There's a problem with the service account that is used to run Microsoft Entra Cloud Sync.
                next_attempt:
                  description: When Microsoft tries again, UTC; null when it does not.
                  type: str
                  sample: '2026-11-25T14:00:00Z'
                reason:
                  description: Microsoft's word for the reason, such as V(TooManyDeletes).
                  type: str
                  sample: EncounteredQuarantineException
                since:
                  description: Since when, UTC.
                  type: str
                  sample: '2026-11-25T08:00:00Z'
            state:
              description: The state of its schedule, V(active), V(disabled) or V(paused).
              type: str
              sample: active
            status:
              description: V(active), V(paused), V(quarantine), V(notrun) or V(notconfigured).
              type: str
              sample: quarantine
            template:
              description: What it was made of, V(AD2AADProvisioning) for users and groups, V(AD2AADPasswordHash) for password hashes.
              type: str
              sample: AD2AADProvisioning
        next_attempt:
          description: When Microsoft tries the first of its jobs in quarantine again, UTC; null when none is tried again.
          type: str
          sample: '2026-11-25T14:00:00Z'
        reason:
          description: Why the status is what it is.
          type: str
          sample: EncounteredQuarantineException since 2026-11-25T08:00:00Z
        status:
          description: V(none) (there is no configuration), V(disabled), V(active), V(quarantine) or V(unknown).
          type: str
          sample: quarantine
    tenant_id:
      description: The tenant that the agent is registered to, null when it is not.
      type: str
      sample: 8d4f5c0a-1111-4222-8333-944455566677
    version:
      description: The installed version, null when none is.
      type: str
      sample: 1.1.2505.0
blockers:
  description: The names of the prerequisites that the host lacks and without which an installation or a registration is pointless.
  returned: always
  type: list
  elements: str
  sample: [dotnet]
checks:
  description: The verdicts.
  returned: always
  type: list
  elements: dict
  contains:
    actual:
      description: What was found.
      type: str
      sample: stopped, auto
    expected:
      description: What must be.
      type: str
      sample: running, auto
    name:
      description:
        - The check. Those of the host are made with O(prerequisites) only; a check that has nothing to judge is left out.
        - C(installed) - whether files, module, registry key, service and row under Programs and Features are there.
        - C(version) - the version of what is installed.
        - C(agent_service) - whether the agent's service runs, and starts with Windows.
        - C(updater_service) - the same of the updater's service.
        - C(settings) - the agent's settings, where some are asked for.
        - C(tenant) - the tenant that the agent is registered to.
        - C(registration) - a registration that was begun and not ended.
        - C(service_account) - the account that the agent's service logs on with.
        - C(certificate) - the certificate that the agent signs in to Microsoft with.
        - C(domains) - the domains that the agent serves.
        - C(windows) - Windows' version and kind.
        - C(domain_member) - whether the host is a member of a domain.
        - C(dotnet) - the version of .NET Framework.
        - C(tls) - whether TLS 1.2 and .NET's strong cryptography are switched on.
        - C(credential_manager) - whether Credential Manager may start, which setup needs.
        - C(execution_policy) - Windows PowerShell's execution policy.
        - C(pending_reboot) - who waits for a restart of the host.
        - C(disk) - the room on the system drive.
        - C(memory) - the host's memory.
        - C(fips) - the FIPS policy, and the agent's exemption from it.
        - C(ntlm) - whether outgoing NTLM is denied.
        - C(internet_explorer_esc) - Internet Explorer's enhanced security, which stops the agent's wizard.
        - C(ldap_timeout) - the agent's LDAP time-out.
        - C(known_issues) - known issues of the installed version.
        - C(log_on_right) - who may log on as a service.
        - C(directory) - whether this session may ask the directory.
        - C(delegation) - whether this session may go on to a domain controller, where the agent is still to be registered.
        - C(kds_root_key) - whether the forest has a root key for group managed service accounts.
        - C(schema) - the version of the forest's schema.
        - C(account_container) - whether the domain has its container for managed service accounts.
        - C(service_account_retrieval) - whether the service account exists, and the host may have its password.
        - C(kerberos_encryption) - whether host and service account share an encryption type.
        - C(endpoints) - whether the host reaches Microsoft.
        - C(tls_inspection) - who issued the certificates of Microsoft's endpoints.
        - C(clock) - the host's clock.
        - C(events) - errors in the host's logs that are about the agent.
        - C(connections) - how many connections to Microsoft the agent holds.
        - C(cloud) - whether Microsoft lists the agent as active.
        - C(cloud_records) - older records of the same machine.
        - C(synchronization DOMAIN) - whether a domain has a sync configuration that is active, or in quarantine.
        - C(sign_in) - whether the sign-in may register the agent, where that is still to be done.
      type: str
      sample: agent_service
    remedy:
      description: What to do about it, empty when there is nothing to do.
      type: str
      sample: start the service AADConnectProvisioningAgent
    repaired_by:
      description: The phases that repair it; empty when none of them can.
      type: list
      elements: str
      sample: [install]
    status:
      description: V(pass), V(warn), V(fail) or V(unknown).
      type: str
      sample: fail
compliant:
  description: Whether no check fails; null when the host could not be read.
  returned: always
  type: bool
  sample: false
drift:
  description: The phases that repair the failed checks, in the order they run.
  returned: always
  type: list
  elements: str
  sample: [install]
msg:
  description: What was done, would be done, or went wrong, in a sentence.
  returned: always
  type: str
  sample: 'agent_service: stopped, auto instead of running, auto; start the service AADConnectProvisioningAgent.'
obstacles:
  description: A sentence for each of RV(blockers), with what to do about it.
  returned: always
  type: list
  elements: str
  sample: ['dotnet: 4.6.2 instead of 4.7.1 or newer; install .NET Framework 4.8.']
"""
