# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what the modules that work on a host have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes, requirements and options of the modules that work on a host."""

    DOCUMENTATION = r"""
options:
  execution_timeout:
    description:
      - How many seconds the host may take for one remote execution, on top of C(timeout) where the module has that. Without such a limit
        Ansible's connection plugins wait for ever for a host that only answers that it has not ended yet.
      - The connection is given up after it, and the host counts as unreachable. What was begun on the host may go on there.
      - Raise it for hosts that are slow, or for a package that is copied to them over a slow line.
    type: int
    default: 900
attributes:
  action:
    description: The work is done by an action plugin on the controller, which runs PowerShell on the host.
    support: full
  async:
    description: Can be used with the C(async) keyword of a task.
    support: none
    details: Long steps are watched by the module itself.
  check_mode:
    description: Can run in check mode and says what a real run would change.
    support: full
  diff_mode:
    description: Shows what has changed, in diff mode.
    support: none
  platform:
    description: The systems that the module manages.
    platforms: windows
    support: full
requirements:
  - On the controller, the Python packages C(msal), C(msal-extensions[portalocker]) and C(requests), and a connection plugin for Windows
    (C(winrm) with C(pywinrm), or C(psrp)).
  - On the host, Windows PowerShell 5.1 or PowerShell 7 and an account that is a local administrator.
notes:
  - Where PowerShell module logging is switched on for a host by policy, Windows writes the parameters of cmdlets to its event log
    (event 4103). These modules hand a secret to no cmdlet but the agent's own that takes the token. Ansible's wrapper hands the input of
    every module, secrets included, to C(ConvertFrom-Json), and M(ansible.windows.win_powershell) hands each secret to
    C(ConvertTo-SecureString). On such hosts switch on Protected Event Logging, which encrypts these events.
  - Where a policy for applications (WDAC, AppLocker) holds PowerShell to the constrained language mode, these modules cannot work, and
    say so.
  - On ansible-core up to 2.21 the verbosity C(-vvvvv) prints what the connection carries, secrets included. Do not use it with these
    modules.
"""
