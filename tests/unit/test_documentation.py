# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is documented is what runs: options of modules and role against their specifications, return values, examples."""

from __future__ import annotations

import importlib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.plugins.lookup import LookupBase
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import MODULES as MODULES_OF
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import (
    PREFIX,
    may_carry_secret,
    needed_variables,
    role_options,
    variables_of,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.role import ROLE as ROLE_SPEC
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._options.specs import SPECS, Spec
from setup_checks import BUILD_SIZE, GIB, LAB_SIZE, LEAST_MEMORY, PACKAGES, PACKAGES_SIZE, PORTS, VENV_PACKAGE

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "provisioning_agent"
PLUGINS = "ansible_collections.entra_ops.cloud_sync.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[a-z]*.py"))
FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("[a-z]*.py"))
LOOKUPS = sorted(path.stem for path in (ROOT / "plugins" / "lookup").glob("[a-z]*.py"))
ENTRY_POINTS: dict[str, dict[str, t.Any]] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
COMPARED = ("type", "elements", "default", "choices", "required")
#: Options whose values are secrets; every specification must mark them so.
SECRET = re.compile(r"(^|_)(password|token|secret)$")


def documentation(kind: str, name: str, part: str) -> t.Any:
    """Return a part (DOCUMENTATION, EXAMPLES, RETURN) of a plugin, read as YAML."""
    return yaml.safe_load(getattr(importlib.import_module(f"{PLUGINS}.{kind}.{name}"), part))


def documented_options(module: str) -> dict[str, t.Any]:
    """Return a module's options with those of its fragments; what the module says itself wins, as in ansible-doc."""
    document = documentation("modules", module, "DOCUMENTATION")
    merged: dict[str, t.Any] = {}
    for fragment in document["extends_documentation_fragment"]:
        name = fragment.rpartition(".")[2]
        shared = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION
        merged.update(yaml.safe_load(shared)["options"])
    for name, own in document["options"].items():
        merged[name] = {**merged.get(name, {}), **own}
    return merged


def flat(options: dict[str, t.Any], inner: str, prefix: str = "") -> dict[str, dict[str, t.Any]]:
    """Return options and suboptions by their full names, such as sign_in.password."""
    rows: dict[str, dict[str, t.Any]] = {}
    for name, option in options.items():
        rows[prefix + name] = option
        rows.update(flat(option.get(inner) or {}, inner, f"{prefix}{name}."))
    return rows


def essence(option: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what must be equal in documentation and specification."""
    return {key: option[key] for key in COMPARED if option.get(key) not in (None, False)} | {"default": option.get("default")}


def test_every_module_has_an_action_and_a_specification() -> None:
    actions = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("[a-z]*.py"))
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    assert MODULES == sorted(SPECS) == actions == sorted(groups["agent"])


@pytest.mark.parametrize("module", MODULES)
def test_options_are_documented_as_they_are_checked(module: str) -> None:
    documented, specified = flat(documented_options(module), "suboptions"), flat(SPECS[module], "options")
    assert sorted(documented) == sorted(specified)
    for name, option in documented.items():
        assert essence(option) == essence(specified[name]), name
        assert option["description"], name


@pytest.mark.parametrize("module", MODULES)
def test_secret_options_are_marked(module: str) -> None:
    assert_secrets_marked(SPECS[module])


def assert_secrets_marked(options: Spec) -> None:
    for name, option in flat(options, "options").items():
        if SECRET.search(name.rpartition(".")[2]):
            assert option.get("no_log"), name


@pytest.mark.parametrize("module", MODULES)
def test_return_values_are_described_and_returned(module: str) -> None:
    returned = documentation("modules", module, "RETURN")
    rows = flat(returned, "contains")
    assert all(row.get("description") and row.get("type") for row in rows.values())
    assert all("sample" in row for row in rows.values() if "contains" not in row)
    action = importlib.import_module(f"{PLUGINS}.action.{module}").ActionModule
    assert sorted(returned) == sorted([*action.RETURNS, "msg"])


DOCUMENTED = [(kind, name) for kind, names in (("modules", MODULES), ("filter", FILTERS), ("lookup", LOOKUPS)) for name in names]


@pytest.mark.parametrize(("kind", "name"), DOCUMENTED)
def test_examples_are_tasks(kind: str, name: str) -> None:
    examples = documentation(kind, name, "EXAMPLES")
    assert examples
    assert all(task["name"] for task in examples)
    assert f"entra_ops.cloud_sync.{name}" in yaml.safe_dump(examples)


@pytest.mark.parametrize("module", MODULES)
def test_examples_use_options_that_exist(module: str) -> None:
    for task in documentation("modules", module, "EXAMPLES"):
        unknown = set(task.get(f"entra_ops.cloud_sync.{module}") or {}) - set(SPECS[module])
        assert not unknown, task["name"]


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_documented(name: str) -> None:
    document = documentation("filter", name, "DOCUMENTATION")
    assert document["name"] == name
    assert name in importlib.import_module(f"{PLUGINS}.filter.{name}").FilterModule().filters()
    assert all(option["description"] for option in document["options"].values())


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups_are_documented(name: str) -> None:
    document = documentation("lookup", name, "DOCUMENTATION")
    assert document["name"] == name
    assert issubclass(importlib.import_module(f"{PLUGINS}.lookup.{name}").LookupModule, LookupBase)
    assert all(option["description"] for option in document["options"].values())


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_entry_point_is_described(name: str) -> None:
    entry = ENTRY_POINTS[name]
    assert (ROLE / "tasks" / f"{name}.yml").exists()
    assert entry["short_description"] and entry["description"]
    assert yaml.safe_load(entry["examples"])
    for option, row in flat(entry["options"], "options").items():
        assert row["description"], option
        assert row["type"], option


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_entry_points_agree_on_their_variables(name: str) -> None:
    for option, row in ENTRY_POINTS[name]["options"].items():
        main = ENTRY_POINTS["main"]["options"][option]
        assert (row["type"], row.get("default"), row.get("choices")) == (main["type"], main.get("default"), main.get("choices")), option


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_secret_variables_are_marked(name: str) -> None:
    assert_secrets_marked(ENTRY_POINTS[name]["options"])


def test_role_variables_that_are_used_are_described() -> None:
    files = [*(ROLE / "tasks").glob("*.yml"), ROLE / "vars" / "main.yml"]
    used = {found for file in files for found in re.findall(r"(?<!_)provisioning_agent_\w+", file.read_text())}
    used |= {PREFIX + name for entry_point in MODULES_OF for name in needed_variables(entry_point)}
    assert used - {"provisioning_agent_result"} == set(ENTRY_POINTS["main"]["options"])


@pytest.mark.parametrize("name", sorted(MODULES_OF))
def test_entry_point_describes_what_it_reads(name: str) -> None:
    described = {option.removeprefix(PREFIX) for option in ENTRY_POINTS[name]["options"]}
    # A variable that is read although the entry point does not describe it keeps its default.
    assert {variable for variable in needed_variables(name) if variable not in described} <= (set() if name == "main" else {"wait"})


def test_tasks_decide_by_checked_values_alone() -> None:
    """A variable is whatever the user gave: "false" as a text is true in a condition, or an error of ansible-core 2.19."""
    files = [*(ROLE / "tasks").glob("*.yml"), ROLE / "vars" / "main.yml"]
    used = {found for file in files for found in re.findall(r"(?<!_)provisioning_agent_\w+", file.read_text())}
    # What carries secrets goes to the modules, which read it by themselves, and the report's folder is made a text where it is used.
    assert used == {f"{PREFIX}{name}" for name in ("domains", "gmsa", "proxy_password", "report_dir", "result", "sign_in", "url")}


@pytest.mark.parametrize("module", MODULES_OF["main"])
def test_role_gives_every_option_of_its_modules(module: str) -> None:
    """A shared option that the role forgets would quietly be the module's default."""
    left_alone = {"agent_download": {"force", "request_timeout"}, "agent_install": {"environment_name"}}
    left_alone |= {"agent_register": {"force", "request_timeout"}, "agent_verify": {"request_timeout"}}
    variables = dict.fromkeys(needed_variables("main"), "given") | {"gmsa": {"name": "x$"}, "domains": [{"name": "contoso.lab"}]}
    options = role_options(variables, "main")[module]
    assert set(options) == set(SPECS[module]) - left_alone[module]


@pytest.mark.parametrize("module", MODULES_OF["main"])
def test_tasks_name_the_options_that_carry_secrets_and_no_others(module: str) -> None:
    """The action that reads the variables returns no secrets."""
    named = {name for task in tasks_of(module) for name in task}
    secret = {name for name in SPECS[module] if may_carry_secret(module, name)}
    assert named == secret | ({"wait"} if module == "agent_verify" else set())


def tasks_of(module: str) -> t.Iterator[dict[str, t.Any]]:
    """Return the options of the role's tasks that run a module, but for those of a removal."""
    for file in set((ROLE / "tasks").glob("*.yml")) - {ROLE / "tasks" / "remove.yml"}:
        for task in all_tasks(yaml.safe_load(file.read_text(encoding="utf-8"))):
            if f"entra_ops.cloud_sync.{module}" in task:
                yield task[f"entra_ops.cloud_sync.{module}"] or {}


def all_tasks(tasks: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """Return tasks and those of their blocks."""
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from all_tasks(task.get(part, []))


def specified_variables() -> dict[str, dict[str, t.Any]]:
    """Return for each of the role's variables, without its prefix, the specification of the option that it gives."""
    specified = {name: SPECS[module][option] for module in MODULES_OF["main"] for option, name in variables_of(module).items()}
    return {**specified, **ROLE_SPEC, "state": SPECS["agent_install"]["state"], "fail_on": SPECS["agent_verify"]["fail_on"]}


#: Where a variable of the role is meant to differ from the option of its name.
DIFFERS = {
    ("domains", "elements"),  # Ansible would split the text of a JSON list, before the role can read it
    ("state", "choices"),  # a removal is an entry point of its own
    ("wait", "default"),  # the module waits only where it is asked to
}


@pytest.mark.parametrize("name", sorted(specified_variables()))
def test_variables_are_specified_as_the_options_that_they_give(name: str) -> None:
    described, specified = ENTRY_POINTS["main"]["options"][PREFIX + name], specified_variables()[name]
    for key in ("type", "elements", "choices", "no_log"):
        if (name, key) not in DIFFERS:
            assert described.get(key) == specified.get(key), key
    if "default" in described and (name, "default") not in DIFFERS:
        assert described["default"] == specified.get("default")


@pytest.mark.parametrize("name", [name for name, row in specified_variables().items() if row["type"] in ("dict", "list")])
def test_parts_of_variables_are_specified_as_the_options_that_they_give(name: str) -> None:
    described = flat(ENTRY_POINTS["main"]["options"][PREFIX + name].get("options") or {}, "options")
    specified = flat(specified_variables()[name].get("options") or {}, "options")
    if name != "settings":  # the description refers to the module's
        assert sorted(described) == sorted(specified)
    for part, row in described.items():
        for key in ("type", "elements", "choices", "no_log", "required"):
            assert bool(row.get(key)) == bool(specified[part].get(key)) and row.get(key) in (specified[part].get(key), False), (part, key)
        assert "default" not in row or row["default"] == specified[part].get("default"), part


def test_pages_name_no_variable_that_does_not_exist() -> None:
    pages = [ROOT / "README.md", ROLE / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "playbooks").glob("*.yml")]
    named = {found for page in pages for found in re.findall(r"provisioning_agent_\w+", page.read_text(encoding="utf-8"))}
    assert named - set(ENTRY_POINTS["main"]["options"]) <= {"provisioning_agent_report", "provisioning_agent_result"}


def test_what_the_lab_needs_is_documented_as_it_is_checked() -> None:
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    assert [name for name in (*PACKAGES, VENV_PACKAGE) if f"`{name}`" not in text] == []
    *most, last = map(str, PORTS)
    assert f"The ports {', '.join(most)} and {last} on loopback addresses" in text
    assert f"{LEAST_MEMORY // GIB} GiB of memory, {(BUILD_SIZE + LAB_SIZE) // GIB} GiB of disk" in text
    assert f"and {PACKAGES_SIZE // GIB} GiB for the packages" in text


def test_no_file_names_a_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    homes = re.compile(r"/(?:root|home/\w+|work/[a-z]\w+)/|\bfile:///(?:root|home|tmp)")
    found = []
    for name in filter(None, listed):
        file = ROOT / name
        if file.is_file() and file.suffix not in {".xz", ".png"} and homes.search(file.read_text(encoding="utf-8", errors="replace")):
            found.append(name)
    assert found == []
