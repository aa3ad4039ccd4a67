# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a host's remote shell service that is PowerShell's own: runspace pools over WS-Management (MS-PSRP 3.1.4, 3.1.5.3).

Fragments are passed on between client and process as they are. A client that goes away may come back to its pool (Reconnect), and
another client may find it (Enumerate) and take it over (Connect).
"""

from __future__ import annotations

import base64
import binascii
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from cloudlab.windows.prefix import Prefix
from cloudlab.windows.psrp import ProtocolError
from cloudlab.windows.runspaces import Pipeline, RunspacePool
from cloudlab.windows.soap import (
    COMMANDS_URI,
    NAMESPACES,
    POWERSHELL_URI,
    SHELLS_URI,
    Fault,
    Log,
    Request,
    Verbs,
    created,
    no_such,
)

_STATE = NAMESPACES["rsp"] + "/CommandState/"
_STREAMS = ("stdin", "pr")


class RunspaceService:
    """Answers the requests about one host's runspace pools.

    Attributes:
        verbs: what answers which request.
    """

    def __init__(self, prefix: Prefix, log: Log) -> None:
        self._prefix, self._log = prefix, log
        self._pools: dict[str, RunspacePool] = {}
        self._lock = threading.Lock()
        self.verbs: Verbs = {
            (POWERSHELL_URI, "Create"): self._create,
            (POWERSHELL_URI, "Command"): self._command,
            (POWERSHELL_URI, "Send"): self._send,
            (POWERSHELL_URI, "Receive"): self._receive,
            (POWERSHELL_URI, "Signal"): self._signal,
            (POWERSHELL_URI, "Delete"): self._delete,
            (POWERSHELL_URI, "Disconnect"): self._disconnect,
            (POWERSHELL_URI, "Reconnect"): self._reconnect,
            (POWERSHELL_URI, "Connect"): self._connect,
            (SHELLS_URI, "Get"): self._get,
            (SHELLS_URI, "Enumerate"): self._enumerate,
            (COMMANDS_URI, "Enumerate"): self._enumerate_pipelines,
        }

    def interrupt(self) -> None:
        """End the requests that wait for output, without taking any."""
        for pool in list(self._pools.values()):
            pool.interrupt()

    def close(self) -> None:
        """End every pool at once, and forget it."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.kill()

    def _any_pool(self, identity: str) -> RunspacePool:
        pool = self._pools.get(identity.upper())
        if pool is None or pool.ended:
            raise no_such(f"shell {identity}")
        return pool

    def _pool(self, request: Request) -> RunspacePool:
        """The pool that a request is about, of a client that is connected to it."""
        pool = self._any_pool(request.shell_id)
        if not pool.connected:
            raise Fault(2150859204, "w:InvalidSelectors", f"The shell {pool.id} is disconnected: reconnect to it first.")
        return pool

    def _pipeline(self, pool: RunspacePool, element: ET.Element | None) -> Pipeline | None:
        """The pipeline that an element names, None if it names none and so is about the pool."""
        identity = element.get("CommandId") if element is not None else None
        if identity is None:
            return None
        if identity not in pool.pipelines:
            raise no_such(f"command {identity}")
        return pool.pipelines[identity]

    def _create(self, request: Request) -> str:
        shell, fragments = request.find("rsp:Shell"), request.body.findtext("rsp:Shell/p:creationXml", None, NAMESPACES)
        if shell is None or fragments is None:
            raise Fault(87, "w:InvalidParameter", "The request has no creationXml.")
        variables = {element.get("Name", ""): element.text or "" for element in shell.iterfind("rsp:Environment/rsp:Variable", NAMESPACES)}
        identity = shell.get("ShellId", str(uuid.uuid4())).upper()
        data = _decoded(fragments)
        pool = RunspacePool(self._prefix, identity, variables, shell.findtext("rsp:WorkingDirectory", None, NAMESPACES), self._log)
        with self._lock:
            self._pools[identity] = pool
        # The longer this takes, the longer the client's first Receive may wait: a busy machine starts PowerShell slowly.
        _sent(pool, None, "stdin", data, request.operation_timeout / 2)
        return created(POWERSHELL_URI, identity, _described(pool))

    def _command(self, request: Request) -> str:
        pool, line = self._pool(request), request.find("rsp:CommandLine")
        if line is None:
            raise Fault(87, "w:InvalidParameter", "The request has no command line.")
        try:
            pipeline = pool.start(line.get("CommandId"), _decoded(line.findtext("rsp:Arguments", "", NAMESPACES)))
        except ProtocolError as error:
            raise Fault(87, "w:InvalidParameter", str(error)) from error
        return f"<rsp:CommandResponse><rsp:CommandId>{pipeline.id}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Request) -> str:
        pool = self._pool(request)
        for stream in request.body.iterfind("rsp:Send/rsp:Stream", NAMESPACES):
            if stream.get("Name") not in _STREAMS:
                raise Fault(87, "w:InvalidParameter", f"There is no stream {stream.get('Name')}.")
            _sent(pool, self._pipeline(pool, stream), stream.get("Name", ""), _decoded(stream.text or ""))
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request) -> str:
        pool = self._pool(request)
        pipeline = self._pipeline(pool, request.find("rsp:Receive/rsp:DesiredStream"))
        if pipeline and pipeline.finished:
            raise no_such(f"command {pipeline.id}, which has ended")
        output = pipeline.output if pipeline else pool.output
        try:
            pieces, code = output.receive(request.operation_timeout, request.output_limit)
        except Fault:
            self._pool(request)  # whose client may have disconnected meanwhile
            raise
        identity = f" CommandId={quoteattr(pipeline.id)}" if pipeline else ""
        data = base64.b64encode(b"".join(piece for _, piece in pieces)).decode()
        streams = f'<rsp:Stream Name="stdout"{identity}>{data}</rsp:Stream>' if data else ""
        if pipeline and code is None:
            streams += f'<rsp:CommandState{identity} State="{_STATE}Running"/>'
        elif pipeline:
            pipeline.finished = True
            streams += f'<rsp:CommandState{identity} State="{_STATE}Done"><rsp:ExitCode>{code}</rsp:ExitCode></rsp:CommandState>'
        return f"<rsp:ReceiveResponse>{streams}</rsp:ReceiveResponse>"

    def _signal(self, request: Request) -> str:
        pool, element = self._pool(request), request.find("rsp:Signal")
        pipeline = self._pipeline(pool, element)
        if element is None or pipeline is None:
            raise Fault(87, "w:InvalidParameter", "The request names no command.")
        # Its words for it are powershell/signal/ctrl_c and .../shell/signal/Terminate, with either T.
        if element.findtext("rsp:Code", "", NAMESPACES).lower().endswith("/terminate"):
            pool.forget(pipeline)
        else:
            pool.stop(pipeline)
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request) -> str:
        pool = self._any_pool(request.shell_id)
        with self._lock:
            self._pools.pop(pool.id, None)
        pool.close()
        return ""

    def _disconnect(self, request: Request) -> str:
        pool = self._pool(request)
        pool.connected = False
        pool.interrupt()
        return "<rsp:DisconnectResponse/>"

    def _reconnect(self, request: Request) -> str:
        self._any_pool(request.shell_id).connected = True
        return "<rsp:ReconnectResponse/>"

    def _connect(self, request: Request) -> str:
        """Answer a second client: it connects to the pool first, and then to each of its pipelines."""
        pool, element = self._any_pool(request.shell_id), request.find("rsp:Connect")
        if self._pipeline(pool, element):
            return "<rsp:ConnectResponse/>"
        if pool.connected:
            raise Fault(2150859213, "w:InvalidSelectors", f"Another client is connected to the shell {pool.id}.")
        answer = base64.b64encode(pool.connect()).decode()
        return f"<rsp:ConnectResponse><p:connectResponseXml>{answer}</p:connectResponseXml></rsp:ConnectResponse>"

    def _get(self, request: Request) -> str:
        return f"<rsp:Shell>{_described(self._any_pool(request.shell_id))}</rsp:Shell>"

    def _enumerate(self, request: Request) -> str:
        return _enumerated(f"<rsp:Shell>{_described(pool)}</rsp:Shell>" for pool in list(self._pools.values()) if not pool.ended)

    def _enumerate_pipelines(self, request: Request) -> str:
        pool = self._any_pool(request.body.findtext(".//w:Selector[@Name='ShellId']", "", NAMESPACES))
        return _enumerated(
            f"<rsp:Command><rsp:ShellId>{pool.id}</rsp:ShellId><rsp:CommandId>{pipeline.id}</rsp:CommandId></rsp:Command>"
            for pipeline in list(pool.pipelines.values())
            if not pipeline.finished
        )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Fault(87, "w:InvalidParameter", f"The fragments are no base64: {error}.") from error


def _sent(pool: RunspacePool, pipeline: Pipeline | None, stream: str, data: bytes, timeout: float | None = None) -> None:
    try:
        pool.send(pipeline, stream, data, timeout)
    except ProtocolError as error:
        raise Fault(87, "w:InvalidParameter", str(error)) from error


def _described(pool: RunspacePool) -> str:
    state = "Connected" if pool.connected else "Disconnected"
    return (
        f"<rsp:ShellId>{pool.id}</rsp:ShellId><rsp:ResourceUri>{POWERSHELL_URI}</rsp:ResourceUri>"
        f"<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams><rsp:State>{state}</rsp:State>"
    )


def _enumerated(items: Iterable[str]) -> str:
    return f"<n:EnumerateResponse><w:Items>{''.join(items)}</w:Items><w:EndOfSequence/><n:EnumerationContext/></n:EnumerateResponse>"
