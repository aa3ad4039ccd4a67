# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface: its key, faults on demand, counters; and the server as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudlab
import pytest
import requests
from cloudlab.limits import limit, wait_for
from microsoft_client import Client

AGENTS = "/graph/beta/onPremisesPublishingProfiles/provisioning/agents"


def test_the_key_is_needed(shared: Client) -> None:
    assert shared.get("/lab/state").status_code == 403


def test_a_fault_happens_as_often_as_asked(client: Client) -> None:
    fault = {"route": "/graph/beta/*", "status": 429, "retry_after": 3, "times": 2}
    assert client.control("POST", "faults", fault).status_code == 204
    token = client.graph_token()
    answers = [client.get(AGENTS, token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert answers[0].json()["error"]["code"] == "TooManyRequests"


def test_a_cut_connection_is_an_incomplete_answer(client: Client) -> None:
    client.control("POST", "faults", {"route": "/packages/*", "cut_after": 100})
    with pytest.raises(requests.RequestException):
        client.get("/packages/other-product.exe")
    assert client.get("/packages/other-product.exe").status_code == 200


def test_faults_can_be_taken_back_and_must_make_sense(client: Client) -> None:
    client.control("POST", "faults", {"route": "*", "status": 503, "times": 100})
    assert client.get("/packages/other-product.exe").status_code == 503
    client.control("DELETE", "faults")
    assert client.get("/packages/other-product.exe").status_code == 200
    assert client.control("POST", "faults", {"rout": "*"}).status_code == 400


def test_requests_are_counted_until_the_counters_are_reset(client: Client) -> None:
    client.get(AGENTS, client.graph_token())
    counts = client.control("GET", "state").json()["counts"]
    assert (counts["tokens_issued"], counts["graph_listings"]) == (1, 1)
    assert counts["requests"][f"GET {AGENTS}"] == 1
    client.control("POST", "reset-counters")
    counts = client.control("GET", "state").json()["counts"]
    assert (counts["tokens_issued"], counts["graph_listings"], counts["requests"]) == (0, 0, {})


def test_the_process_says_that_it_listens_logs_no_secret_and_ends_when_told(config: dict[str, Any], tmp_path: Path) -> None:
    file, log = tmp_path / "config.json", tmp_path / "log"
    file.write_text(json.dumps({**config, "log": str(log)}), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(cloudlab.__file__).parent.parent)}
    command = [sys.executable, "-m", "cloudlab.microsoft", "--config", str(file)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            form = {"grant_type": "password", "password": "s3cret"}
            ca = str(Path(config["pki"]) / "ca.pem")
            requests.post(f"{url}/organizations/oauth2/v2.0/token?password=s3cret", data=form, verify=ca, timeout=limit())
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=limit()) == 0
    text = log.read_text(encoding="utf-8")
    assert "POST /organizations/oauth2/v2.0/token 400" in text
    assert "s3cret" not in text


def test_held_answer_goes_out_when_faults_are_cleared(client: Client) -> None:
    client.control("POST", "faults", {"route": "/packages/*", "hold": True, "times": 2})
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(client.get, "/packages/other-product.exe") for _ in range(2)]
        wait_for("both requests", lambda: client.server.cloud.faults.held == 2)
        assert not any(request.done() for request in held)
        client.control("DELETE", "faults")
        assert [request.result().status_code for request in held] == [200, 200]
