# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what the modules that touch no host have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of a module whose work is on the controller alone."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: The work is done by an action plugin on the controller.
    support: full
  async:
    description: Can be used with the C(async) keyword of a task.
    support: none
  check_mode:
    description: Can run in check mode and says what a real run would change.
    support: full
  diff_mode:
    description: Shows what has changed, in diff mode.
    support: none
  platform:
    description: The systems that the module manages.
    platforms: posix
    support: full
"""
