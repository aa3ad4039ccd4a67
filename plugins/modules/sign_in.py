# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module sign_in; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sign_in
short_description: Sign a person in to the tenant with a device code, once for many runs
version_added: 0.1.0
description:
  - Shows Microsoft's message with an address and a code at once, on the terminal and in a job's output, and waits until a person has
    signed in there with a browser, MFA included, or the code has ended.
  - The sign-in is kept in a cache on the controller. The other modules use it with C(method=device_code) and ask nobody.
  - A sign-in in the cache that still works is left alone.
  - Touches no host. Run it on C(localhost), or use the playbook C(entra_ops.cloud_sync.sign_in).
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.cloud
  - entra_ops.cloud_sync.controller
options:
  cache_path:
    description:
      - The file on the controller that keeps the sign-in. It is encrypted where the controller has a keyring that works, and else a file
        that only its owner can read (mode 0600). Whoever can read it can act as the person.
      - With a keyring the file is empty. A process that cannot open the keyring, such as a job of cron's, says so; sign in where the
        runs are started.
      - The folder is made if need be. A folder that others can write to is refused.
    type: path
    default: ~/.ansible/entra_ops.cloud_sync/sign_in.bin
  client_id:
    description:
      - The public client to sign in with. The default is Azure CLI, the only client that is known to get a token for the
        registration service.
    type: str
    default: 04b07795-8ddb-461a-bbee-02f9e1bf7b46
  force:
    description:
      - Whether to ask a person although the sign-in in the cache still works, such as after a role was activated.
      - The new sign-in replaces that of another user in the same tenant.
    type: bool
    default: false
  tenant_id:
    description:
      - The tenant's id, a GUID.
    type: str
    required: true
  username:
    description:
      - Who must sign in, as in C(sign_in.username) of the other modules. Another account is refused and not kept,
        and another's sign-in in the cache does not count.
      - Without it any member of the tenant can sign in.
    type: str
attributes:
  async:
    details: The code must be shown at once.
  check_mode:
    description: Can run in check mode and says whether a person would be asked.
requirements:
  - On the controller, the Python packages C(msal), C(msal-extensions[portalocker]) and C(requests).
seealso:
  - module: entra_ops.cloud_sync.agent_register
  - module: entra_ops.cloud_sync.agent_verify
"""

EXAMPLES = r"""
- name: Sign in with a device code
  entra_ops.cloud_sync.sign_in:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677

- name: Sign in anew, after the role was activated
  entra_ops.cloud_sync.sign_in:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    force: true

- name: Let nobody but one account sign in
  entra_ops.cloud_sync.sign_in:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    username: admin@contoso.onmicrosoft.com

- name: Use the sign-in
  entra_ops.cloud_sync.agent_verify:
    tenant_id: 8d4f5c0a-1111-4222-8333-944455566677
    sign_in:
      method: device_code
"""

RETURN = r"""
cache_path:
  description: The file that keeps the sign-in.
  returned: always
  type: str
  sample: /srv/ansible/sign_in.bin
encrypted:
  description: Whether the cache is encrypted by the system's keyring. Null when there is no sign-in.
  returned: always
  type: bool
  sample: false
expires_at:
  description:
    - When the first of the access tokens ends, UTC. A new one is fetched without a person, for as long as the tenant's policies allow.
    - Null when there is no sign-in.
  returned: always
  type: str
  sample: "2026-03-01T10:15:00Z"
may_register:
  description:
    - Whether the user has a role that may register agents. Null when there is no sign-in, or no registration scope in the cloud.
  returned: always
  type: bool
  sample: true
msg:
  description: What was done.
  returned: always
  type: str
  sample: admin@contoso.onmicrosoft.com has signed in; the cache '/srv/ansible/sign_in.bin' keeps it.
username:
  description: Who is signed in. Null when nobody is.
  returned: always
  type: str
  sample: admin@contoso.onmicrosoft.com
"""
