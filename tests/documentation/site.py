# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation as a web site (`make site`), and the changelog at a release (`make changelog`), by antsibull's tools.

The pages of modules, filters and role are made from the collection itself; the guides are the repository's Markdown files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap import BUILD, make_environment, python_of

ROOT = Path(__file__).resolve().parents[2]
SITE = BUILD / "site"
COLLECTION = "entra_ops.cloud_sync"
ENVIRONMENT = "venv-docs"
#: The guides, in their order on the first page; they keep their places, so that their links hold.
GUIDES = (
    "README.md",
    "docs/guide.md",
    "docs/role-variables.md",
    "docs/checks.md",
    "docs/troubleshooting.md",
    "docs/testing.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/product-facts.md",
    "tests/lab/README.md",
    "CHANGELOG.md",
)
_CONFIGURATION = """\
project = "{name}"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "alabaster"
myst_heading_anchors = 3
# Links to files of the repository that are no pages, and to Ansible's own documentation; mermaid is drawn by the code host alone.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "ref.ref"]
"""
_FIRST_PAGE = """\
{name}
{line}

.. toctree::
   :maxdepth: 1
   :caption: Guides

{guides}

.. toctree::
   :maxdepth: 1
   :caption: Modules, filters and role

{plugins}
"""


def main() -> None:
    """Do what the argument asks for."""
    make_environment(ENVIRONMENT, sys.executable, [Path(__file__).with_name("requirements.txt")])
    actions = {"site": build_site, "changelog": release}
    actions[sys.argv[1]]()


def build_site() -> None:
    """Check the collection's documentation, and write it as HTML into .build/site/html."""
    shutil.rmtree(SITE, ignore_errors=True)
    plugins = SITE / "source" / "plugins"
    plugins.mkdir(parents=True)
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", str(ROOT))
    options = ["--use-current", "--fail-on-error", "--squash-hierarchy", "--no-indexes"]
    run("antsibull-docs", "collection", *options, "--dest-dir", str(plugins), COLLECTION)
    for page in plugins.glob("*.rst"):
        if not page.stem.endswith(("_module", "_filter", "_role")):
            page.unlink()  # lists that the first page has
    for guide in GUIDES:
        target = SITE / "source" / guide
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / guide, target)
    write_first_page(SITE / "source", sorted(page.stem for page in plugins.glob("*.rst")))
    run("sphinx-build", "-q", "-W", "--keep-going", str(SITE / "source"), str(SITE / "html"))
    print(f"The site: {(SITE / 'html' / 'index.html').relative_to(ROOT)}")


def write_first_page(source: Path, plugins: list[str]) -> None:
    """Write Sphinx's settings and the page that lists all others."""
    guides = "\n".join(f"   {guide.removesuffix('.md')}" for guide in GUIDES)
    pages = "\n".join(f"   plugins/{name}" for name in plugins)
    text = _FIRST_PAGE.format(name=COLLECTION, line="=" * len(COLLECTION), guides=guides, plugins=pages)
    (source / "index.rst").write_text(text, encoding="utf-8")
    (source / "conf.py").write_text(_CONFIGURATION.format(name=COLLECTION), encoding="utf-8")


def release() -> None:
    """Put the fragments into changelogs/changelog.yaml as the version of galaxy.yml, and write CHANGELOG.md."""
    run("antsibull-changelog", "lint")
    run("antsibull-changelog", "release")


def run(program: str, *arguments: str) -> None:
    """Run a program of the environment in the collection's folder, with this environment's ansible-doc; end where it fails."""
    folders = [Path(python_of(ENVIRONMENT)).parent, Path(sys.executable).parent]
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "collections")}
    code = subprocess.run([str(folders[0] / program), *arguments], cwd=ROOT, env=environment, check=False).returncode
    if code:
        sys.exit(f"{program} ended with code {code}.")


if __name__ == "__main__":
    main()
