# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the bundle and what is inside it: C with mingw-w64, the module with PowerShell's own C# compiler."""

from __future__ import annotations

import random
import shutil
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from cloudlab.package.tools import run
from cloudlab.windows.managed import compile_library
from cloudlab.windows.prefix import Prefix

_NATIVE = Path(__file__).parents[2] / "native"
#: Not every program uses every function of the headers that they share.
C_FLAGS = ("-std=gnu11", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-municode")
_GCC, _WINDRES = "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-windres"

#: Beyond the 1 MiB below which the collection takes a file for an error page.
_PADDING = 1_300_000
#: The family of the bundle's versions; bundle and product codes of one version are derived from it.
_UPGRADE_CODE = uuid.UUID("6b1f0f0e-51f2-4c1e-9d52-0d1d5e7a3c44")


@dataclass(frozen=True)
class Program:
    """One program: its source, what its version resource says, and the libraries it needs."""

    source: str
    file: str
    product: str
    description: str
    resource: str = "version.rc"
    libraries: tuple[str, ...] = ()
    payload: bool = False
    service: str = ""


_AGENT_PRODUCT = "Microsoft Azure AD Connect Provisioning Agent"
_AGENT_FILE = "AADConnectProvisioningAgent.exe"
_UPDATER_PRODUCT = "Microsoft Azure AD Connect Agent Updater"
_UPDATER = Program(
    "idle_service.c",
    "AzureADConnectAgentUpdater.exe",
    _UPDATER_PRODUCT,
    _UPDATER_PRODUCT,
    libraries=("advapi32",),
    service="AzureADConnectAgentUpdater",
)
_CONTENT = (
    Program("agent.c", _AGENT_FILE, _AGENT_PRODUCT, _AGENT_PRODUCT, libraries=("winhttp", "shell32", "advapi32")),
    Program("wizard.c", "AADConnectProvisioningAgentWizard.exe", _AGENT_PRODUCT, f"{_AGENT_PRODUCT} Wizard"),
    _UPDATER,
)
_PACKAGE_PRODUCT = "Microsoft Azure AD Connect Provisioning Agent Package"
BUNDLE = Program(
    "setup.c",
    "AADConnectProvisioningAgentSetup.exe",
    _PACKAGE_PRODUCT,
    _PACKAGE_PRODUCT,
    resource="setup.rc",
    libraries=("shell32", "advapi32", "ntdll"),
    payload=True,
)
#: D10: the same service hands out the private network connector under another last word of the address.
OTHER_PRODUCT = Program(
    "setup.c",
    "MicrosoftEntraPrivateNetworkConnectorInstaller.exe",
    "Microsoft Entra private network connector",
    "Microsoft Entra private network connector",
    resource="setup.rc",
    libraries=("shell32", "advapi32", "ntdll"),
)


def _other_agent(file: str, product: str, service: str) -> Program:
    return Program("other_agent.c", file, product, product, "other_agent.rc", ("shell32", "advapi32"), service=service)


#: Agents that share the updater (S18).
OTHER_AGENTS = {
    "pta-agent": _other_agent(
        "AADConnectAuthAgentSetup.exe", "Microsoft Azure AD Connect Authentication Agent", "AzureADConnectAuthenticationAgent"
    ),
    "health-agent": _other_agent(
        "MicrosoftEntraConnectHealthAgentSetup.exe", "Microsoft Entra Connect Health Agent", "AzureADConnectHealthAgent"
    ),
}


class Compiler:
    """Compiles in one directory of its own; the module, the same in every version, once."""

    def __init__(self, directory: Path, prefix: Prefix) -> None:
        self._directory = directory
        self._prefix = prefix
        self._module = directory / "module"

    def bundle(self, version: str, program: Program = BUNDLE) -> Path:
        """Compile a bundle with everything inside and return the unsigned EXE."""
        work = self._directory / f"{program.file}-{version}"
        work.mkdir(parents=True)
        if program.payload:
            self._add_content(work, version)
        filler = random.Random(version)  # noqa: S311 - filler, the same in every build
        (work / "padding.bin").write_bytes(filler.randbytes(_PADDING))
        return _compile(program, version, work)

    def other_agent(self, version: str, program: Program) -> Path:
        """Compile the setup of another agent and return the unsigned EXE."""
        work = self._directory / program.file
        work.mkdir(parents=True)
        own = replace(_UPDATER, file="own_service.exe", product=program.product, description=program.product, service=program.service)
        for content in (own, _UPDATER):
            _compile(content, version, work)
        return _compile(program, version, work)

    def _add_content(self, work: Path, version: str) -> None:
        self._compile_module()
        shutil.copytree(self._module, work, dirs_exist_ok=True)
        shutil.copy(_NATIVE / f"{_AGENT_FILE}.config", work)
        for program in _CONTENT:
            _compile(program, version, work)

    def _compile_module(self) -> None:
        if self._module.exists():
            return
        self._module.mkdir(parents=True)
        compile_library(self._prefix, "CloudSync.cs", self._module / "Microsoft.CloudSync.PowerShell.dll")
        shutil.copy(self._prefix.powershell / "Newtonsoft.Json.dll", self._module)


def _compile(program: Program, version: str, work: Path) -> Path:
    (work / "build.h").write_text(_header(program, version), encoding="ascii")
    resources, target = work / f"{program.source}.res.o", work / program.file
    defines = ["-DWITH_PAYLOAD"] if program.payload else []
    includes: list[str | Path] = ["-I", work, "-I", _NATIVE]
    run(_WINDRES, *defines, *includes, _NATIVE / program.resource, resources, directory=work)
    libraries = [f"-l{name}" for name in program.libraries]
    run(_GCC, *C_FLAGS, *includes, "-o", target, _NATIVE / program.source, resources, *libraries, directory=work)
    return target


def _header(program: Program, version: str) -> str:
    values = {
        "VERSION_TEXT": version,
        "FILE_DESCRIPTION": program.description,
        "INTERNAL_NAME": program.file.removesuffix(".exe"),
        "ORIGINAL_FILENAME": program.file,
        "PRODUCT_NAME": program.product,
    }
    wide = {
        "VERSION_WIDE": version,
        "BUNDLE_NAME": _PACKAGE_PRODUCT,
        "UPGRADE_CODE": _code(_UPGRADE_CODE),
        "BUNDLE_ID": _code(uuid.uuid5(_UPGRADE_CODE, f"bundle {version}")),
        "PRODUCT_CODE": _code(uuid.uuid5(_UPGRADE_CODE, f"{program.service or 'agent'} {version}")),
        "UPDATER_CODE": _code(uuid.uuid5(_UPGRADE_CODE, f"updater {version}")),
        "PRODUCT_NAME_WIDE": program.product,
        "SERVICE_NAME": program.service,
    }
    lines = [f'#define {name} "{value}"' for name, value in values.items()]
    lines += [f'#define {name} L"{value}"' for name, value in wide.items()]
    return "\n".join([*lines, f"#define VERSION_NUMBERS {version.replace('.', ',')}", ""])


def _code(value: uuid.UUID) -> str:
    return "{" + str(value).upper() + "}"
