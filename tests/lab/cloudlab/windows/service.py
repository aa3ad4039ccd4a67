# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell service of one host: shells for command lines (Create, Command, Send, Receive, Signal, Delete), and for PowerShell.

Left out: every other resource of WS-Management (CIM, configuration, event subscriptions), Disconnect for command lines' shells.
"""

from __future__ import annotations

import base64
import threading
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from cloudlab.windows.prefix import Prefix
from cloudlab.windows.runspace_service import RunspaceService
from cloudlab.windows.shells import Command, Shell
from cloudlab.windows.soap import NAMESPACES, SHELL_URI, Fault, Log, Request, Verbs, created, envelope, fault_envelope, no_such


class ShellService:
    """Answers the requests for one host."""

    def __init__(self, prefix: Prefix, log: Log) -> None:
        self._prefix, self._log = prefix, log
        self._shells: dict[str, Shell] = {}
        self._lock = threading.Lock()
        self._runspaces = RunspaceService(prefix, log)
        self._verbs: Verbs = {
            (SHELL_URI, "Create"): self._create,
            (SHELL_URI, "Command"): self._command,
            (SHELL_URI, "Send"): self._send,
            (SHELL_URI, "Receive"): self._receive,
            (SHELL_URI, "Signal"): self._signal,
            (SHELL_URI, "Delete"): self._delete,
            **self._runspaces.verbs,
        }

    def answer(self, data: bytes) -> tuple[int, bytes]:
        """Return the HTTP status and the envelope for a request's envelope."""
        request = Request.parse(data)
        started = time.monotonic()
        try:
            handler = self._verbs.get((request.resource, request.verb))
            if handler is None:
                raise Fault(2150858752, "a:ActionNotSupported", f"{request.action} of {request.resource} is not supported.")
            status, reply = 200, envelope(request, handler(request))
        except Fault as fault:
            status, reply = 500, fault_envelope(request, fault)
        self._log(f"{request.verb} {status} {len(data)} bytes {time.monotonic() - started:.3f} s")
        return status, reply

    def interrupt(self) -> None:
        """End the requests that wait for output, without taking any."""
        for shell in list(self._shells.values()):
            for command in list(shell.commands.values()):
                command.output.interrupt()
        self._runspaces.interrupt()

    def close(self) -> None:
        """End everything that runs in the host's shells, and forget them."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()
        self._runspaces.close()

    def _shell(self, request: Request) -> Shell:
        shell = self._shells.get(request.shell_id)
        if shell is None:
            raise no_such(f"shell {request.shell_id}")
        return shell

    def _running(self, request: Request, element: ET.Element | None) -> Command:
        identity = element.get("CommandId", "") if element is not None else ""
        command = self._shell(request).commands.get(identity)
        if command is None:
            raise no_such(f"command {identity}")
        return command

    def _create(self, request: Request) -> str:
        variables = {element.get("Name", ""): element.text or "" for element in request.body.iterfind(".//rsp:Variable", NAMESPACES)}
        shell = Shell(self._prefix, variables, request.body.findtext(".//rsp:WorkingDirectory", None, NAMESPACES))
        with self._lock:
            self._shells[shell.id] = shell
        streams = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        return created(SHELL_URI, shell.id, f"<rsp:ShellId>{shell.id}</rsp:ShellId>{streams}")

    def _command(self, request: Request) -> str:
        line = request.find("rsp:CommandLine")
        if line is None:
            raise Fault(87, "w:InvalidParameter", "The request has no command line.")
        words = [line.findtext("rsp:Command", "", NAMESPACES), *(word.text or "" for word in line.iterfind("rsp:Arguments", NAMESPACES))]
        command = self._shell(request).start(" ".join(words), line.get("CommandId"))
        return f"<rsp:CommandResponse><rsp:CommandId>{command.id}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Request) -> str:
        for stream in request.body.iterfind("rsp:Send/rsp:Stream", NAMESPACES):
            end = stream.get("End", "").lower() in ("true", "1")
            self._running(request, stream).send(base64.b64decode(stream.text or ""), end=end)
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request) -> str:
        command = self._running(request, request.find("rsp:Receive/rsp:DesiredStream"))
        pieces, code = command.output.receive(request.operation_timeout, request.output_limit)
        identity = quoteattr(command.id)
        streams = "".join(
            f'<rsp:Stream Name="{name}" CommandId={identity}>{base64.b64encode(data).decode()}</rsp:Stream>' for name, data in pieces
        )
        if code is None:
            state, end = "Running", ""
        else:
            state, end = "Done", f"<rsp:ExitCode>{code}</rsp:ExitCode>"
            streams += "".join(f'<rsp:Stream Name="{name}" CommandId={identity} End="true"/>' for name in ("stdout", "stderr"))
        return (
            f"<rsp:ReceiveResponse>{streams}<rsp:CommandState CommandId={identity} "
            f'State="{NAMESPACES["rsp"]}/CommandState/{state}">{end}</rsp:CommandState></rsp:ReceiveResponse>'
        )

    def _signal(self, request: Request) -> str:
        element = request.find("rsp:Signal")
        command = self._running(request, element)
        command.kill()
        if element is not None and element.findtext("rsp:Code", "", NAMESPACES).endswith("/terminate"):
            self._shell(request).commands.pop(command.id, None)
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request) -> str:
        shell = self._shell(request)
        shell.close()
        with self._lock:
            self._shells.pop(shell.id, None)
        return ""
