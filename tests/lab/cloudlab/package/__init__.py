# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's package: bundles that install as Microsoft's does, and files that must be refused."""

from cloudlab.package.build import Package, build

__all__ = ["Package", "build"]
