# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PowerShell session that stays open on a host, for a test's own steps: each takes a tenth of a second.

Only what is tested goes through Ansible, whose every step starts PowerShell anew.
"""

from __future__ import annotations

import contextlib
import typing as t
import xml.etree.ElementTree as ET

import requests
from pypsrp.complex_objects import GenericComplexObject, ObjectMeta
from pypsrp.exceptions import WinRMError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import Serializer
from pypsrp.wsman import WSMan

#: Seconds that the host may take for one answer before the client asks again.
_OPERATION_SECONDS = 60
_PREFERENCES = "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'"

#: How PSRP writes values that are no objects (MS-PSRP 2.2.5.1).
_VALUES = {"S", "C", "B", "DT", "TS", "By", "SB", "U16", "I16", "U32", "I32", "U64", "I64", "Sg", "Db", "D", "BA", "G", "URI", "Version"}


class ScriptError(Exception):
    """A script failed on a host; the text is the host's."""


class Runspace:
    """One host's session: opened when it is first used, and anew when the host has dropped it (a restart, a cut connection).

    Nothing but the session's own variables is kept between scripts, and each has a scope of its own.
    """

    def __init__(self, host: str, address: str, user: str, password: str, ca: str) -> None:
        self._host = host
        self._server: dict[str, t.Any] = {
            "server": address,
            "port": 5986,
            "ssl": True,
            "auth": "ntlm",
            "username": user,
            "password": password,
            "cert_validation": ca,
            "operation_timeout": _OPERATION_SECONDS,
            "read_timeout": _OPERATION_SECONDS + 10,
        }
        self._pool: RunspacePool | None = None

    def run(self, script: str, **parameters: t.Any) -> list[t.Any]:
        """Run a script with parameters for its param() block, and return what it puts out.

        Text, numbers, truth values and lists are Python's own, dates are text, $null is "", hashtables are dictionaries, and other
        objects are dictionaries of their properties.

        Raises:
            ScriptError: it wrote an error, which stops it.
        """
        pool = self._open_pool()
        pipeline = PowerShell(pool)
        pipeline.add_script(script, use_local_scope=True)
        pipeline.add_parameters({name: _sent(pool, value) for name, value in parameters.items()})
        output = pipeline.invoke()
        pipeline.close()
        if pipeline.had_errors or pipeline.streams.error:
            raise ScriptError(f"{self._host}: {'; '.join(str(error) for error in pipeline.streams.error)}")
        return [plain(item) for item in output]

    def close(self) -> None:
        """End the session; the next script opens another one."""
        if self._pool is not None:
            with contextlib.suppress(WinRMError, requests.RequestException):  # the host has dropped it before
                self._pool.close()
        self._pool = None

    def _open_pool(self) -> RunspacePool:
        # Asked before each script: one that was sent into a dropped session could not be sent again, since it may have run.
        if self._pool is None or not self._pool.is_alive():
            connection = WSMan(**self._server)
            self._pool = RunspacePool(connection)
            self._pool.open()
            PowerShell(self._pool).add_script(_PREFERENCES).invoke()
        return self._pool


def _sent(pool: RunspacePool, value: t.Any) -> t.Any:
    """Return a parameter as pypsrp sends it right: it takes every number for one of 32 bits, which PowerShell then cannot read."""
    return pool.serialize(value, ObjectMeta("I64")) if isinstance(value, int) and value.bit_length() > 31 else value


def plain(value: t.Any) -> t.Any:
    """Return what a script has put out as Python's own types; see Runspace.run()."""
    if isinstance(value, GenericComplexObject):
        bare = _bare(value)
        properties = {**value.adapted_properties, **value.extended_properties}
        return bare if bare is not None else {name: plain(item) for name, item in properties.items()} or str(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _bare(value: GenericComplexObject) -> t.Any:
    """Return the text, number or date that PowerShell has hung properties on (a line's file, say), None if it is none; an enum's name.

    pypsrp keeps the properties alone.
    """
    if "System.Enum" in value.types:
        return str(value)
    element = next((child for child in ET.fromstring(value._xml or "<Obj />") if child.tag in _VALUES and "N" not in child.attrib), None)
    return None if element is None else Serializer().deserialize(element)
