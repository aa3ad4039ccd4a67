# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the pages and lists that are made from the code (`make docs`); a test holds that they are up to date."""

from __future__ import annotations

from pathlib import Path

from check_lists import checks_page, with_return_list
from packages_table import with_packages_table
from role_variables import defaults_file, variables_page
from troubleshooting_page import troubleshooting_page

ROOT = Path(__file__).resolve().parents[2]


def pages() -> dict[Path, str]:
    """Return each generated file with what it must hold."""
    module, architecture = ROOT / "plugins" / "modules" / "agent_verify.py", ROOT / "docs" / "architecture.md"
    return {
        architecture: with_packages_table(architecture.read_text(encoding="utf-8")),
        ROOT / "docs" / "checks.md": checks_page(),
        ROOT / "docs" / "role-variables.md": variables_page(),
        ROOT / "docs" / "troubleshooting.md": troubleshooting_page(),
        ROOT / "roles" / "provisioning_agent" / "defaults" / "main.yml": defaults_file(),
        module: with_return_list(module.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write each file that is not as it must be, and name it."""
    for file, text in pages().items():
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
