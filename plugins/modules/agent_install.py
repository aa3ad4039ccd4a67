# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_install; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_install
short_description: Install, upgrade, repair, configure or remove the Entra provisioning agent on a host
version_added: 0.1.0
description:
  - Makes sure that the agent is installed whole, in at least the wanted version, and that its services start with Windows and run.
  - The package is proven again right before it runs, and cannot be exchanged in between.
  - A host that has what is wanted is left alone and needs no package.
  - The installation runs apart from the connection to the host. When that breaks, the task connects again and reports how the
    installation ended. A second task on the same host is refused as long as it runs.
  - An installation of something else that holds Windows Installer (exit code 1618) is waited for, within O(timeout).
  - What an administrator has changed in the agent's configuration file (proxy, FIPS, trace, application settings) is carried over an
    upgrade that puts the file back to its defaults.
  - O(settings) are applied after that; the agent is restarted once when something that it reads has changed.
  - Registration is the work of M(entra_ops.cloud_sync.agent_register).
attributes:
  diff_mode:
    description: Shows version, services and settings before and after.
    support: full
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.package
  - entra_ops.cloud_sync.settings
options:
  environment_name:
    description:
      - Handed to the package as C(ENVIRONMENTNAME), such as V(AzureUSGovernment). Packages since 1.1.2102 find the cloud by themselves.
    type: str
  path:
    description:
      - Where the package lies on the host.
    type: str
    default: C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe
  state:
    description:
      - V(present) makes sure that at least O(version) is installed; a newer version, which the agent may have fetched itself, is fine.
      - V(latest) upgrades to the package when it is newer than what is installed.
      - V(repaired) runs the package in any case, which puts back what is missing of the product. It always reports a change.
      - V(absent) removes the agent and what its own uninstallation leaves (service, files, registry key, rows under Programs and Features,
        certificates of the agent). The updater and the certificates stay when the pass-through authentication agent or the Health agent
        is on the host. RV(remains) says what stays elsewhere. It needs neither a package nor O(accept_eula).
    type: str
    choices: [present, latest, repaired, absent]
    default: present
  timeout:
    description:
      - How many seconds the installation or the removal may take, waiting for Windows Installer included.
    type: int
    default: 1800
seealso:
  - module: entra_ops.cloud_sync.agent_download
  - module: entra_ops.cloud_sync.agent_register
"""

EXAMPLES = r"""
- name: Install the agent from the package that agent_download has brought
  entra_ops.cloud_sync.agent_install:
    accept_eula: true

- name: Upgrade the agent to the package on the host, and show what changes
  entra_ops.cloud_sync.agent_install:
    accept_eula: true
    state: latest
  diff: true

- name: Install the agent and send it through a proxy
  entra_ops.cloud_sync.agent_install:
    accept_eula: true
    settings:
      proxy:
        url: http://proxy.corp.example.com:8080
      ldap_connection_timeout: 60000

- name: Remove the agent, and show what stays
  entra_ops.cloud_sync.agent_install:
    state: absent
  register: removed

- name: Make sure that at least this version is installed
  entra_ops.cloud_sync.agent_install:
    accept_eula: true
    path: D:\packages\AADConnectProvisioningAgentSetup.exe
    version: 1.1.2505.0
"""

RETURN = r"""
backup_file:
  description: The copy of the agent's configuration file from before it was changed, on the host; null when it was not.
  returned: always
  type: str
  sample: C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\AADConnectProvisioningAgent.exe.config.20261125T201500Z.bak
cause:
  description: The likely cause of a failed installation, null when it did not fail or no cause is known.
  returned: always
  type: str
  sample: the service Credential Manager (VaultSvc) is disabled, and setup needs it
exit_code:
  description: The exit code of the package, null when it was not run.
  returned: always
  type: int
  sample: 0
exit_meaning:
  description: What that code means.
  returned: always
  type: str
  sample: done
log:
  description: The installer's log.
  returned: always
  type: dict
  contains:
    path:
      description: Where it lies on the host, null when the package was not run.
      type: str
      sample: C:\ProgramData\entra_ops\cloud_sync\install.log
    tail:
      description: Its last lines, with what may be a secret masked.
      type: str
      sample: 'i007: Exit code: 0x0, restarting: No'
msg:
  description: What was done, would be done, or went wrong, in a sentence.
  returned: always
  type: str
  sample: The agent 1.1.2505.0 is installed and its services run.
reboot_required:
  description: Whether the host must be restarted to finish the installation.
  returned: always
  type: bool
  sample: false
remains:
  description: With O(state=absent), sentences that say what a removal leaves behind, on the host, in the cloud and in Active Directory.
  returned: always
  type: list
  elements: str
  sample: ["The service account CONTOSO\\pGMSA_1a2b3c4d$ in Active Directory: other agents of the forest may use it."]
services:
  description: The agent's services.
  returned: always
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
settings:
  description: The settings that O(settings) can change, as the host has them at the end; in check mode as it would have them.
  returned: always
  type: dict
  sample: {"ldap_connection_timeout": 60000}
version_after:
  description: The installed version at the end; in check mode the one that would be installed.
  returned: always
  type: str
  sample: 1.1.2505.0
version_before:
  description: The version that was installed before, null when none was.
  returned: always
  type: str
  sample: 1.1.2334.0
"""
