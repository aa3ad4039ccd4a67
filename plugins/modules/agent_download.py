# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_download; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_download
short_description: Bring the installer package of the Entra provisioning agent to a host and prove it
version_added: 0.1.0
description:
  - Gets the package onto a Windows host, proves there that it is the agent's own package (size, Authenticode signature, publisher, root
    certificate, product, version, SHA-256) and only then gives it its name.
  - A file that does not pass is deleted and the task fails with what the file was. What is plainly no package (a web page, an empty file,
    one with another SHA-256) does not even leave the controller.
  - Nothing is fetched when the host already runs what is wanted, or when the file that is there passes.
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.cloud
  - entra_ops.cloud_sync.package
  - entra_ops.cloud_sync.proxy
options:
  cache_dir:
    description:
      - For O(source=controller), the folder on the controller that keeps what was downloaded. It must belong to the user that runs Ansible
        and is made for him alone. It may be emptied at any time.
    type: path
    default: ~/.ansible/entra_ops.cloud_sync/packages
  dest:
    description:
      - Where the package is put on the host. A folder that is missing is made for administrators only.
    type: str
    default: C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe
  force:
    description:
      - Fetch the package although the host needs none or has it.
      - With O(source=controller) it is copied to the host again; the controller's own copy only if its source has another one.
    type: bool
    default: false
  retries:
    description:
      - How many further tries a download has after one that ended with a broken connection, a short file, or the status 408, 429 or 5xx.
        The time between two tries doubles, unless the server names one.
      - A transfer that broke off is taken up where it ended when the server can do that.
    type: int
    default: 5
  source:
    description:
      - V(host) lets the host download the package itself, from O(url) or from Microsoft.
      - V(controller) downloads it from there to the controller, once for all hosts of a run, and copies it to the hosts that need it.
      - V(file) copies O(src) from the controller.
      - V(share) lets the host copy O(src) from where it can read it, such as a file server.
    type: str
    choices: [host, controller, file, share]
    default: host
  src:
    description:
      - For O(source=file), the package's path on the controller.
      - For O(source=share), its full path as the host sees it, such as V(\\\\files.corp.example.com\\packages\\setup.exe).
        Over WinRM, a share of another machine takes CredSSP, Kerberos delegation or C(become).
    type: str
  state:
    description:
      - V(present) is content with an installed agent, or a package on the host, that is as wanted.
      - V(latest) sees that the package is the one that the source has now, whatever is installed. The source is asked for changes only, by
        its ETag or time, so that a second run moves no package. With O(sha256) it is the same as V(present), but for the installed agent.
    type: str
    choices: [present, latest]
    default: present
  timeout:
    description:
      - How many seconds the transfer may take, with all its tries.
    type: int
    default: 900
  url:
    description:
      - For O(source=host) and O(source=controller), the address to download from, such as a mirror of your own. It must start with
        C(https://). Its certificate is verified against the trusted roots of who downloads; there is no way around that.
      - The default is Microsoft's release channel in O(cloud).
    type: str
seealso:
  - module: entra_ops.cloud_sync.agent_install
"""

EXAMPLES = r"""
- name: Let the host download the package from Microsoft
  entra_ops.cloud_sync.agent_download:
    accept_eula: true

- name: Download a tested version from a mirror
  entra_ops.cloud_sync.agent_download:
    accept_eula: true
    url: https://mirror.example.com/entra/AADConnectProvisioningAgentSetup.exe
    sha256: 0f343b0931126a20f133d67c2b018a3b5f1c0d9a2a1dd1c5ae6bb2d3a0b4c1de
    version: 1.1.2334.0

- name: Download the package once, through a proxy, for all hosts of a run
  entra_ops.cloud_sync.agent_download:
    accept_eula: true
    source: controller
    state: latest
    proxy_url: http://proxy.corp.example.com:8080
    proxy_username: CORP\automation
    proxy_password: "{{ vault_proxy_password }}"

- name: Let the hosts copy it from a file server
  entra_ops.cloud_sync.agent_download:
    accept_eula: true
    source: share
    src: \\files.corp.example.com\packages\AADConnectProvisioningAgentSetup.exe
  become: true
  become_method: ansible.builtin.runas
  become_user: CORP\automation
  vars:
    ansible_become_password: "{{ vault_automation_password }}"

- name: Copy the package from the controller, for hosts without a way out
  entra_ops.cloud_sync.agent_download:
    accept_eula: true
    source: file
    src: files/AADConnectProvisioningAgentSetup.exe
"""

RETURN = r"""
attempts:
  description: How many requests the download took, 0 when there was none (or another host's task has made it for all).
  returned: always
  type: int
  sample: 1
downloaded:
  description: Whether the package was fetched or copied to the host.
  returned: always
  type: bool
  sample: true
installed_version:
  description: The version of the agent that is installed on the host, null when none is.
  returned: always
  type: str
  sample: 1.1.2334.0
msg:
  description: What was done, would be done, or went wrong, in a sentence.
  returned: always
  type: str
  sample: The package C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe (1.1.2505.0) was fetched and proven.
path:
  description: Where the package lies on the host.
  returned: always
  type: str
  sample: C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe
proxy:
  description: The proxy that a download of the host went through, null when it downloaded nothing.
  returned: always
  type: dict
  contains:
    origin:
      description: Where it is set, V(option) (O(proxy_url)), V(dotnet) (machine.config), V(machine) or V(user)
        (Windows' Internet options for all users, or of the user that Ansible signs in as), V(winhttp) (C(netsh winhttp)); V(none) where
        none is set, though Windows may find one by itself.
      type: str
      sample: winhttp
    url:
      description: Its address, or that of the script that chooses it; empty for none.
      type: str
      sample: http://proxy.corp.example.com:8080
resumed:
  description: Whether a transfer that broke off was taken up where it had ended.
  returned: always
  type: bool
  sample: false
sha256:
  description: The package's SHA-256, null when there is no package.
  returned: always
  type: str
  sample: 0f343b0931126a20f133d67c2b018a3b5f1c0d9a2a1dd1c5ae6bb2d3a0b4c1de
signature:
  description: What the host read of the package's signature, null when there is no package.
  returned: always
  type: dict
  contains:
    expired:
      description: Whether that certificate has ended and no time stamp from before its end is on the package.
      type: bool
      sample: false
    issuer:
      description: The issuer of the signing certificate.
      type: str
      sample: CN=Microsoft Code Signing PCA 2011, O=Microsoft Corporation, L=Redmond, S=Washington, C=US
    message:
      description: Windows' own words on the signature.
      type: str
      sample: Signature verified.
    not_after:
      description: When the signing certificate ends or has ended, UTC.
      type: str
      sample: '2026-06-17T18:11:31Z'
    root:
      description: The subject of the root certificate that the signature ends in.
      type: str
      sample: CN=Microsoft Root Certificate Authority 2011, O=Microsoft Corporation, L=Redmond, S=Washington, C=US
    root_thumbprint:
      description: The SHA-1 thumbprint of that root.
      type: str
      sample: 8F43288AD272F3103B6FB1428485EA3014C0BCFE
    status:
      description: Windows' verdict.
      type: str
      sample: Valid
    subject:
      description: Who signed the package.
      type: str
      sample: CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US
    thumbprint:
      description: The SHA-1 thumbprint of the signing certificate.
      type: str
      sample: 72105B6D5F370B62FD5C82F1512F7AD7DEE5F2C0
    time_stamp:
      description: When the signature was stamped (RFC 3161), UTC, null when it is not.
      type: str
      sample: '2026-04-09T08:12:44Z'
size:
  description: The package's size in bytes, null when there is no package.
  returned: always
  type: int
  sample: 15728640
source:
  description: The address (without its query), or the path on the controller or host, that the package comes from.
  returned: always
  type: str
  sample: https://mirror.example.com/entra/AADConnectProvisioningAgentSetup.exe
version:
  description: The package's version, null when there is no package.
  returned: always
  type: str
  sample: 1.1.2505.0
"""
