# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payload functions where hosts differ from the lab, or behave badly: cultures, values that are not set, programs that do not end.

One host, without Ansible; each group of tests looks at one answer.
"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._agent.facts import HostFacts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.parsing import parse_answer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.harmless_events import HARMLESS_EVENTS
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._host.payload import expand_includes, load_payload, load_session
from host_looks import LAB_KEY

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts
    from direct_host import DirectHost

LAB_HOSTS = 1
CULTURES = ("en-US", "fi-FI", "th-TH", "ar-SA", "tr-TR")
#: All that a host is asked for when it is verified.
PLATFORM = {"account": "", "endpoints": [], "probe_timeout": 5, "event_hours": 24, "proxy": None, "harmless_events": []}

Answer = dict[str, t.Any]


@pytest.fixture(scope="module")
def host(lab: Lab, direct_host: DirectHosts) -> DirectHost:
    """The host that the functions run on."""
    return direct_host(lab.hosts[0])


def cases(name: str) -> str:
    """Return a script of the tests with the functions that it includes."""
    return expand_includes(Path(__file__).with_name(f"{name}_cases.ps1").read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def answer(host: DirectHost) -> Answer:
    """Return what function_cases.ps1 answered."""
    return dict(host.run_script(cases("function"), Values=json.dumps({"cultures": CULTURES})))


@pytest.mark.parametrize("name", CULTURES)
def test_times_are_the_same_in_every_culture(answer: Answer, name: str) -> None:
    found = answer["cultures"][name]
    assert (found["time"], found["event_time"]) == ("2026-11-25T20:05:09Z", "2026-11-25T20:05:09Z")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["host_time"])
    assert re.fullmatch(r"agent\.exe\.config\.20\d{6}T\d{9}Z\.bak", found["backup"])
    assert found["registry"]


@pytest.mark.parametrize("name", ["fi-FI", "th-TH"])
def test_cultures_of_the_lab_do_format_otherwise(answer: Answer, name: str) -> None:
    """One by its separators, one by its calendar; ar-SA has one of its own too, which Wine 10 does not know."""
    assert answer["cultures"][name]["careless"] != "2026-11-25T20:05:09Z"


@pytest.mark.parametrize("name", ["none", "switched_off", "without_switch"])
def test_policy_that_is_not_set_is_a_null_and_not_nothing(answer: Answer, name: str) -> None:
    assert answer["policies"][name] == [1, 1]


#: What a script in a process of its own is to get and give back as it is.
VALUES = {"list": ["a", 'b"\n'], "one": ["a"], "none": [], "nested": [[], [{"x": None}]], "n": 7, "text": "\u00fc \u20ac", "flag": True}


@pytest.fixture(scope="module")
def processes(host: DirectHost) -> Answer:
    """Return what process_cases.ps1 answered."""
    return dict(host.run_script(cases("process"), Request=json.dumps(VALUES)))


def test_process_that_holds_the_pipes_is_not_waited_for(processes: Answer) -> None:
    assert processes["left_alive"]


def test_answer_is_found_behind_text_without_a_line_end(processes: Answer) -> None:
    assert processes["without_line_end"] == {"result": 7, "error": "", "kind": ""}


def test_errors_of_a_process_are_text(processes: Answer) -> None:
    assert processes["errors"]["kind"] == "EndOfStreamException"
    assert processes["errors"]["error"] == "The PowerShell process of its own ended with code 3 and no answer: the library is broken"


def test_error_of_a_script_is_thrown_again(processes: Answer) -> None:
    assert processes["thrown"] == {"result": None, "error": "no", "kind": "RuntimeException"}


def test_process_without_an_end_is_stopped(processes: Answer) -> None:
    assert (processes["endless"]["kind"], processes["endless"]["result"]) == ("TimeoutException", None)
    assert processes["endless"]["error"] == "powershell.exe did not end within 10 seconds and was stopped."


def test_values_come_and_go_as_they_are(processes: Answer) -> None:
    assert processes["values"]["result"] == {**VALUES, "name": "\u00fc\n{}"}


def test_byte_order_mark_before_the_request_is_skipped(processes: Answer) -> None:
    assert processes["marked"] == 'MARK{"result":"marked"}MARK'


def test_program_that_does_not_read_its_input_is_stopped(processes: Answer) -> None:
    assert processes["unread"].endswith("powershell.exe did not read its input in time and was stopped.")


def test_program_that_fails_is_quoted(processes: Answer) -> None:
    assert re.match(r"reg\.exe ended with code 1: \S", processes["failed"])


#: The agent's commands, which alone may be handed a token; they come by a module, as the real ones do.
AGENT_MODULE = """
function Connect-AADCloudSyncAzureAD { param([string]$AccessToken, [string]$TenantId, [string]$UserPrincipalName) }
function Add-AADCloudSyncGMSA { param([string]$CustomGMSAName, [pscredential]$Credential) }
function Add-AADCloudSyncADDomain { param([string]$DomainName, [pscredential]$Credential, [string[]]$PreferredDomainControllers) }
function Get-AADCloudSyncDomains { 'contoso.lab' }
"""
CANARIES = ("canary-token", "canary-account", "canary-domain")
REGISTRATION = {
    "tenant_id": "x",
    "upn": "admin@contoso.lab",
    "access_token": "canary-token",
    "gmsa": {"name": "", "username": "u", "password": "canary-account"},
    "domains": [{"name": "emea.contoso.lab", "username": "u", "password": "canary-domain", "preferred_domain_controllers": ["dc1"]}],
    "skip_known": True,
}
#: A cmdlet's name stands in front of what is bound to it, and behind that comes its call; functions have no name in a trace.
_COMMAND = re.compile(r"BIND \w+ cmd line args \[(?P<bound>[^\]]*)\]|BIND PIPELINE object to parameters: \[(?P<piped>[^\]]*)\]")
_CALLED = re.compile(r"MANDATORY PARAMETER CHECK|CALLING \w+Process")


def given_to(trace: str) -> set[str]:
    """Return the cmdlets that were handed a secret; module logging keeps what is bound to those, not to functions outside modules."""
    command, found = "", set()
    for line in trace.splitlines():
        if named := _COMMAND.search(line):
            command = named["bound"] or named["piped"] or ""
        elif _CALLED.search(line):
            command = ""
        if any(canary in line for canary in CANARIES):
            found.add(command)
    return found - {""}


@pytest.fixture(scope="module")
def traces(host: DirectHost) -> Answer:
    """Return the traces of a registration."""
    arguments = {
        "script": cases("secret"),
        "parameters": {"Payload": load_payload("register"), "Session": load_session("register"), "Modules": AGENT_MODULE},
        "sensitive_parameters": [{"name": "Request", "value": json.dumps(REGISTRATION)}],
    }
    answer = host.win_powershell(arguments, check=False)
    assert not answer["failed"], answer["msg"]
    return dict(json.loads(answer["result"]))


def test_registration_went_through_for_its_trace(traces: Answer) -> None:
    result = json.loads(traces["printed"].strip().removeprefix("MARK").removesuffix("MARK"))["result"]
    assert [(step["name"], step["error"]) for step in result["steps"]] == [("sign_in", None), ("gmsa", None), ("domain", None)]


def test_no_command_but_the_agents_is_handed_a_secret(traces: Answer) -> None:
    assert "System.Security.SecureString" in traces["payload"]
    assert "BIND arg [canary-token] to parameter [AccessToken]" in traces["session"]
    assert given_to(traces["payload"]) == given_to(traces["session"]) == set()


@pytest.mark.parametrize("name", ["download", "facts", "install", "register", "remove"])
def test_payload_in_constrained_language_says_so_in_a_sentence(host: DirectHost, name: str) -> None:
    arguments = {"script": load_payload(name), "parameters": {}, "sensitive_parameters": [], "language": "ConstrainedLanguage"}
    answer = host.win_powershell(arguments, check=False)
    assert answer["failed"]
    assert answer["msg"].startswith("A policy for applications (WDAC, AppLocker) holds PowerShell on this host to the language mode Con")


def test_error_is_read_by_codes_and_types(host: DirectHost) -> None:
    errors = host.run_script(cases("error"))
    assert errors["plain"] == {"message": "nichts", "codes": ["0x80131500"], "exceptions": ["System.Exception"]}
    assert errors["log_on"]["message"] == "Es ging nicht."
    assert errors["log_on"]["codes"][0] == "0x0000052E"
    assert errors["log_on"]["exceptions"] == ["System.ComponentModel.Win32Exception", "System.InvalidOperationException"]
    assert "0x80072030" in errors["directory"]["codes"]
    assert errors["trust"]["codes"][0] == "WebException TrustFailure"
    assert errors["trust"]["exceptions"] == ["System.Net.WebException", "System.AggregateException"]
    assert errors["thrown"]["codes"][0] in {"0x80070002", "0x80070003"}


#: What klist.exe prints: a session that was delegated to, the same in German, one that was not, one with a ticket for a service alone.
LISTINGS = {
    "delegated": """
Current LogonId is 0:0x4f5b21

Cached Tickets: (1)

#0>\tClient: installer @ CORP.CONTOSO.COM
\tServer: krbtgt/CORP.CONTOSO.COM @ CORP.CONTOSO.COM
\tTicket Flags 0x60a10000 -> forwardable forwarded renewable pre_authent name_canonicalize
""",
    "german": "#0>\tClient: installer @ CORP.CONTOSO.COM\n\tServer: krbtgt/CORP.CONTOSO.COM @ CORP.CONTOSO.COM\n",
    "empty": "\nCurrent LogonId is 0:0x4f5b21\n\nCached Tickets: (0)\n",
    "service": "#0>\tClient: installer @ CORP.CONTOSO.COM\n\tServer: cifs/dc1.corp.contoso.com @ CORP.CONTOSO.COM\n",
}


@pytest.fixture(scope="module")
def logons(host: DirectHost) -> Answer:
    """Return what logon_cases.ps1 answered."""
    return dict(host.run_script(cases("logon"), Listings=json.dumps(LISTINGS)))


@pytest.mark.parametrize(("name", "ticket"), [("delegated", True), ("german", True), ("empty", False), ("service", False)])
def test_network_logon_is_asked_for_its_ticket(logons: Answer, name: str, ticket: bool) -> None:
    assert logons[name] == {"network": True, "ticket": ticket, "problem": ""}


def test_other_logon_is_not_asked_for_a_ticket(logons: Answer) -> None:
    assert logons["interactive"] == {"network": False, "ticket": None, "problem": ""}
    assert isinstance(logons["here"]["network"], bool)


def test_ticket_that_cannot_be_read_is_unknown(logons: Answer) -> None:
    """Wine has no klist.exe."""
    assert (logons["absent"]["network"], logons["absent"]["ticket"], bool(logons["absent"]["problem"])) == (True, None, True)


@pytest.fixture(scope="module")
def files(host: DirectHost) -> Answer:
    """Return what file_cases.ps1 answered."""
    return dict(host.run_script(cases("file")))


NEW, OLD = ("<configuration>new</configuration>", "<configuration>old</configuration>")


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("move", {"old": OLD, "other": NEW}),
        ("replace_new", {"old": NEW}),
        ("replace_old", {"old": NEW}),
        ("delete", {"new": NEW}),
    ],
)
def test_file_that_somebody_else_has_open_is_waited_for(files: Answer, name: str, left: dict[str, str]) -> None:
    assert files[name] == {"waits": 2, "problem": "", "files": left}


def test_configuration_that_somebody_else_has_open_is_waited_for(files: Answer) -> None:
    found = files["configure"]
    assert (found["waits"], found["problem"], len(found["files"])) == (2, "", 3)
    assert "<configuration />" in found["files"]["old"]


@pytest.mark.parametrize("name", ["move_in_vain", "replace_in_vain"])
def test_file_that_stays_open_is_tried_five_times(files: Answer, name: str) -> None:
    assert (files[name]["waits"], files[name]["files"]) == (4, {"new": NEW, "old": OLD})
    assert files[name]["problem"] in {"IOException", "UnauthorizedAccessException"}


def test_file_that_is_not_there_is_not_waited_for(files: Answer) -> None:
    assert (files["absent"]["waits"], files["absent"]["problem"]) == (0, "FileNotFoundException")


NOTE = {"source": "a", "sha256": "b", "etag": '"x"', "last_modified": ""}
OF_OTHERS = (json.dumps({**NOTE, "source": "c"}), json.dumps({**NOTE, "sha256": "c"}))
NO_NOTES = ("", "{", "[]", "null", "7", '{"source": "a", "sha256": "b"}', *OF_OTHERS)


def test_note_of_a_source_counts_where_it_is_whole(host: DirectHost) -> None:
    script = expand_includes("param([string]$Notes)\n# include: json.ps1\n# include: placement.ps1\n")
    read = r"""
$path = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'noted')
$found = @(foreach ($note in (ConvertFrom-JsonText -Text $Notes)) {
        [System.IO.File]::WriteAllText((Get-SourceNotePath -Path $path), $note)
        Read-SourceNote -Path $path -Source 'a' -Sha256 'b'
    })
Remove-Package -Path $path
$Ansible.Result = ConvertTo-Json -InputObject $found -Compress
"""
    found = host.run_script(script + read, Notes=json.dumps([json.dumps(NOTE), *NO_NOTES]))
    assert found == [{"etag": '"x"', "last_modified": ""}, *[{}] * len(NO_NOTES)]


NETLOGON = "Microsoft-Windows-Security-Netlogon"
AGENT_LOG = "Microsoft-AzureADConnect-ProvisioningAgent/Admin"


def logged(log: str, provider: str, number: int, message: str, level: int = 2) -> dict[str, str | int]:
    """Return an event as the lab keeps it."""
    return {"LogName": log, "ProviderName": provider, "Id": number, "Level": level, "Message": message}


def events(host: DirectHost, *found: dict[str, str | int]) -> Answer:
    """Return what Get-EventFact says of a host with these events, in their order."""
    host.prefix.import_registry({rf"{LAB_KEY}\Events\{number:04}": event for number, event in enumerate(found)})
    script = expand_includes("param([string]$Harmless)\n# include: json.ps1\n# include: events.ps1\n")
    read = "$Ansible.Result = Get-EventFact -Hours 1 -Harmless (ConvertFrom-JsonText -Text $Harmless) | ConvertTo-Json -Depth 4 -Compress"
    try:
        return dict(host.run_script(script + read, Harmless=json.dumps([event.pattern for event in HARMLESS_EVENTS])))
    finally:
        host.prefix.run("reg.exe", "delete", rf"{LAB_KEY}\Events", "/f")


def test_netlogon_event_of_a_managed_account_is_found_in_its_own_log(host: DirectHost) -> None:
    found = events(host, logged(f"{NETLOGON}/Operational", NETLOGON, 9002, "Netlogon failed to retrieve the password of svcSync$."))
    assert [(event["id"], event["source"]) for event in found["events"]] == [(9002, NETLOGON)]
    assert (found["harmless"], found["problem"]) == (0, "")


def test_log_that_cannot_be_read_has_the_code_of_the_error(host: DirectHost) -> None:
    """Its words are in the host's language."""
    refuse = "function Get-WinEvent { throw [System.UnauthorizedAccessException]::new('Zugriff verweigert.') }\n"
    read = "$Ansible.Result = Get-EventFact -Hours 1 | ConvertTo-Json -Compress"
    found = dict(host.run_script(f"{expand_includes('# include: events.ps1')}\n{refuse}{read}"))
    assert found == {"events": None, "harmless": 0, "problem": "Zugriff verweigert (0x80070005)"}


def test_harmless_events_do_not_push_others_out(host: DirectHost) -> None:
    noise = logged(AGENT_LOG, "agent", 5, "System.UnauthorizedAccessException: Access to the registry key 'Global' is denied.")
    found = events(host, *[noise] * 60, logged(AGENT_LOG, "agent", 7, "The relay is lost."))
    assert ([event["id"] for event in found["events"]], found["harmless"], found["problem"]) == ([7], 60, "")


@pytest.fixture(scope="module")
def facts(host: DirectHost) -> dict[str, Answer]:
    """Return what the payload that reads everything answered in each culture."""
    return {culture: in_culture(host, culture, load_payload("facts"), Platform=json.dumps(PLATFORM)) for culture in CULTURES}


def in_culture(host: DirectHost, culture: str, script: str, **parameters: t.Any) -> Answer:
    """Run a script in a process of another culture."""
    host.culture = culture
    try:
        return dict(host.run_script(script, **parameters))
    finally:
        host.culture = ""


@pytest.mark.parametrize("name", CULTURES)
def test_facts_are_the_same_in_every_culture(facts: dict[str, Answer], name: str) -> None:
    parse_answer(HostFacts, json.dumps(facts[name]), "facts.ps1")
    found, usual = (json.loads(json.dumps(facts[culture])) for culture in (name, "en-US"))
    for answer in (found, usual):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["host"].pop("time"))
        answer["platform"].pop("disk_free")
    assert found == usual


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("Get-Nothing", "$.a is nothing"),
        ("@(1, @{ b = Get-Nothing })", "$.a[1].b is nothing"),
        ("[System.DateTime]::UtcNow", "$.a is a System.DateTime"),
        ("(New-Object -TypeName 'int[]' -ArgumentList 2)", "$.a is an array that PowerShell has wrapped"),
        ("(Add-Member -InputObject 'x' -NotePropertyName 'y' -NotePropertyValue 1 -PassThru)", "$.a is a System.String with notes"),
        ("$PSVersionTable.PSVersion", "$.a is a System.Management.Automation.SemanticVersion"),
        ("@{ 1 = 2 }", "$.a has the key 1"),
        ("@{ b = @{ c = @() } }", "$.a.b.c lies deeper than -Depth"),
        ("[double]::NaN", "$.a is a System.Double"),
    ],
)
def test_what_windows_powershell_writes_otherwise_is_refused(host: DirectHost, value: str, reason: str) -> None:
    answer = host.win_powershell(script_that_writes(value), check=False)
    assert answer["failed"]
    assert reason in answer["msg"]


@pytest.mark.parametrize("value", ["$null", "@()", "@{ b = @(1, 'x', 1.5, $true, $null) }", "@(1, 2 | ForEach-Object -Process { $_ })"])
def test_what_windows_powershell_writes_alike_is_written(host: DirectHost, value: str) -> None:
    answer = host.win_powershell(script_that_writes(value), check=False)
    assert not answer["failed"], answer["msg"]


def test_texts_and_lists_are_read_as_windows_powershell_does(host: DirectHost) -> None:
    kind = """('["2026-11-25T20:05:09Z"]' | ConvertFrom-Json)[0].GetType().Name"""
    whole = "@('[1, 2]' | ConvertFrom-Json | ForEach-Object -Process { 'once' })"
    assert host.run_script(f"$Ansible.Result = @{{ kind = {kind}; whole = {whole} }} | ConvertTo-Json") == {
        "kind": "String",
        "whole": ["once"],
    }


def script_that_writes(value: str) -> Answer:
    """Return the arguments of a script that writes a value into JSON as payloads do."""
    script = f"function Get-Nothing {{ }}\n$Ansible.Result = @{{ a = {value} }} | ConvertTo-Json -Depth 2 -Compress"
    return {"script": script, "parameters": {}, "sensitive_parameters": []}
