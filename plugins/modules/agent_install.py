# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_install; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_install
short_description: Install or upgrade the Entra provisioning agent on a host
version_added: 0.1.0
description:
  - Makes sure that the agent is installed whole, in at least the wanted version, and that its services start with Windows and run.
  - The package is proven again right before it runs, and cannot be exchanged in between.
  - A host that has what is wanted is left alone and needs no package.
  - Registration is the work of M(entra_ops.cloud_sync.agent_register).
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.package
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
    type: str
    choices: [present]
    default: present
  timeout:
    description:
      - How many seconds the installation may take.
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

- name: Make sure that at least this version is installed
  entra_ops.cloud_sync.agent_install:
    accept_eula: true
    path: D:\packages\AADConnectProvisioningAgentSetup.exe
    version: 1.1.2505.0
"""

RETURN = r"""
exit_code:
  description: The exit code of the package, null when it was not run.
  returned: always
  type: int
  sample: 0
exit_meaning:
  description: What that code means.
  returned: always
  type: str
  sample: installed
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
      description: Its last lines.
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
