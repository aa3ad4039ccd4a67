# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_options; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_options
short_description: Check the variables of the role and give the options of its modules
version_added: 0.1.0
description:
  - Used by the role P(entra_ops.cloud_sync.provisioning_agent#role) before it touches a host. It reads the role's variables on the
    controller, checks them as the modules do, and returns the options of each module.
  - Names everything that is wrong at once, by the role's variables.
  - A list or a dictionary may be a text, as C(-e) and the surveys of AWX send it - JSON, or for a list of texts these with commas or on
    lines of their own.
  - Options that carry secrets (C(sign_in), C(domains), C(gmsa), C(proxy_password)) are checked too and not returned.
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.controller
options:
  entry_point:
    description:
      - The entry point of the role that is to run.
    type: str
    choices: [main, verify, remove]
    default: main
requirements:
  - On the controller, the Python packages C(msal), C(msal-extensions[portalocker]) and C(requests).
"""

EXAMPLES = r"""
- name: Check the variables of the role, and read the options that they give
  entra_ops.cloud_sync.agent_options:
    entry_point: verify
  register: checked

- name: Look at the host as the role does
  entra_ops.cloud_sync.agent_verify:
  module_defaults:
    entra_ops.cloud_sync.agent_verify: "{{ checked.options.agent_verify }}"
"""

RETURN = r"""
msg:
  description: That all is well, or a sentence for each variable that is wrong.
  returned: always
  type: str
  sample: The role's variables are right.
options:
  description: For each module that the entry point runs its options, as far as they are given and carry no secrets.
  returned: always
  type: dict
  sample:
    agent_install: {accept_eula: true, state: present, timeout: 1800}
play:
  description: The id of the play, which the role puts into C(provisioning_agent_result).
  returned: always
  type: str
  sample: 0242ac11-0002-7f5c-1a5b-00000000000b
role:
  description: What the role itself decides by at the entry point, each of its type whatever it was given as.
  returned: always
  type: dict
  sample: {execution_timeout: 900, fail_on: fail, reboot: false, reboot_timeout: 600, state: present}
started:
  description: When the role began with this host, UTC.
  returned: always
  type: str
  sample: "2026-03-01T10:15:00.123456Z"
"""
