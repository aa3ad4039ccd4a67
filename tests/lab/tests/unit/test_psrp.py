# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets and fragments of PowerShell remoting, and how a pool passes them on to a process of its own."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cloudlab.limits import wait_for
from cloudlab.windows import shells
from cloudlab.windows.output import Output
from cloudlab.windows.prefix import Prefix
from cloudlab.windows.psrp import POOL, Kind, Messages, Packet, ProtocolError, fragments, message, pipeline_of
from cloudlab.windows.runspaces import RunspacePool
from cloudlab.windows.soap import Fault
from pypsrp.messages import Destination, Message, SessionCapability
from pypsrp.powershell import Fragmenter
from pypsrp.serializer import Serializer

POOL_ID, PIPELINE_ID = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
PIPELINE = uuid.UUID(PIPELINE_ID)

#: In Wine's place: a PowerShell that speaks of its pipelines' end at once; what it does besides is put in for EXTRA.
SERVER = """#!{python}
import os, pathlib, sys
sys.path.insert(0, {lab!r})
from cloudlab.windows.psrp import *
pathlib.Path(os.environ["WINEPREFIX"], "drive_c", os.environ["WINRSHOST_STARTED"][3:].replace(chr(92), "/")).touch()
def say(packet):
    sys.stdout.buffer.write(packet.line()); sys.stdout.buffer.flush()
for line in sys.stdin.buffer:
    packet = Packet.parse(line)
    if packet.name == "Close" and packet.pipeline == POOL:
        break
    {extra}
    say(Packet(packet.name + "Ack", packet.pipeline))
    if packet.name == "Data":
        say(Packet("Data", packet.pipeline, message(Kind.PIPELINE_STATE, packet.pipeline, packet.stream.encode(), 1)))
"""


def described(size: int, max_size: int) -> list[bytes]:
    """The fragments of a pipeline's message that is at least so long, made by pypsrp."""
    capability = SessionCapability("2.3", "2.0", "x" * size)
    return list(Fragmenter(max_size, Serializer()).fragment(capability, POOL_ID, PIPELINE_ID))


@pytest.mark.parametrize(
    ("packet", "line"),
    [
        (Packet("Data", POOL, b"abc"), b"<Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>YWJj</Data>\n"),
        (Packet("Data", PIPELINE, b"", "pr"), b"<Data Stream='PromptResponse' PSGuid='22222222-2222-4222-8222-222222222222'></Data>\n"),
        (Packet("Signal", PIPELINE), b"<Signal PSGuid='22222222-2222-4222-8222-222222222222' />\n"),
    ],
)
def test_packet_is_a_line(packet: Packet, line: bytes) -> None:
    assert packet.line() == line
    assert Packet.parse(line) == Packet(packet.name, packet.pipeline, packet.data, packet.stream)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Write-Host says hello\n",
        b"<Data Stream='Default'>YWJj</Data>",
        b"<DataAck PSGuid='nothing'/>",
        b"<Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>!</Data>",
        b"<Data Stream='Elsewhere' PSGuid='00000000-0000-0000-0000-000000000000'>YWJj</Data>",
        b"\xff\xfe<",
    ],
)
def test_line_that_is_no_packet_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="is no packet"):
        Packet.parse(line)


@pytest.mark.parametrize(("size", "max_size", "count"), [(1, 32768, 1), (5000, 1021, 6), (100_000, 32768, 4)])
def test_fragments_of_a_client_are_read(size: int, max_size: int, count: int) -> None:
    pieces = described(size, max_size)
    read = list(fragments(b"".join(pieces)))
    assert len(read) == len(pieces) == count
    assert [fragment.start for fragment in read] == [True] + [False] * (count - 1)
    assert [fragment.end for fragment in read] == [False] * (count - 1) + [True]
    unpacked = Message.unpack(b"".join(fragment.content for fragment in read), Serializer())
    assert unpacked.data.serialization_version == "x" * size


@pytest.mark.parametrize("length", [1, 20, 21, 30])
def test_fragments_that_are_cut_off_are_refused(length: int) -> None:
    with pytest.raises(ProtocolError, match="cut off"):
        list(fragments(described(0, 32768)[0][:length]))


def test_pipeline_is_read_from_its_first_fragment() -> None:
    assert pipeline_of(described(5000, 1021)[0]) == PIPELINE


@pytest.mark.parametrize("data", [b"", described(5000, 1021)[1], bytes(16) + b"\3" + (5).to_bytes(4, "big") + b"short"])
def test_fragments_without_a_beginning_name_no_pipeline(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="No message begins"):
        pipeline_of(data)


def test_message_has_ended_with_its_last_fragment() -> None:
    messages, pieces = Messages(), described(3000, 1021)
    kinds = [[kind for kind, _ in messages.ended(piece)] for piece in pieces]
    assert kinds == [[]] * (len(pieces) - 1) + [[Kind.SESSION_CAPABILITY]]


def test_messages_in_one_piece_end_in_their_order() -> None:
    data = message(Kind.RUNSPACEPOOL_STATE, PIPELINE, b"a", 1) + message(Kind.PIPELINE_STATE, PIPELINE, b"b", 2)
    assert Messages().ended(data) == [(Kind.RUNSPACEPOOL_STATE, b"a"), (Kind.PIPELINE_STATE, b"b")]


def test_message_that_goes_on_must_have_begun() -> None:
    with pytest.raises(ProtocolError, match="has not begun"):
        Messages().ended(described(3000, 1021)[1])


def test_server_message_is_read_by_a_client() -> None:
    body = b'<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">4</I32></MS></Obj>'
    (read,) = Fragmenter(32768, Serializer()).defragment(message(Kind.RUNSPACEPOOL_INIT_DATA, uuid.UUID(POOL_ID), body, 7))
    assert (read.destination, read.rpid) == (Destination.CLIENT, uuid.UUID(POOL_ID))
    assert (read.data.min_runspaces, read.data.max_runspaces) == (1, 4)


def test_output_is_given_out_in_answers_that_fit() -> None:
    output = Output()
    for size in (600, 300, 900, 100):
        output.put("stdout", bytes(size))
    output.end(3)
    answers = [output.receive(0, 1300) for _ in range(2)]
    assert [([len(data) for _, data in pieces], code) for pieces, code in answers] == [([600, 300], None), ([900, 100], 3)]


def test_piece_that_never_fits_is_a_fault() -> None:
    output = Output()
    output.put("stdout", bytes(33_000))
    with pytest.raises(Fault, match="MaxEnvelopeSize") as fault:
        output.receive(0, 30_000)
    assert fault.value.subcode == "w:EncodingLimit"


def test_output_of_what_was_ended_comes_before_the_fault() -> None:
    output = Output()
    output.put("stdout", b"last words")
    output.end(Fault(995, "w:InternalError", "gone"))
    assert output.receive(0, 1000) == ([("stdout", b"last words")], None)
    with pytest.raises(Fault, match="gone"):
        output.receive(0, 1000)


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RunspacePool]]:
    """Return what opens a pool on a PowerShell that does something besides; its log is in tmp_path/log."""
    pools: list[RunspacePool] = []

    def start(extra: str = "pass") -> RunspacePool:
        wine, lab = tmp_path / "wine", str(Path(shells.__file__).parents[2])
        wine.write_text(SERVER.format(python=sys.executable, lab=lab, extra=extra), encoding="utf-8")
        wine.chmod(0o755)
        monkeypatch.setattr(shells, "WINE", wine)
        (tmp_path / "drive_c/users/user").mkdir(parents=True, exist_ok=True)

        def log(line: str) -> None:
            with (tmp_path / "log").open("a", encoding="utf-8") as file:
                file.write(line + "\n")

        pools.append(RunspacePool(Prefix(tmp_path), POOL_ID, {}, None, log))
        return pools[-1]

    yield start
    for pool in pools:
        pool.kill()
        wait_for("the end of the pool", lambda pool=pool: pool.ended)


def start_pipeline(pool: RunspacePool) -> bytes:
    """Start a pipeline and return its output up to its end."""
    pipeline = pool.start(None, described(0, 32768)[0])
    output, code = b"", None
    while code is None:
        pieces, code = pipeline.output.receive(60, 100_000)
        output += b"".join(data for _, data in pieces)
    return output


@pytest.mark.parametrize(
    "extra",
    [
        "pass",
        "sys.stdout.write('noise' + chr(10)); sys.stdout.flush()",
        "say(Packet('Data', uuid.uuid4(), message(Kind.PIPELINE_STATE, POOL, b'', 1)))",
    ],
)
def test_pipeline_has_ended_with_its_state(pool: Callable[..., RunspacePool], extra: str) -> None:
    assert next(fragments(start_pipeline(pool(extra)))).end


def test_noise_among_the_packets_is_logged(pool: Callable[..., RunspacePool], tmp_path: Path) -> None:
    start_pipeline(pool("sys.stdout.write('noise' + chr(10)); sys.stdout.flush()"))
    assert "noise" in (tmp_path / "log").read_text(encoding="utf-8")


def test_process_that_ends_instead_of_an_answer_is_a_fault(pool: Callable[..., RunspacePool]) -> None:
    started = pool("break")
    with pytest.raises(Fault, match="has ended") as fault:
        started.start(None, described(0, 32768)[0])
    assert fault.value.code == 995
    with pytest.raises(Fault, match="has ended"):
        started.output.receive(60, 100_000)
    assert started.ended


def test_pool_ends_with_all_that_its_process_has_said(
    pool: Callable[..., RunspacePool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read after the process's end, and what the process has started holds the pipes still."""
    (tmp_path / "drive_c/users/user").mkdir(parents=True)
    os.mkfifo(held := tmp_path / "drive_c/users/user/held")
    said = "[say(Packet('Data', POOL, message(Kind.RUNSPACEPOOL_STATE, POOL, bytes(1000), number))) for number in range(9)]"
    started = pool(f"os.spawnlp(os.P_NOWAIT, 'sh', 'sh', '-c', 'read line < held'); {said}; break")
    take = Output.put

    def take_late(output: Output, name: str, data: bytes) -> None:
        wait_for("the end of the process", lambda: started._process.returncode is not None)
        take(output, name, data)

    monkeypatch.setattr(Output, "put", take_late)
    with pytest.raises(Fault, match="has ended"):
        started.send(None, "stdin", described(0, 32768)[0])
    pieces, _ = started.output.receive(60, 100_000)
    held.write_text("go on\n", encoding="ascii")
    assert [data for _, data in pieces] == [message(Kind.RUNSPACEPOOL_STATE, POOL, bytes(1000), number) for number in range(9)]


def test_second_client_is_reported_how_many_runspaces_there_are(pool: Callable[..., RunspacePool]) -> None:
    started = pool("[say(Packet('Data', POOL, message(kind, POOL, b'', 9))) for kind in Kind if packet.name == 'Data']")
    said = {
        Kind.INIT_RUNSPACEPOOL: b'<I32 N="MinRunspaces">2</I32><I32 N="MaxRunspaces">3</I32>',
        Kind.SET_MAX_RUNSPACES: b'<I32 N="MaxRunspaces">5</I32>',
        Kind.PIPELINE_STATE: b'<I32 N="MinRunspaces">9</I32>',
    }
    for kind, body in said.items():
        started.send(None, "stdin", message(kind, POOL, body, 1))
    answer = Messages().ended(started.connect())
    assert [kind for kind, _ in answer] == [Kind.SESSION_CAPABILITY, Kind.RUNSPACEPOOL_INIT_DATA]
    assert b'<I32 N="MinRunspaces">2</I32><I32 N="MaxRunspaces">5</I32>' in answer[1][1]
