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
  - A file that does not pass is deleted and the task fails with what the file was.
  - Nothing is fetched when the host already runs what is wanted, or when the file that is there passes.
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.agent
  - entra_ops.cloud_sync.cloud
  - entra_ops.cloud_sync.package
options:
  dest:
    description:
      - Where the package is put on the host. A folder that is missing is made for administrators only.
    type: str
    default: C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe
  force:
    description:
      - Fetch the package although the host needs none or has it.
    type: bool
    default: false
  source:
    description:
      - V(host) lets the host download the package itself, from O(url) or from Microsoft.
      - V(file) copies O(src) from the controller.
    type: str
    choices: [host, file]
    default: host
  src:
    description:
      - For O(source=file), the package's path on the controller.
    type: path
  timeout:
    description:
      - How many seconds the transfer may take.
    type: int
    default: 900
  url:
    description:
      - For O(source=host), the address to download from, such as a mirror of your own. It must start with C(https://).
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

- name: Copy the package from the controller, for hosts without a way out
  entra_ops.cloud_sync.agent_download:
    accept_eula: true
    source: file
    src: files/AADConnectProvisioningAgentSetup.exe
"""

RETURN = r"""
downloaded:
  description: Whether the package was fetched or copied.
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
    issuer:
      description: The issuer of the signing certificate.
      type: str
      sample: CN=Microsoft Code Signing PCA 2011, O=Microsoft Corporation, L=Redmond, S=Washington, C=US
    message:
      description: Windows' own words on the signature.
      type: str
      sample: Signature verified.
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
size:
  description: The package's size in bytes, null when there is no package.
  returned: always
  type: int
  sample: 15728640
source:
  description: The address, or the path on the controller, that the package comes from.
  returned: always
  type: str
  sample: https://mirror.example.com/entra/AADConnectProvisioningAgentSetup.exe
version:
  description: The package's version, null when there is no package.
  returned: always
  type: str
  sample: 1.1.2505.0
"""
