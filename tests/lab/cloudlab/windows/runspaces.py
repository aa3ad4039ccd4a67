# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runspace pools: each is one PowerShell process in server mode, below winrshost.exe as every command of a remote shell is.

Left out: what a pool's output may take up while its client is away, its idle timeout, other configurations than Microsoft.PowerShell.
"""

from __future__ import annotations

import collections
import contextlib
import re
import threading
import uuid
from collections.abc import Mapping

from cloudlab.limits import limit
from cloudlab.windows.output import Output
from cloudlab.windows.pipes import Lines, PipeReader
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.psrp import POOL, Kind, Messages, Packet, ProtocolError, message, pipeline_of
from cloudlab.windows.shells import begin, directory_of
from cloudlab.windows.soap import Fault, Log, aborted

_SERVER = ["powershell.exe", "-NoLogo", "-NoProfile", "-s"]
_COUNT = re.compile(rb'<I32 N="(Min|Max)Runspaces">(\d+)</I32>')
_COUNTING = {Kind.INIT_RUNSPACEPOOL, Kind.SET_MAX_RUNSPACES, Kind.SET_MIN_RUNSPACES}
#: What a second client of a pool has to see again, since the first one has taken it.
_OPENING = (Kind.SESSION_CAPABILITY, Kind.APPLICATION_PRIVATE_DATA, Kind.RUNSPACEPOOL_STATE)


class Pipeline:
    """One pipeline of a pool.

    Attributes:
        id: WS-Management's name of it.
        guid: PowerShell's.
        output: what it has put out.
        finished: whether a client has been given its end, so that nothing can come any more.
    """

    def __init__(self, identity: str, guid: uuid.UUID) -> None:
        self.id, self.guid, self.output, self.finished = identity, guid, Output(), False
        self._messages = Messages()

    def put(self, data: bytes) -> None:
        """Take fragments from PowerShell; with the pipeline's last state it has ended."""
        ended = any(kind == Kind.PIPELINE_STATE for kind, _ in self._messages.ended(data))
        self.output.put("stdout", data)
        if ended:
            self.output.end(0)


class RunspacePool:
    """A PowerShell process that speaks PSRP on its standard streams.

    Args:
        prefix: the host.
        identity: the shell's id, chosen by the client.
        variables: what its environment has besides the host's.
        directory: the folder that it starts in, None for the user's own.
        log: takes what PowerShell writes beside the protocol.
    """

    def __init__(self, prefix: Prefix, identity: str, variables: Mapping[str, str], directory: str | None, log: Log) -> None:
        self.id, self.output, self.connected = identity, Output(), True
        self.pipelines: dict[str, Pipeline] = {}
        self._guids: dict[uuid.UUID, Pipeline] = {}
        self._log = log
        self._to_server, self._from_server = Messages(), Messages()
        self._opening: dict[int, bytes] = {}
        self._counts = {b"Min": 1, b"Max": 1}
        self._changed, self._writing = threading.Condition(), threading.Lock()
        self._locks: dict[tuple[str, uuid.UUID], threading.Lock] = collections.defaultdict(threading.Lock)
        self._acknowledged: set[tuple[str, uuid.UUID]] = set()
        self._ended = False
        self._process = begin(prefix, _SERVER, variables, directory_of(prefix, directory))
        streams = ((self._process.stdout, self._take_line), (self._process.stderr, self._note_error))
        self._readers = [PipeReader(pipe, Lines(take).put) for pipe, take in streams if pipe]
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether its process has ended."""
        return self._ended

    def start(self, identity: str | None, data: bytes) -> Pipeline:
        """Start a pipeline with the first fragments of its description."""
        guid = pipeline_of(data)
        pipeline = Pipeline(identity or str(guid).upper(), guid)
        self.pipelines[pipeline.id] = self._guids[guid] = pipeline
        self._exchange(Packet("Command", guid))
        self.send(pipeline, "stdin", data)
        return pipeline

    def send(self, pipeline: Pipeline | None, stream: str, data: bytes, timeout: float | None = None) -> bool:
        """Pass fragments on to a pipeline, or to the pool itself, and return whether PowerShell has taken them in that many seconds."""
        if pipeline is None:
            self._note_counts(data)
        return self._exchange(Packet("Data", pipeline.guid if pipeline else POOL, data, stream), timeout)

    def stop(self, pipeline: Pipeline) -> None:
        """Stop a pipeline; the pool goes on."""
        self._exchange(Packet("Signal", pipeline.guid))
        pipeline.output.end(0)

    def forget(self, pipeline: Pipeline) -> None:
        """Let go of a pipeline; it is stopped if it still runs."""
        self._exchange(Packet("Close", pipeline.guid))
        self.pipelines.pop(pipeline.id, None)
        self._guids.pop(pipeline.guid, None)
        pipeline.output.end(0)

    def connect(self) -> bytes:
        """Let another client take the pool over: return what answers its Connect, and leave the rest of an opening to its Receive."""
        pool = uuid.UUID(self.id)
        counts = "".join(f'<I32 N="{name.decode()}Runspaces">{count}</I32>' for name, count in self._counts.items())
        init = message(Kind.RUNSPACEPOOL_INIT_DATA, pool, f'<Obj RefId="0"><MS>{counts}</MS></Obj>'.encode(), 2)
        capability, *rest = (message(kind, pool, self._opening[kind], number) for number, kind in enumerate(_OPENING, 1))
        for packet in rest:
            self.output.put("stdout", packet)
        self.connected = True
        return capability + init

    def interrupt(self) -> None:
        """End the requests that wait for output, without taking any."""
        for output in (self.output, *(pipeline.output for pipeline in list(self.pipelines.values()))):
            output.interrupt()

    def close(self) -> None:
        """End the pool in its own time: its scripts' `finally` blocks run, then the process ends."""

        def end() -> None:
            # Its process has ended before it answers, if a script ended it.
            with contextlib.suppress(Fault):
                if not self._exchange(Packet("Close")):
                    self._log(f"runspace pool {self.id} did not end by itself")
            self.kill()

        threading.Thread(target=end, daemon=True).start()

    def kill(self) -> None:
        """End the process at once, and with it the job that holds everything it has started."""
        self._process.kill()

    def _exchange(self, packet: Packet, timeout: float | None = None) -> bool:
        """Write a packet and wait until PowerShell acknowledges it: it works on packets beside one another, in no order.

        Raises:
            Fault: the process has ended.
        """
        key = (packet.name + "Ack", packet.pipeline)
        with self._changed:
            lock = self._locks[key]
        with lock:
            self._write(packet)
            with self._changed:
                self._changed.wait_for(lambda: key in self._acknowledged or self._ended, limit() if timeout is None else timeout)
                if self._ended:
                    raise _gone(self.id)
                acknowledged = key in self._acknowledged
                self._acknowledged.discard(key)
        return acknowledged

    def _write(self, packet: Packet) -> None:
        assert self._process.stdin is not None
        try:
            with self._writing:
                self._process.stdin.write(packet.line())
                self._process.stdin.flush()
        except (OSError, ValueError):  # the process has ended, which _wait() passes on to everybody
            self._log(f"runspace pool {self.id} does not read any more")

    def _wait(self) -> None:
        """A pool has ended when its process has and its output is read: what it started may hold its pipes open for good."""
        self._process.wait()
        for reader in self._readers:
            reader.drain()
        with self._writing, contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for output in (self.output, *(pipeline.output for pipeline in list(self.pipelines.values()))):
            output.end(_gone(self.id))

    def _take_line(self, line: bytes) -> None:
        try:
            self._take(Packet.parse(line))
        except ProtocolError as error:
            self._log(f"runspace pool {self.id}: {error}")

    def _note_error(self, line: bytes) -> None:
        """PowerShell says nothing here in server mode, but Wine does."""
        self._log(f"runspace pool {self.id}: {line.decode('utf-8', 'replace').rstrip()}")

    def _take(self, packet: Packet) -> None:
        if packet.name == "Data" and packet.pipeline == POOL:
            self._opening.update({kind: body for kind, body in self._from_server.ended(packet.data) if kind in _OPENING})
            self.output.put("stdout", packet.data)
        elif packet.name == "Data":
            pipeline = self._guids.get(packet.pipeline)
            if pipeline is not None:  # else it is the last word of one that is forgotten
                pipeline.put(packet.data)
        else:
            with self._changed:
                self._acknowledged.add((packet.name, packet.pipeline))
                self._changed.notify_all()

    def _note_counts(self, data: bytes) -> None:
        """Keep in mind how many runspaces the client wants, which a second client asks for."""
        for kind, body in self._to_server.ended(data):
            if kind in _COUNTING:
                self._counts.update({found[1]: int(found[2]) for found in _COUNT.finditer(body)})


def _gone(identity: str) -> Fault:
    return aborted(f"The PowerShell process of shell {identity} has ended.")
