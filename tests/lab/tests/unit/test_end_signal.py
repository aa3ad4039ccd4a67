# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server ends at a signal that the kernel hands to any of its threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloudlab
import pytest
from cloudlab.limits import limit

PROGRAM = """
import os, signal, threading, time
from cloudlab.end_signal import EndSignal

def sleeps():
    with open(f"/proc/self/task/{{os.getpid()}}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"

def strike():
    calm = 0
    while calm < 100:  # a main thread that waits for the interpreter alone soon goes on
        time.sleep(0)
        calm = calm + 1 if sleeps() else 0
    signal.pthread_kill({thread}, signal.{name})
    threading.Event().wait()

ended = EndSignal()
threading.Thread(target=strike, daemon=True).start()
ended.wait()
"""
THREADS = {"main": "threading.main_thread().ident", "another": "threading.get_ident()"}


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("thread", sorted(THREADS))
def test_server_ends_whichever_thread_gets_the_signal(thread: str, name: str) -> None:
    program = PROGRAM.format(thread=THREADS[thread], name=name)
    folder = Path(cloudlab.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(folder)}, timeout=limit(), check=False)
    assert done.returncode == 0
