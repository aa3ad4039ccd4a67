# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what Microsoft's prerequisites ask of the host itself: Windows, .NET, TLS, policies, restart, disk, memory.

Pure: facts in (the part "platform" of the payload facts.ps1), checks out; None where there is nothing to judge.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.certificate import parse_time
from .._core.version import is_older
from .agent import Check

Facts = t.Mapping[str, t.Any]

_GIB = 2**30
_SERVER_2016, _SERVER_2025 = 14393, 26100
#: The update without which synchronisation stops on Windows Server 2025 (KB5070773).
_SERVER_2025_REVISION = 6901
#: Until when Microsoft supports the older servers; newer ones are recommended.
_SUPPORT_ENDS = {14393: "2027-01-12T00:00:00Z", 17763: "2029-01-09T00:00:00Z"}
_WINDOWS = "Windows Server 2016 or newer with Desktop Experience"
_DOTNET_471 = 461308
_SCOPES = ("MachinePolicy", "UserPolicy", "CurrentUser", "LocalMachine")
#: RestrictSendingNTLMTraffic: 2 denies all.
_NTLM_DENY_ALL = 2


def platform_checks(facts: Facts, government: bool) -> list[Check]:
    """Return the checks of the host itself, in the order a person would look at them.

    Args:
        facts: what the payload facts.ps1 read, with its part "platform".
        government: whether the tenant lives in a cloud of the US Government.
    """
    checks = [
        _windows(facts),
        _domain_member(facts),
        _dotnet(facts),
        _tls(facts),
        _credential_manager(facts),
        _execution_policy(facts),
        _pending_reboot(facts),
        _disk(facts),
        _memory(facts),
        _fips(facts),
        _ntlm(facts),
        _explorer_security(facts),
        _ldap_timeout(facts),
        _known_issues(facts, government),
    ]
    return [check for check in checks if check is not None]


def lacks_server_2025_update(facts: Facts) -> bool:
    """Whether the host runs Windows Server 2025 without the update that synchronisation depends on."""
    windows = facts["platform"]["windows"]
    return bool(windows["build"] == _SERVER_2025 and windows["revision"] < _SERVER_2025_REVISION)


def _windows(facts: Facts) -> Check:
    windows = facts["platform"]["windows"]
    kind = windows["installation_type"] or "unknown kind"
    actual = f"{windows['name']} ({kind}), build {windows['build']}.{windows['revision']}"
    if windows["product_type"] is None:
        return Check("windows", "unknown", _WINDOWS, actual, "look at the host: its registry does not tell what kind of Windows it is")
    status, remedy = _windows_problem(facts)
    return Check("windows", status, _WINDOWS, actual, remedy)


def _windows_problem(facts: Facts) -> tuple[str, str]:
    windows = facts["platform"]["windows"]
    if windows["product_type"] == "workstation" or windows["build"] < _SERVER_2016:
        return "fail", "use a host with Windows Server 2016 or newer: setup refuses client editions and older servers"
    if windows["installation_type"] == "Server Core":
        return "fail", "use a server with Desktop Experience: Server Core is not supported"
    if lacks_server_2025_update(facts):
        return "fail", "install KB5070773 or a later update and restart the host: without it synchronisation stops"
    ends = _SUPPORT_ENDS.get(windows["build"])
    if ends and parse_time(facts["host"]["time"]) > parse_time(ends):
        return "warn", "move to Windows Server 2022 or 2025: Microsoft's support for this one has ended"
    return "pass", ""


def _domain_member(facts: Facts) -> Check:
    platform, expected = facts["platform"], "member of a domain"
    if platform["domain_member"] is None:
        reason = f"unknown: {platform['computer_problem']}"
        return Check("domain_member", "unknown", expected, reason, "repair WMI on the host (Get-CimInstance Win32_ComputerSystem)")
    if not platform["domain_member"]:
        return Check("domain_member", "fail", expected, "in a workgroup", "join the host to the domain")
    return Check("domain_member", "pass", expected, f"member of {platform['domain']}")


def _dotnet(facts: Facts) -> Check:
    release, expected = facts["platform"]["dotnet_release"], f".NET Framework 4.7.1 or newer (release {_DOTNET_471})"
    actual = "none" if release is None else f"release {release}"
    if release is None or release < _DOTNET_471:
        return Check("dotnet", "fail", expected, actual, "install .NET Framework 4.7.1 or newer")
    return Check("dotnet", "pass", expected, actual)


def _tls(facts: Facts) -> Check:
    tls, expected = facts["platform"]["tls"], "TLS 1.2 and .NET's strong cryptography switched on"
    off = [f"TLS 1.2 off for the {side}" for side in ("client", "server") if tls[side]["enabled"] == 0 or tls[side]["disabled_by_default"]]
    off += ["SchUseStrongCrypto is 0"] if tls["strong_crypto"] == 0 else []
    if off:
        return Check("tls", "fail", expected, ", ".join(off), "switch them on as Microsoft's prerequisites say, and restart the host")
    left = [f"TLS 1.2 for the {side} left to Windows" for side in ("client", "server") if tls[side]["enabled"] is None]
    left += ["SchUseStrongCrypto left to Windows"] if tls["strong_crypto"] is None else []
    # The prerequisites do not name it, and the agent is a 64-bit program.
    left += ["SchUseStrongCrypto is 0 for 32-bit programs"] if tls["strong_crypto_32"] == 0 else []
    if left:
        return Check("tls", "warn", expected, ", ".join(left), "set them as Microsoft's prerequisites say")
    return Check("tls", "pass", expected, "switched on")


def _credential_manager(facts: Facts) -> Check:
    service, expected = facts["vault"], "service VaultSvc not disabled"
    if not service["present"]:
        return Check("credential_manager", "fail", expected, "absent", "repair Windows: setup needs the service Credential Manager")
    if service["start_type"] == "disabled":
        return Check("credential_manager", "fail", expected, "disabled", "set the start type of the service VaultSvc to manual")
    return Check("credential_manager", "pass", expected, service["start_type"])


def _execution_policy(facts: Facts) -> Check:
    by_scope = {one["scope"]: one["policy"] for one in facts["platform"]["execution_policy"]}
    scope = next((name for name in _SCOPES if by_scope.get(name) not in (None, "Undefined")), None)
    policy, expected = (by_scope[scope], "Undefined or RemoteSigned") if scope else ("Undefined", "Undefined or RemoteSigned")
    actual = f"{policy} ({scope})" if scope else policy
    if policy.lower() == "unrestricted":
        return Check("execution_policy", "fail", expected, actual, "set it to RemoteSigned: with Unrestricted the registration is refused")
    if policy.lower() not in ("undefined", "remotesigned"):
        return Check("execution_policy", "warn", expected, actual, "set it to RemoteSigned, which is what Microsoft supports")
    return Check("execution_policy", "pass", expected, actual)


def _pending_reboot(facts: Facts) -> Check:
    reasons = facts["platform"]["pending_reboot"]
    if reasons:
        return Check("pending_reboot", "warn", "none", f"for {', '.join(reasons)}", "restart the host before the agent is installed")
    return Check("pending_reboot", "pass", "none", "none")


def _disk(facts: Facts) -> Check:
    free = facts["platform"]["disk_free"]
    expected, actual, remedy = "5 GiB free on the system drive", f"{free / _GIB:.1f} GiB free", "make room on the system drive"
    # Microsoft names no size: the package with its copy in the cache takes half a gibibyte, logs and dumps the rest.
    status = "fail" if free < _GIB else "warn" if free < 5 * _GIB else "pass"
    return Check("disk", status, expected, actual, remedy if status != "pass" else "")


def _memory(facts: Facts) -> Check:
    size = facts["platform"]["memory"]
    if size is None:
        return Check("memory", "unknown", "4 GiB", f"unknown: {facts['platform']['computer_problem']}", "repair WMI on the host")
    # Firmware keeps a part for itself, and a virtual machine with dynamic memory shows what it has at this moment: so no failure.
    if size < 3.5 * _GIB:
        return Check("memory", "warn", "4 GiB", f"{size / _GIB:.1f} GiB", "give the host 4 GiB of memory or more")
    return Check("memory", "pass", "4 GiB", f"{size / _GIB:.1f} GiB")


def _fips(facts: Facts) -> Check:
    enforced = bool(facts["platform"]["fips_policy"])
    exempt = facts["product"]["configuration"]["enforce_fips_policy"] is False
    expected = "no FIPS policy, or the agent exempt from it"
    if enforced and not exempt:
        remedy = "set 'enforce_fips_policy: false' in 'settings': password hash synchronisation needs MD5"
        return Check("fips", "warn", expected, "the policy holds for the agent", remedy)
    return Check("fips", "pass", expected, "the agent is exempt" if enforced else "no policy")


def _ntlm(facts: Facts) -> Check:
    denied = facts["platform"]["ntlm_policy"] == _NTLM_DENY_ALL
    version, expected = facts["product"]["version"], "outgoing NTLM denied, with 1.1.1365.0 or newer"
    if denied and version and is_older(version, "1.1.1365.0"):
        # Only the adding of a domain suffers, with a message about credentials.
        remedy = "upgrade the agent: this version takes the denial for wrong credentials when a domain is added"
        return Check("ntlm", "warn", expected, f"denied, version {version}", remedy)
    # Microsoft recommends the denial, and supports hosts without it.
    return Check("ntlm", "pass", expected, "denied" if denied else "allowed, which Microsoft advises against")


def _explorer_security(facts: Facts) -> Check:
    enhanced = bool(facts["platform"]["ie_esc"])
    # It blocks the sign-in window of the agent's wizard, which this collection does without, and a person may turn to.
    if enhanced and not facts["product"]["tenant_id"]:
        remedy = "register with agent_register, or switch it off before the agent's wizard is used"
        return Check("internet_explorer_esc", "warn", "off until the agent is registered", "on", remedy)
    return Check("internet_explorer_esc", "pass", "off until the agent is registered", "on" if enhanced else "off")


def _ldap_timeout(facts: Facts) -> Check | None:
    values = {one["name"]: one["value"] for one in facts["product"]["configuration"]["tunables"]}
    text = values.get("LdapConnectionTimeoutInMilliseconds")
    if text is None:
        return None
    expected, actual = "30000 ms or more", f"{text} ms"
    if not text.isdigit() or int(text) < 30000:
        remedy = "set 'ldap_connection_timeout' in 'settings' to 30000 or more, or reset it: slow searches are given up"
        return Check("ldap_timeout", "warn", expected, actual, remedy)
    return Check("ldap_timeout", "pass", expected, actual)


def _known_issues(facts: Facts, government: bool) -> Check | None:
    version = facts["product"]["version"]
    if not version:
        return None
    issues = []
    if is_older(version, "1.1.972.0"):
        issues.append("Microsoft no longer supports it")
    if is_older(version, "1.1.359.0"):
        issues.append("it fails to renew its certificate")
    if is_older(version, "1.1.2334.0"):
        issues.append("its service may hang when it is stopped or upgraded")
    if government and version.startswith("1.1.2102."):
        issues.append("password writeback fails in the US Government's clouds")
    expected = "a version without them"
    if issues:
        remedy = "upgrade with a newer package than the agent's own upgrades bring"
        return Check("known_issues", "warn", expected, f"{version}: {', '.join(issues)}", remedy)
    return Check("known_issues", "pass", expected, version)
