# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own tests: that it behaves as Windows hosts and Microsoft's side do, whatever is tested in it."""

from __future__ import annotations

from cloudlab.testing.fixtures import ansible, lab, lab_states, playbook

__all__ = ["ansible", "lab", "lab_states", "playbook"]
