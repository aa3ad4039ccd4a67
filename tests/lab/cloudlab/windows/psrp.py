# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PowerShell Remoting Protocol as far as an endpoint has to know it: packets of its standard streams, and fragments in them.

`powershell -s` reads and writes packets, an XML element a line. The fragments inside (MS-PSRP 2.2.4) are those that WS-Management
carries, so they are passed on as they are; only a message's kind and its pipeline are read.
"""

from __future__ import annotations

import base64
import binascii
import enum
import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

#: What a packet names that is about the whole pool and no pipeline.
POOL = uuid.UUID(int=0)
#: Object id, fragment id, flags, length of what follows (MS-PSRP 2.2.4).
_FRAGMENT = struct.Struct(">QQBI")
_START, _END = 1, 2
#: Destination, kind, the pool's id, the pipeline's id (MS-PSRP 2.2.1).
_MESSAGE = struct.Struct("<II16s16s")
#: WS-Management's names of the input streams, and those of the packets.
_STREAMS = {"stdin": "Default", "pr": "PromptResponse"}
_STREAM_OF = {name: stream for stream, name in _STREAMS.items()}


class Kind(enum.IntEnum):
    """The kinds of messages that the endpoint has to know (MS-PSRP 2.2.1)."""

    SESSION_CAPABILITY = 0x00010002
    INIT_RUNSPACEPOOL = 0x00010004
    SET_MAX_RUNSPACES = 0x00021002
    SET_MIN_RUNSPACES = 0x00021003
    RUNSPACEPOOL_STATE = 0x00021005
    APPLICATION_PRIVATE_DATA = 0x00021009
    RUNSPACEPOOL_INIT_DATA = 0x0002100B
    PIPELINE_STATE = 0x00041006


class ProtocolError(Exception):
    """What came is no packet or no fragment; the text says what it is instead."""


@dataclass(frozen=True)
class Packet:
    """One line of the standard streams.

    Attributes:
        name: Data, Command, Signal, Close, or one of them with Ack.
        pipeline: what it is about; POOL for the whole pool.
        data: the fragments of Data, b"" for the others.
        stream: of Data: stdin, or pr for answers to the host's prompts.
    """

    name: str
    pipeline: uuid.UUID = POOL
    data: bytes = b""
    stream: str = "stdin"

    def line(self) -> bytes:
        """Return the packet as it is written, with its line's end."""
        if self.name != "Data":
            return f"<{self.name} PSGuid='{self.pipeline}' />\n".encode()
        text = base64.b64encode(self.data).decode()
        return f"<Data Stream='{_STREAMS[self.stream]}' PSGuid='{self.pipeline}'>{text}</Data>\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> Packet:
        """Read a line.

        Raises:
            ProtocolError: it is no packet.
        """
        try:
            element = ET.fromstring(line)
            data = base64.b64decode(element.text or "", validate=True)
            stream = _STREAM_OF[element.attrib["Stream"]] if element.tag == "Data" else "stdin"
            return cls(element.tag, uuid.UUID(element.attrib["PSGuid"]), data, stream)
        except (ET.ParseError, KeyError, binascii.Error, ValueError) as error:
            raise ProtocolError(f"{line[:200]!r} is no packet of PowerShell's: {error}") from error


@dataclass(frozen=True)
class Fragment:
    """One fragment: a piece of a message, or all of it.

    Attributes:
        message: the message's number.
        start: whether the message begins here.
        end: whether it ends here.
        content: the piece.
    """

    message: int
    start: bool
    end: bool
    content: bytes


def fragments(data: bytes) -> Iterator[Fragment]:
    """Yield the fragments that data is made of.

    Raises:
        ProtocolError: the data ends within a fragment.
    """
    while data:
        if len(data) < _FRAGMENT.size:
            raise ProtocolError(f"A fragment's header is cut off after {len(data)} bytes.")
        message, _, flags, length = _FRAGMENT.unpack_from(data)
        content, data = data[_FRAGMENT.size :][:length], data[_FRAGMENT.size + length :]
        if len(content) < length:
            raise ProtocolError(f"A fragment of {length} bytes is cut off after {len(content)}.")
        yield Fragment(message, bool(flags & _START), bool(flags & _END), content)


def pipeline_of(data: bytes) -> uuid.UUID:
    """Return the pipeline that the message at the beginning of data is about.

    Raises:
        ProtocolError: no message begins there.
    """
    first = next(fragments(data), None)
    if first is None or not first.start or len(first.content) < _MESSAGE.size:
        raise ProtocolError("No message begins in the fragments.")
    return uuid.UUID(bytes_le=_MESSAGE.unpack_from(first.content)[3])


class Messages:
    """Follows the messages of one stream of fragments, and says which have ended."""

    def __init__(self) -> None:
        self._begun: dict[int, tuple[int, bytes]] = {}

    def ended(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return kind and body of each message whose last fragment is in data.

        Raises:
            ProtocolError: the data ends within a fragment, or a message goes on that has not begun.
        """
        done = []
        for fragment in fragments(data):
            if fragment.start:
                self._begun[fragment.message] = _begin(fragment.content)
            elif fragment.message in self._begun:
                kind, body = self._begun[fragment.message]
                self._begun[fragment.message] = (kind, body + fragment.content)
            else:
                raise ProtocolError(f"Message {fragment.message} goes on and has not begun.")
            if fragment.end:
                done.append(self._begun.pop(fragment.message))
        return done


def _begin(content: bytes) -> tuple[int, bytes]:
    if len(content) < _MESSAGE.size:
        raise ProtocolError(f"A message begins with {len(content)} bytes, which is less than its header.")
    return _MESSAGE.unpack_from(content)[1], content[_MESSAGE.size :]


def message(kind: Kind, pool: uuid.UUID, body: bytes, number: int) -> bytes:
    """Return a message from the server to the client about the pool, in one fragment."""
    content = _MESSAGE.pack(1, kind, pool.bytes_le, POOL.bytes_le) + body
    return _FRAGMENT.pack(number, 0, _START | _END, len(content)) + content
