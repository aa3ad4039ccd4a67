# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the host itself: Windows, its policies, and what setup asks for.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

from .._agent.settings import whole_number
from .._core.parsing import parse_time
from .._core.version import is_older
from .check import Finding, Look, Proof, check

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


def lacks_server_2025_update(look: Look) -> bool:
    """Whether the host runs Windows Server 2025 without the update that synchronisation depends on."""
    windows = look.platform.windows
    return bool(windows.build == _SERVER_2025 and windows.revision < _SERVER_2025_REVISION)


def _windows_proof(look: Look) -> Proof:
    return Proof.NONE if lacks_server_2025_update(look) else Proof.DOES_WITHOUT


@check("windows", "Windows' version and kind", of="host", facts=("D24", "D25"), blocks=True, proof=_windows_proof)
def _windows(look: Look) -> Finding:
    windows = look.platform.windows
    kind = windows.installation_type or "unknown kind"
    actual = f"{windows.name} ({kind}), build {windows.build}.{windows.revision}"
    if windows.product_type is None:
        return Finding("unknown", _WINDOWS, actual, "look at the host: its registry does not say what kind of Windows it is")
    status, remedy = _windows_problem(look)
    return Finding(status, _WINDOWS, actual, remedy)


def _windows_problem(look: Look) -> tuple[str, str]:
    windows = look.platform.windows
    if windows.product_type == "workstation" or windows.build < _SERVER_2016:
        return "fail", "use a host with Windows Server 2016 or newer: setup refuses client editions and older servers"
    if windows.installation_type == "Server Core":
        return "fail", "use a server with Desktop Experience: Server Core is not supported"
    if lacks_server_2025_update(look):
        return "fail", "install KB5070773 or a later update and restart the host: without it synchronisation stops"
    ends = _SUPPORT_ENDS.get(windows.build)
    if ends and parse_time(look.facts.host.time) > parse_time(ends):
        return "warn", "move to Windows Server 2022 or 2025: Microsoft's support for this release has ended"
    return "pass", ""


@check("domain_member", "whether the host is a member of a domain", of="host", facts=("D26",), blocks=True)
def _domain_member(look: Look) -> Finding:
    platform, expected = look.platform, "member of a domain"
    if platform.domain_member is None:
        reason = f"unknown: {platform.computer_problem}"
        return Finding("unknown", expected, reason, "repair WMI on the host (Get-CimInstance Win32_ComputerSystem)")
    if not platform.domain_member:
        return Finding("fail", expected, "in a workgroup", "join the host to the domain")
    return Finding("pass", expected, f"member of {platform.domain}")


@check("dotnet", "the version of .NET Framework", of="host", facts=("D27",), blocks=True, proof=Proof.DOES_WITHOUT)
def _dotnet(look: Look) -> Finding:
    release, expected = look.platform.dotnet_release, f".NET Framework 4.7.1 or newer (release {_DOTNET_471})"
    actual = "none" if release is None else f"release {release}"
    if release is None or release < _DOTNET_471:
        return Finding("fail", expected, actual, "install .NET Framework 4.7.1 or newer")
    return Finding("pass", expected, actual)


@check(
    "tls", "whether TLS 1.2 and .NET's strong cryptography are switched on", of="host", facts=("V1",), blocks=True, proof=Proof.DISPROVES
)
def _tls(look: Look) -> Finding:
    tls, expected = look.platform.tls, "TLS 1.2 and .NET's strong cryptography switched on"
    sides = (("client", tls.client), ("server", tls.server))
    off = [f"TLS 1.2 off for the {side}" for side, state in sides if state.enabled == 0 or state.disabled_by_default]
    off += ["SchUseStrongCrypto is 0"] if tls.strong_crypto == 0 else []
    if off:
        return Finding("fail", expected, ", ".join(off), "switch them on as Microsoft's prerequisites say, and restart the host")
    left = [f"TLS 1.2 for the {side} left to Windows" for side, state in sides if state.enabled is None]
    left += ["SchUseStrongCrypto left to Windows"] if tls.strong_crypto is None else []
    # The prerequisites do not name it, and the agent is a 64-bit program.
    left += ["SchUseStrongCrypto is 0 for 32-bit programs"] if tls.strong_crypto_32 == 0 else []
    if left:
        return Finding("warn", expected, ", ".join(left), "set them as Microsoft's prerequisites say")
    return Finding("pass", expected, "switched on")


@check(
    "credential_manager",
    "whether Credential Manager may start, which setup needs",
    of="host",
    facts=("D29",),
    blocks=True,
    proof=Proof.DOES_WITHOUT,
)
def _credential_manager(look: Look) -> Finding:
    service, expected = look.facts.vault, "service VaultSvc not disabled"
    if not service.present:
        return Finding("fail", expected, "absent", "repair Windows: setup needs the service Credential Manager")
    if service.start_type == "disabled":
        return Finding("fail", expected, "disabled", "set the start type of the service VaultSvc to manual")
    return Finding("pass", expected, str(service.start_type))


@check("execution_policy", "Windows PowerShell's execution policy", of="host", facts=("D30",), blocks=True, proof=Proof.DOES_WITHOUT)
def _execution_policy(look: Look) -> Finding:
    by_scope = {setting.scope: setting.policy for setting in look.platform.execution_policy}
    scope = next((name for name in _SCOPES if by_scope.get(name) not in (None, "Undefined")), None)
    policy, expected = (by_scope[scope] if scope else None) or "Undefined", "Undefined or RemoteSigned"
    actual = f"{policy} ({scope})" if scope else policy
    if policy.lower() == "unrestricted":
        return Finding("fail", expected, actual, "set it to RemoteSigned: with Unrestricted the registration is refused")
    if policy.lower() not in ("undefined", "remotesigned"):
        return Finding("warn", expected, actual, "set it to RemoteSigned, which is what Microsoft supports")
    return Finding("pass", expected, actual)


@check("pending_reboot", "who waits for a restart of the host", of="host", facts=("S9",))
def _pending_reboot(look: Look) -> Finding:
    reasons = look.platform.pending_reboot
    if reasons:
        return Finding("warn", "none", f"for {', '.join(reasons)}", "restart the host before the agent is installed")
    return Finding("pass", "none", "none")


@check("disk", "the room on the system drive", of="host", facts=(), blocks=True, proof=Proof.DOES_WITHOUT)
def _disk(look: Look) -> Finding:
    free = look.platform.disk_free
    expected, actual, remedy = "5 GiB free on the system drive", f"{free / _GIB:.1f} GiB free", "make room on the system drive"
    # Microsoft names no size: the package with its copy in the cache takes half a gibibyte, logs and dumps the rest.
    status = "fail" if free < _GIB else "warn" if free < 5 * _GIB else "pass"
    return Finding(status, expected, actual, remedy if status != "pass" else "")


@check("memory", "the host's memory", of="host", facts=("D27",))
def _memory(look: Look) -> Finding:
    size = look.platform.memory
    if size is None:
        return Finding("unknown", "4 GiB", f"unknown: {look.platform.computer_problem}", "repair WMI on the host")
    # Firmware keeps a part for itself, and a virtual machine with dynamic memory shows what it has at this moment: so no failure.
    if size < 3.5 * _GIB:
        return Finding("warn", "4 GiB", f"{size / _GIB:.1f} GiB", "give the host 4 GiB of memory or more")
    return Finding("pass", "4 GiB", f"{size / _GIB:.1f} GiB")


@check("fips", "the FIPS policy, and the agent's exemption from it", of="host", facts=("S39",))
def _fips(look: Look) -> Finding:
    enforced = bool(look.platform.fips_policy)
    exempt = look.facts.product.configuration.enforce_fips_policy is False
    expected = "no FIPS policy, or the agent exempt from it"
    if enforced and not exempt:
        remedy = "set 'enforce_fips_policy: false' in 'settings': password hash synchronisation needs MD5"
        return Finding("warn", expected, "the policy holds for the agent", remedy)
    return Finding("pass", expected, "the agent is exempt" if enforced else "no policy")


@check("ntlm", "whether outgoing NTLM is denied", of="host", facts=("V2",))
def _ntlm(look: Look) -> Finding:
    denied = look.platform.ntlm_policy == _NTLM_DENY_ALL
    version, expected = look.facts.product.version, "outgoing NTLM denied, with 1.1.1365.0 or newer"
    if denied and version and is_older(version, "1.1.1365.0"):
        # Only the adding of a domain suffers, with a message about credentials.
        remedy = "upgrade the agent: this version takes the denial for wrong credentials when a domain is added"
        return Finding("warn", expected, f"denied, version {version}", remedy)
    # Microsoft recommends the denial, and supports hosts without it.
    return Finding("pass", expected, "denied" if denied else "allowed, which Microsoft advises against")


@check("internet_explorer_esc", "Internet Explorer's enhanced security, which stops the agent's wizard", of="host", facts=("C15",))
def _explorer_security(look: Look) -> Finding:
    enhanced = bool(look.platform.ie_esc)
    # It blocks the sign-in window of the agent's wizard, which this collection does without, and a person may turn to.
    if enhanced and not look.facts.product.tenant_id:
        remedy = "register with agent_register, or switch it off before the agent's wizard is used"
        return Finding("warn", "off until the agent is registered", "on", remedy)
    return Finding("pass", "off until the agent is registered", "on" if enhanced else "off")


def _ldap_timeout_value(look: Look) -> str | None:
    values = {tunable.name: tunable.value for tunable in look.facts.product.configuration.tunables}
    return values.get("LdapConnectionTimeoutInMilliseconds")


def _ldap_timeout_set(look: Look) -> bool:
    """The time-out is set."""
    return _ldap_timeout_value(look) is not None


@check("ldap_timeout", "the agent's LDAP time-out", of="host", facts=("S23",), needs=_ldap_timeout_set)
def _ldap_timeout(look: Look) -> Finding:
    text = str(_ldap_timeout_value(look))
    expected, actual = "30000 ms or more", f"{text} ms"
    milliseconds = whole_number(text)
    if milliseconds is None or milliseconds < 30000:
        remedy = "set 'ldap_connection_timeout' in 'settings' to 30000 or more, or reset it: slow searches are given up"
        return Finding("warn", expected, actual, remedy)
    return Finding("pass", expected, actual)


def _version_known(look: Look) -> bool:
    """A version is installed."""
    return bool(look.facts.product.version)


@check("known_issues", "known issues of the installed version", of="host", facts=("D17",), needs=_version_known)
def _known_issues(look: Look) -> Finding:
    version = str(look.facts.product.version)
    issues = []
    if is_older(version, "1.1.972.0"):
        issues.append("Microsoft no longer supports it")
    if is_older(version, "1.1.359.0"):
        issues.append("it fails to renew its certificate")
    if is_older(version, "1.1.2334.0"):
        issues.append("its service may hang when it is stopped or upgraded")
    if look.expect.government and version.startswith("1.1.2102."):
        issues.append("password writeback fails in the US Government's clouds")
    expected = "a version without them"
    if issues:
        remedy = "upgrade with a newer package than the agent's own upgrades bring"
        return Finding("warn", expected, f"{version}: {', '.join(issues)}", remedy)
    return Finding("pass", expected, version)
