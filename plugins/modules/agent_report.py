# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the module agent_report; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_report
short_description: Write the report of a play's hosts on the controller
version_added: 0.1.0
description:
  - Takes from each host of the play C(provisioning_agent_result), which the role P(entra_ops.cloud_sync.provisioning_agent#role) sets, and
    writes C(report.json) and C(report.html). Hosts without a result of this play are in them too, as V(failed) where they
    have failed or could not be reached by then, in an earlier play of the run too, and else as V(not_run).
  - A host that has failed after its result, such as one whose variables Ansible has refused in a second use of the role, is V(failed).
  - Runs for every host and touches none. The first host writes the report for all; it is written again for a host whose result came later,
    as with C(serial) or the strategy C(free).
  - A report that cannot be written is a warning, and fails no host.
  - The report is the run's output, like its log. It is written in check mode too, and is no change.
author:
  - entra_ops contributors (@entra-ops)
extends_documentation_fragment:
  - entra_ops.cloud_sync.controller
options:
  dest:
    description:
      - The folder for both files. It is made when it is missing (mode 0750); the files get the mode 0640.
      - A relative path begins where Ansible was started.
    type: path
    required: true
seealso:
  - module: entra_ops.cloud_sync.agent_verify
"""

EXAMPLES = r"""
- name: Write the report once more, to another folder
  entra_ops.cloud_sync.agent_report:
    dest: /srv/reports
"""

RETURN = r"""
dest:
  description: The full path of the folder.
  returned: always
  type: str
  sample: /srv/reports
msg:
  description: What was done, or why not.
  returned: always
  type: str
  sample: The report is in /srv/reports.
written:
  description: Whether this task has written the report; false where another host's has, or where it could not be written.
  returned: always
  type: bool
  sample: true
"""
