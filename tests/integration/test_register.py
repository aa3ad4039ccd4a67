# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_register on registered hosts: failures at every step, domains, accounts, tenants, certificates, and hosts that register at once.

Each test makes of the first host what it needs and leaves it registered. What one host does is asked of its action plugin and payloads;
what takes several hosts, and the report, go through Ansible over WinRM.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from cloudlab.limits import wait_for
from cloudlab.paths import PKI
from cloudlab.pki import Pki
from cloudlab.testing.ansible_runs import run_playbook
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.server_registry import server_registry
from registration_scripts import AGENT_KEY, LAB_KEY, NO_CERTIFICATES, NOT_REGISTERED

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts, LabRun, RunPlaybook

Result = dict[str, t.Any]
Register = Callable[..., Result]
RegisterHosts = Callable[..., dict[str, Result]]

LAB_HOSTS, LAB_STATE = 2, "registered"
OTHER_TENANT = "00000000-0000-0000-0000-000000000001"
#: Two cmdlets in one process, as a script of somebody's own would call them, up to where the registration is under way.
SIGN_IN_BY_HAND = r"""
param($User, $Password)
Import-Module -Name 'C:\Program Files\Microsoft Azure AD Connect Provisioning Agent\Microsoft.CloudSync.PowerShell.dll'
$secret = ConvertTo-SecureString -String $Password -AsPlainText -Force
$credential = New-Object -TypeName System.Management.Automation.PSCredential -ArgumentList $User, $secret
Connect-AADCloudSyncAzureAD -Credential $credential
"""


@pytest.fixture(scope="module")
def register(lab: Lab, direct_host: DirectHosts) -> Register:
    """Return what registers the first host and returns its result: register(script=..., check=True, **options of agent_register)."""
    host = direct_host(lab.hosts[0])
    known = host.known("ca_path", "cloud", "domains", "lock_dir", "sign_in", "tenant_id")

    def call(*, script: str = "", check: bool = False, **options: t.Any) -> Result:
        if script:
            host.run_script(script)
        return host.run("agent_register", {**known, **options}, check=check)

    return call


@pytest.fixture(scope="module")
def register_hosts(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> RegisterHosts:
    """Return what registers hosts through Ansible, without a throttle, and returns their results by host."""

    def call(hosts: str, strategy: str = "linear") -> dict[str, Result]:
        folder = tmp_path_factory.mktemp("register")
        values = {"hosts_of_run": hosts, "strategy_of_run": strategy, "results": str(folder)}
        playbook = str(Path(__file__).with_name("register_once.yml"))
        run = run_playbook(playbook, "--forks", "10", inventory=lab.inventory, extra_vars=values)
        print(f"{hosts}: {run.seconds:.0f} s\n{run.output}")
        results = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")}
        assert results, run.tail
        return results

    return call


def domains(lab: Lab, **changes: t.Any) -> list[dict[str, t.Any]]:
    """Return both domains of the lab's forest, each with its own administrator; changes are the second's."""
    forest = lab.data["microsoft"]["forest"]
    (second,) = forest["domains"]
    return [
        {"name": forest["domain"], "username": forest["admin"], "password": forest["password"]},
        {"name": second["domain"], "username": second["admin"], "password": second["password"], **changes},
    ]


def certificate(lab: Lab, agent_id: str, days: int, product: str) -> str:
    """Return a script that gives a connector on the host a certificate with so many days left."""
    pfx = Pki.load(PKI).agent_pfx(lab.data["microsoft"]["tenant"]["id"], agent_id, days=days, password="lab")
    return f"""
$flags = [System.Security.Cryptography.X509Certificates.X509KeyStorageFlags]'MachineKeySet, PersistKeySet'
$bytes = [System.Convert]::FromBase64String('{base64.b64encode(pfx).decode()}')
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, 'lab', $flags)
$store = [System.Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
$store.Open('ReadWrite')
$store.Add($certificate)
$store.Close()
$folder = 'C:\\ProgramData\\Microsoft\\{product}\\Config'
$null = [System.IO.Directory]::CreateDirectory($folder)
$trust = "<CloudProxyTrust><Thumbprint>$($certificate.Thumbprint)</Thumbprint><IsInUserStore>false</IsInUserStore></CloudProxyTrust>"
[System.IO.File]::WriteAllText("$folder\\TrustSettings.xml", "<ConnectorTrustSettingsFile>$trust</ConnectorTrustSettingsFile>")
"""


def first_agent(lab: Lab) -> dict[str, t.Any]:
    """Return the active agent of the first host; one that has been registered just now is active a moment later."""
    machine = f"{lab.hosts[0]}.{lab.data['microsoft']['forest']['domain']}"
    return wait_for(f"an active agent on {machine}", lambda: active_agents(lab).get(machine), seen=lambda: str(active_agents(lab)))


def keys_of(result: Result) -> set[str]:
    """Return the keys that a result of the module has, however the task ended."""
    return set(result) - {"exception", "warnings", "deprecations", "failed_when_result"}


def active_agents(lab: Lab) -> dict[str, dict[str, t.Any]]:
    """Return the active agents of the lab's tenant by machine."""
    return {agent["machineName"]: agent for agent in lab.microsoft.state()["agents"] if agent["status"] == "active"}


def test_registered_agent_is_left_alone(register: Register, lab: Lab) -> None:
    lab.microsoft.reset_counters()
    result = register()
    assert (result["changed"], result["failed"], result["reasons"], result["steps"]) == (False, False, [], [])
    assert result["certificate"]["days_left"] > 30
    assert result["domains"] == [lab.data["microsoft"]["forest"]["domain"]]
    assert lab.microsoft.state()["counts"]["tokens_issued"] == 0


@pytest.fixture(scope="module")
def failures(register: Register, lab: Lab) -> dict[str, Result]:
    """A registration that fails at each step in turn, and is run again each time: step -> result."""
    results, script = {}, NOT_REGISTERED
    for step in ("connect", "gmsa", "domains"):
        lab.microsoft.fault(f"/registration/{step}", status=503)
        results[step] = register(script=script, domains=domains(lab, password="wrong"))
        script = ""
    results["second domain"] = register(domains=domains(lab, password="wrong"))
    controllers = [f"dc2.emea.{lab.data['microsoft']['forest']['domain']}", "dc1"]
    results["predicted"] = register(check=True, domains=domains(lab, preferred_domain_controllers=controllers))
    results["well"] = register(domains=domains(lab, preferred_domain_controllers=controllers))
    results["again"] = register(domains=domains(lab))
    return results


@pytest.mark.parametrize(
    ("name", "changed", "steps"),
    [
        ("connect", False, ["sign_in"]),
        ("gmsa", False, ["sign_in", "gmsa"]),
        # The account is set, the first domain meets the fault, the second the wrong password.
        ("domains", True, ["sign_in", "gmsa", "domain", "domain"]),
        ("second domain", True, ["sign_in", "domain", "domain"]),
    ],
)
def test_failure_at_a_step_says_what_to_do(failures: dict[str, Result], name: str, changed: bool, steps: list[str]) -> None:
    result = failures[name]
    assert (result["failed"], result["changed"]) == (True, changed)
    assert [step["name"] for step in result["steps"]] == steps
    assert result["steps"][-1]["error"]
    assert "run it again" in result["msg"] or "Protected Users" in result["msg"]


def test_failed_domain_leaves_the_others_right(failures: dict[str, Result], lab: Lab) -> None:
    result = failures["second domain"]
    assert result["domains"] == [lab.data["microsoft"]["forest"]["domain"]]
    assert result["tenant_id"] and result["certificate"]
    assert [step["changed"] for step in result["steps"]] == [False, True, False]
    assert f"(emea.{lab.data['microsoft']['forest']['domain']}) failed: The user name or password is incorrect" in result["msg"]


def test_domain_is_added_later_with_its_preferred_controllers(failures: dict[str, Result], lab: Lab) -> None:
    result, emea = failures["well"], f"emea.{lab.data['microsoft']['forest']['domain']}"
    assert (result["failed"], result["reasons"]) == (False, [f"domain not served: {emea}"])
    assert [step["target"] for step in result["steps"][1:]] == [emea]
    agent = first_agent(lab)
    assert agent["preferredDomainControllers"][emea] == [f"dc2.{emea}", "dc1"]
    assert not failures["again"]["changed"]


@pytest.fixture(scope="module")
def reported(failures: dict[str, Result], direct_host: DirectHosts, lab: Lab, ansible_playbook: RunPlaybook) -> LabRun:
    """A run of site.yml, with all the output of -vvvv, whose registration adds one domain and fails at the other."""
    direct_host(lab.hosts[0]).run_script(NOT_REGISTERED)
    variables = {"provisioning_agent_domains": domains(lab, password="wrong")}
    return ansible_playbook("site.yml", "-vvvv", "--limit", lab.hosts[0], extra_vars=variables)


def test_report_of_a_failed_registration_tells_what_was_done(reported: LabRun, lab: Lab) -> None:
    row = reported.rows[lab.hosts[0]]
    assert (row["status"], row["failed_phase"], row["changed"]) == ("failed", "register", True)
    assert "Protected Users" in row["message"]
    assert row["tenant_id"] == lab.data["microsoft"]["tenant"]["id"]
    assert row["domains"] == [lab.data["microsoft"]["forest"]["domain"]]


def test_prediction_is_what_happens(failures: dict[str, Result]) -> None:
    predicted, happened = failures["predicted"], failures["well"]
    assert (predicted["changed"], predicted["reasons"]) == (happened["changed"], happened["reasons"])
    assert predicted["steps"] == []


def test_every_result_has_the_same_keys(failures: dict[str, Result]) -> None:
    assert len({frozenset(keys_of(result)) for result in failures.values()}) == 1


def test_secrets_are_in_no_result(failures: dict[str, Result], reported: LabRun, lab: Lab) -> None:
    for text in (*(json.dumps(result) for result in failures.values()), reported.output, json.dumps(reported.report)):
        assert not [secret for secret in lab.secrets if secret in text]
        assert "eyJ" not in text


def test_service_that_does_not_start_is_restarted_by_the_next_run_without_a_sign_in(register: Register, lab: Lab) -> None:
    failed = register(script=f"Set-ItemProperty -LiteralPath '{LAB_KEY}' -Name AgentFails -Value yes", force=True)
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert "service does not start" in failed["msg"]
    lab.microsoft.reset_counters()
    again = register(script=f"Remove-ItemProperty -LiteralPath '{LAB_KEY}' -Name AgentFails")
    assert (again["failed"], again["changed"], again["steps"]) == (False, True, [])
    assert again["reasons"] == ["an earlier registration was cut off", "the service is stopped"]
    assert lab.microsoft.state()["counts"]["tokens_issued"] == 0
    assert not register()["changed"]


def test_registration_that_takes_too_long_is_stopped_and_run_again(register: Register, lab: Lab) -> None:
    lab.microsoft.fault("/registration/domains", hold=True)
    stopped = register(script=NOT_REGISTERED, timeout=20)
    assert (stopped["failed"], stopped["steps"]) == (True, [])
    assert "did not end within 20 seconds" in stopped["msg"]
    # Nobody knows how far it came: it may have changed everything.
    assert stopped["changed"]
    lab.microsoft.clear_faults()
    again = register()
    assert (again["failed"], again["changed"]) == (False, True)


def test_other_tenant_is_refused_and_force_moves_the_agent(register: Register, lab: Lab) -> None:
    script = f"Set-ItemProperty -LiteralPath '{AGENT_KEY}' -Name TenantID -Value '{OTHER_TENANT}'"
    refused = register(script=script)
    assert (refused["failed"], refused["changed"], refused["tenant_id"]) == (True, False, OTHER_TENANT)
    assert "force: true" in refused["msg"]
    moved = register(force=True)
    assert (moved["failed"], moved["tenant_id"]) == (False, lab.data["microsoft"]["tenant"]["id"])


#: Whole days: the host looks within the second in which the certificate was made, or later.
@pytest.mark.parametrize(("days", "reason"), [(None, "the agent has no certificate"), (5, "the certificate ends in [45] days")])
def test_certificate_that_is_gone_or_near_its_end_is_made_anew(register: Register, lab: Lab, days: int | None, reason: str) -> None:
    new = "" if days is None else certificate(lab, first_agent(lab)["id"], days, "Azure AD Connect Provisioning Agent")
    result = register(script=NO_CERTIFICATES + new)
    assert (result["failed"], result["changed"], len(result["reasons"])) == (False, True, 1)
    assert re.fullmatch(reason, result["reasons"][0])
    assert result["certificate"]["days_left"] > 30
    assert result["agent_id"] == first_agent(lab)["id"]


def test_certificate_of_another_connector_is_not_taken_for_the_agents(register: Register, lab: Lab) -> None:
    """The pass-through authentication agent's certificate looks the same, and this one holds longer."""
    mine = first_agent(lab)["id"]
    beside = register(script=certificate(lab, str(uuid.uuid4()), 360, "Azure AD Connect Authentication Agent"))
    assert (beside["changed"], beside["agent_id"]) == (False, mine)
    gone = register(script=NO_CERTIFICATES + certificate(lab, str(uuid.uuid4()), 360, "Azure AD Connect Authentication Agent"))
    assert (gone["failed"], gone["reasons"]) == (False, ["the agent has no certificate"])
    assert gone["agent_id"] == first_agent(lab)["id"]


PREFLIGHTS = {
    # The key of the group key distribution service begins in the year 2100.
    "comes into use at 2100": rf"""
$services = 'CN=Services,CN=Configuration,DC=contoso,DC=lab'
$key = "{LAB_KEY}\Directory\CN=7f9a1b52,CN=Master Root Keys,CN=Group Key Distribution Service,$services"
Set-ItemProperty -LiteralPath $key -Name msKds-UseStartTime -Value 157469184000000000
""",
    "log on as a service": f"Set-ItemProperty -LiteralPath '{LAB_KEY}' -Name ServiceLogonRight -Value '*S-1-5-20'",
}


@pytest.mark.parametrize("words", sorted(PREFLIGHTS))
def test_account_that_cannot_be_set_is_refused_before_anything_is_changed(
    register: Register, lab: Lab, words: str
) -> None:
    prefix = Prefix(lab.state / "hosts" / lab.hosts[0])
    lab.microsoft.reset_counters()
    try:
        result = register(script=NOT_REGISTERED + PREFLIGHTS[words])
    finally:
        prefix.import_registry(server_registry())
    assert (result["failed"], result["changed"], result["steps"], result["reasons"][0]) == (True, False, [], "not registered")
    assert words in result["msg"].lower()
    assert lab.microsoft.state()["counts"]["tokens_issued"] == 0


def test_custom_account_is_set_and_one_that_does_not_exist_is_named(register: Register) -> None:
    refused = register(gmsa={"name": "nobody$"})
    assert (refused["failed"], refused["steps"]) == (True, [])
    assert "the service account nobody$ does not exist" in refused["msg"].lower()
    # The module itself finds out only after it has signed in.
    unknown = register(gmsa={"name": "nobody$"}, preflight=False)
    assert (unknown["failed"], [step["name"] for step in unknown["steps"]]) == (True, ["sign_in", "gmsa"])
    assert "make the group managed service account first" in unknown["msg"]
    custom = register(gmsa={"name": "svcSync$"})
    assert (custom["failed"], custom["gmsa"]) == (False, r"CONTOSO\svcSync$")
    assert not register(gmsa={"name": r"contoso\svcsync$"})["changed"]
    # Without a name any group managed account will do: the one that is set stays.
    assert not register()["changed"]


@pytest.fixture(scope="module")
def at_once(register_hosts: RegisterHosts, direct_host: DirectHosts, lab: Lab) -> dict[str, Result]:
    """The results of all hosts, registered from nothing by forks that all begin at once."""
    for name in lab.hosts:
        direct_host(name).run_script(NOT_REGISTERED)
    lab.microsoft.forget_overlaps()
    lab.microsoft.configure(lab.data["microsoft"]["forest"]["domain"], "active")
    return register_hosts("agents", "ansible.builtin.free")


def test_agents_share_the_default_account(at_once: dict[str, Result], lab: Lab) -> None:
    assert {result["gmsa"].partition("_")[0] for result in at_once.values()} == {r"CONTOSO\pGMSA"}
    assert len({result["gmsa"] for result in at_once.values()}) == 1
    assert len({result["agent_id"] for result in at_once.values()}) == len(lab.hosts)


def test_hosts_register_one_after_another_with_the_strategy_free_and_many_forks(at_once: dict[str, Result], lab: Lab) -> None:
    assert [result["failed"] for result in at_once.values()] == [False] * len(lab.hosts)
    state = lab.microsoft.state()
    assert state["overlapping_registrations"] == []
    assert state["configurations"][lab.data["microsoft"]["forest"]["domain"]] == "active"


def test_hosts_that_do_not_wait_for_each_other_end_in_quarantine(register: Register, direct_host: DirectHosts, lab: Lab) -> None:
    """The same without our module: the lab makes real what the lock is for."""
    domain, user = lab.data["microsoft"]["forest"]["domain"], lab.data["microsoft"]["user"]
    try:
        direct_host(lab.hosts[1]).run_script(SIGN_IN_BY_HAND, User=user["upn"], Password=user["password"])
        register(script=NOT_REGISTERED)
        state = lab.microsoft.state()
        assert len(state["overlapping_registrations"]) == 1
        assert state["configurations"][domain] == "quarantine"
    finally:
        lab.microsoft.forget_overlaps()
        lab.microsoft.configure(domain, "active")
