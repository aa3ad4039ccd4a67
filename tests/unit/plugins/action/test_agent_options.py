# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_options reads the role's variables, templates and all, names what is wrong with them, and returns no secrets."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible import constants
from ansible.template import trust_as_template
from host_facts import TENANT
from module_runs import run_module

CANARY = "canary"

VARIABLES: dict[str, t.Any] = {
    "accept_eula": True,
    "certificate_renewal_days": "20",
    "cloud": "AzureCloud",
    "cloud_check": "required",
    "domains": [{"name": "contoso.lab", "username": "CONTOSO\\admin", "password": "{{ vault }}1"}],
    "download_timeout": 800,
    "endpoints": [],
    "gmsa": {"name": "CONTOSO\\svc$"},
    "install_timeout": 1700,
    "package_path": "D:\\packages\\setup.exe",
    "preflight": False,
    "proxy_password": "{{ vault }}2",
    "proxy_url": "http://proxy.lab:8080",
    "proxy_username": "user",
    "publisher": [],
    "register_timeout": 500,
    "settings": {"user_password_length": 200},
    "sign_in": {"method": "password", "username": "admin@contoso.lab", "password": "{{ vault }}3"},
    "source": "host",
    "state": "repaired",
    "tenant_id": TENANT,
    "version": "{{ wanted_version }}",
    "wait": 60,
}


def check(entry_point: str = "main", **changes: t.Any) -> dict[str, t.Any]:
    """Run the module with the role's variables."""
    variables = {f"provisioning_agent_{name}": trusted(value) for name, value in {**VARIABLES, **changes}.items()}
    return run_module(
        "agent_options", {"entry_point": entry_point}, None, variables={"vault": CANARY, "wanted_version": "1.1.2334.0", **variables}
    )


def trusted(value: t.Any) -> t.Any:
    """Return a value as an inventory's: its texts are templates."""
    if isinstance(value, dict):
        return {name: trusted(part) for name, part in value.items()}
    if isinstance(value, list):
        return [trusted(part) for part in value]
    return trust_as_template(value) if isinstance(value, str) else value


def test_each_module_gets_the_options_that_are_given() -> None:
    result = check()
    assert not result["failed"], result["msg"]
    options = result["options"]
    assert options["agent_install"] == {
        "accept_eula": True,
        "path": "D:\\packages\\setup.exe",
        "settings": {"user_password_length": 200},
        "state": "repaired",
        "timeout": 1700,
        "version": "1.1.2334.0",
    }
    assert (options["agent_download"]["dest"], options["agent_download"]["state"]) == ("D:\\packages\\setup.exe", "latest")
    assert (options["agent_register"]["timeout"], options["agent_register"]["preflight"]) == (500, False)
    verify = options["agent_verify"]
    assert (verify["endpoints"], verify["fail_on"], verify["prerequisites"], verify["registration_check"]) == ([], "never", False, True)
    assert verify["expect"] == {
        "certificate_renewal_days": "20",
        "domains": ["contoso.lab"],
        "service_account": "CONTOSO\\svc$",
        "version": "1.1.2334.0",
    }


def test_what_is_empty_is_left_to_the_modules() -> None:
    options = check(version="", sign_in={}, cloud_check="off", package_path=None)["options"]
    assert options == {}  # main needs a sign-in
    options = check("verify", version="", sign_in={}, cloud_check="off")["options"]
    assert "version" not in options["agent_verify"]["expect"]
    assert "publisher" not in check()["options"]["agent_download"]


@pytest.mark.parametrize(
    ("entry_point", "modules"),
    [
        ("main", ["agent_download", "agent_install", "agent_register", "agent_verify"]),
        ("verify", ["agent_verify"]),
        ("remove", ["agent_install"]),
    ],
)
def test_entry_point_decides_which_modules(entry_point: str, modules: list[str]) -> None:
    assert sorted(check(entry_point)["options"]) == modules


def test_verification_needs_no_sign_in_that_may_register() -> None:
    assert check("verify")["options"]["agent_verify"]["registration_check"] is False


def test_values_that_the_role_decides_by_have_their_types() -> None:
    found = check(fail_on="warn", reboot="true", reboot_timeout="60", state="latest")["role"]
    assert found == {"execution_timeout": 900, "fail_on": "warn", "reboot": True, "reboot_timeout": 60, "state": "latest"}
    assert check("verify", fail_on="", reboot="true")["role"] == {"fail_on": "fail"}
    assert check("remove", reboot="no", reboot_timeout=None)["role"] == {"execution_timeout": 900, "reboot": False, "reboot_timeout": 600}


def test_texts_of_lists_and_dictionaries_are_read() -> None:
    texts = {name: json.dumps(VARIABLES[name]) for name in ("domains", "gmsa", "settings", "sign_in")}
    addresses = ("authority", "graph", "registration_scope", "download_url")
    cloud = {"name": "Lab", **dict.fromkeys(addresses, "https://microsoft.lab")}
    result = check(**texts, endpoints='["login.lab"]', cloud=json.dumps(cloud))
    assert not result["failed"], result["msg"]
    verify = result["options"]["agent_verify"]
    assert verify["endpoints"] == ["login.lab"]
    assert (verify["expect"]["domains"], verify["expect"]["service_account"]) == (["contoso.lab"], "CONTOSO\\svc$")
    assert verify["cloud"] == cloud
    assert CANARY not in json.dumps(result)


def test_text_that_is_no_list_is_refused() -> None:
    result = check(domains=f'[{{"name": "contoso.lab", "password": "{CANARY}"')
    assert result["failed"] and result["msg"].startswith("'provisioning_agent_domains' is a text that is no list")
    assert CANARY not in json.dumps(result)


def test_empty_text_is_no_value() -> None:
    assert "endpoints" not in check(endpoints="")["options"]["agent_verify"]


def test_removal_needs_neither_licence_nor_version() -> None:
    result = check("remove", accept_eula=False, version="newest")
    assert result["options"] == {"agent_install": {"path": "D:\\packages\\setup.exe", "state": "absent", "timeout": 1700}}
    assert "'provisioning_agent_package_path' is 'setup.exe'" in check("remove", package_path="setup.exe")["msg"]


def test_secrets_are_checked_and_not_returned() -> None:
    assert CANARY not in json.dumps(check())
    wrong = check(proxy_username="", sign_in={**VARIABLES["sign_in"], "username": ""}, tenant_id="contoso.lab")
    assert CANARY not in json.dumps(wrong)
    assert "Only one of 'provisioning_agent_proxy_username' and 'provisioning_agent_proxy_password'" in wrong["msg"]
    assert "'provisioning_agent_sign_in' has the method password and no username" in wrong["msg"]


def test_variable_without_a_value_is_named() -> None:
    result = check(url="{{ nowhere }}")
    assert result["failed"] and "'provisioning_agent_url' cannot be evaluated" in result["msg"] and "nowhere" in result["msg"]
    assert result["play"] == "play" and result["started"]


def test_part_of_a_variable_without_a_value_is_named() -> None:
    result = check(domains=[{**VARIABLES["domains"][0], "password": "{{ nowhere }}"}])
    assert result["failed"] and "'provisioning_agent_domains' cannot be evaluated" in result["msg"] and "nowhere" in result["msg"]


def test_text_of_a_wrong_value_is_no_template() -> None:
    assert "{{" in check(tenant_id="{{ '{{' }} vault }}")["msg"]


def test_relative_package_is_found_where_ansible_finds_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    package = tmp_path / "files" / "setup.exe"
    assert "give the path of the package" in check(source="file", src="setup.exe")["msg"]
    package.touch()
    monkeypatch.chdir(tmp_path)
    assert Path(check(source="file", src="setup.exe")["options"]["agent_download"]["src"]).resolve() == package


@pytest.mark.parametrize(("entry_point", "refused"), [("main", True), ("verify", False), ("remove", False)])
def test_secrets_are_refused_before_a_host_is_touched_where_ansible_keeps_its_files(
    monkeypatch: pytest.MonkeyPatch, entry_point: str, refused: bool
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", True)
    result = check(entry_point)
    assert (result["failed"], "ANSIBLE_KEEP_REMOTE_FILES" in result["msg"]) == (refused, refused)
