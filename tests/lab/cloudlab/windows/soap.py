# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP messages of the remote shell part of WS-Management (MS-WSMV 3.1.4): what is read of a request, how an answer is written."""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "p": "http://schemas.microsoft.com/powershell",
}
SHELL_URI = NAMESPACES["rsp"] + "/cmd"
POWERSHELL_URI = NAMESPACES["p"] + "/Microsoft.PowerShell"
#: All shells of a host, whatever runs in them, and the commands in them: for Get and Enumerate.
SHELLS_URI, COMMANDS_URI = NAMESPACES["rsp"], NAMESPACES["rsp"] + "/Command"
#: What an answer takes up besides the output in it, in bytes, and the largest envelope when a request names none.
_ENVELOPE_FRAME, _ENVELOPE_SIZE = 4096, 153_600
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
Log = Callable[[str], None]
_DURATION = re.compile(r"PT(?:(?P<minutes>\d+)M)?(?:(?P<seconds>[\d.]+)S)?")


class Fault(Exception):
    """A WS-Management fault: Windows' error number, the SOAP subcode, and the text."""

    def __init__(self, code: int, subcode: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.subcode, self.reason = code, subcode, reason


def timed_out() -> Fault:
    """What a Receive gets when nothing came for the time it allows; clients poll again."""
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."
    return Fault(2150858793, "w:TimedOut", text)


def aborted(reason: str) -> Fault:
    """What a request gets whose shell or command ends meanwhile: ERROR_OPERATION_ABORTED."""
    return Fault(995, "w:InternalError", reason)


def no_such(what: str) -> Fault:
    """The shell or command that a request names is not there."""
    return Fault(2150858843, "w:InvalidSelectors", f"The request names {what}, which does not exist.")


@dataclass(frozen=True)
class Request:
    """The parts of a request envelope that the endpoint looks at."""

    header: ET.Element
    body: ET.Element

    @classmethod
    def parse(cls, envelope: bytes) -> Request:
        """Read an envelope; raises xml.etree.ElementTree.ParseError or ValueError when it is none."""
        root = ET.fromstring(envelope)
        header, body = root.find("s:Header", NAMESPACES), root.find("s:Body", NAMESPACES)
        if header is None or body is None:
            raise ValueError("not a SOAP envelope")
        return cls(header, body)

    def text(self, path: str) -> str:
        """Return the text of a header, '' when it is absent."""
        return self.header.findtext(path, "", NAMESPACES)

    @property
    def action(self) -> str:
        """The full action URI."""
        return self.text("a:Action")

    @property
    def verb(self) -> str:
        """The action's last word: Create, Command, Send, Receive, Signal, Delete."""
        return self.action.rsplit("/", 1)[-1]

    @property
    def shell_id(self) -> str:
        """The shell that the request is about."""
        return self.text("w:SelectorSet/w:Selector[@Name='ShellId']")

    @property
    def operation_timeout(self) -> float:
        """How many seconds the client lets the operation take."""
        match = _DURATION.fullmatch(self.text("w:OperationTimeout") or "PT60S")
        return int(match["minutes"] or 0) * 60 + float(match["seconds"] or 0) if match else 60.0

    @property
    def output_limit(self) -> int:
        """How many bytes of output fit into an answer of the size that the client takes, MaxEnvelopeSize; base64 makes four of three."""
        size = self.text("w:MaxEnvelopeSize")
        return ((int(size) if size.isdecimal() else _ENVELOPE_SIZE) - _ENVELOPE_FRAME) // 4 * 3

    @property
    def resource(self) -> str:
        """The URI of what the request is about."""
        return self.text("w:ResourceURI")

    def find(self, path: str) -> ET.Element | None:
        """Return an element of the body."""
        return self.body.find(path, NAMESPACES)


def created(uri: str, identity: str, shell: str) -> str:
    """Return the body that answers a shell's Create; shell is what else there is to say about it, as elements."""
    return (
        f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>{uri}"
        f'</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{identity}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell>{shell}</rsp:Shell>"
    )


#: What answers which verb of which resource: each takes the request and returns the answer's body.
Verbs = dict[tuple[str, str], Callable[[Request], str]]


def envelope(request: Request, content: str) -> bytes:
    """Wrap an answer's body."""
    return _wrap(request, request.action + "Response", content)


def fault_envelope(request: Request, fault: Fault) -> bytes:
    """Wrap a fault as Windows words it, so that clients find its number."""
    reason = escape(fault.reason)
    content = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault Code="{fault.code}" Machine="localhost"><f:Message>{reason}</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )
    return _wrap(request, _FAULT_ACTION, content)


def _wrap(request: Request, action: str, content: str) -> bytes:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return (
        f'<s:Envelope xml:lang="en-US" {spaces}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{NAMESPACES['a']}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(request.text('a:MessageID'))}</a:RelatesTo></s:Header><s:Body>{content}</s:Body></s:Envelope>"
    ).encode()
