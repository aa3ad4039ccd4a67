# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests that run in a lab share: the lab as an object, its fixtures for pytest, and runs of Ansible against it.

Knows the lab alone, nothing of the collection that is tested.
"""
