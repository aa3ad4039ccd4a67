# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of addresses: no two labs have the same, whoever runs them, and what was killed holds none."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid

import pytest
from cloudlab import addresses
from cloudlab.addresses import MICROSOFT_PORT, reserve
from cloudlab.errors import LabError

#: Takes the name of these tests' blocks, and a user's number.
_HOLD = """
import os, sys
from cloudlab import addresses
os.umask(0o777)
os.setuid(int(sys.argv[2]))
addresses._NAME, addresses._BLOCKS = sys.argv[1], range(200, 203)
addresses.REALM_PORT = addresses.MICROSOFT_PORT  # which any user may have
block = addresses.reserve()
print(block.number, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _blocks_of_these_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks beside those of real labs and of the same tests at the same time; port 443 may be closed to who runs the tests."""
    monkeypatch.setattr(addresses, "_NAME", f"cloudlab-test-{uuid.uuid4()}")
    monkeypatch.setattr(addresses, "_BLOCKS", range(200, 203))
    monkeypatch.setattr(addresses, "REALM_PORT", MICROSOFT_PORT)


def _holder(user: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, addresses._NAME, str(user)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _number_of(holder: subprocess.Popen[str]) -> int:
    assert holder.stdout
    return int(holder.stdout.readline())


def test_labs_have_different_blocks_and_a_block_is_free_again_after_its_lab() -> None:
    with reserve() as first, reserve() as second:
        assert (first.number, second.number) == (200, 201)
        assert first.address(1) == "127.0.200.1"
        assert second.microsoft == "127.0.201.250"
    with reserve() as again:
        assert again.number == 200


def test_a_block_of_a_process_that_was_killed_is_free() -> None:
    with _holder(os.getuid()) as holder:
        assert _number_of(holder) == 200
        with reserve() as beside:
            assert beside.number == 201
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with reserve() as block:
        assert block.number == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_users_respect_each_others_blocks() -> None:
    with reserve() as own, _holder(65534) as holder:
        number = _number_of(holder)
        assert (own.number, number) == (200, 201)
        with reserve() as third:
            assert third.number == 202
        holder.communicate("")


def test_a_block_where_another_program_listens_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.200.250", 0)) as other:
        monkeypatch.setattr(addresses, "MICROSOFT_PORT", other.getsockname()[1])
        with reserve() as block:
            assert block.number == 201


def test_no_block_is_left() -> None:
    with reserve(), reserve(), reserve(), pytest.raises(LabError, match=r"No block .*127\.0\.200\.0 .*end another lab"):
        reserve()


def test_a_port_that_the_user_may_not_have_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(socket.socket):
        def bind(self, address: object) -> None:
            if isinstance(address, tuple):
                raise PermissionError(13, "Permission denied")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Refused)
    with pytest.raises(LabError, match=r"may not listen on port 8443.*ip_unprivileged_port_start=8443"):
        reserve()
