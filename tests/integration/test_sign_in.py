# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in, on the controller alone: the device code's playbook in order, and what one run gets by every method.

No host is asked anything. Each run is as talkative as can be, and must not show a secret all the same. What each refusal says is held by
the unit tests of sign-in, against the same Microsoft side.
"""

from __future__ import annotations

import json
import os
import re
import stat
import typing as t
from pathlib import Path

import pytest
import yaml
from cloudlab.testing.ansible_runs import ENVIRONMENTS, ROOT, Run, run_playbook
from cloudlab.testing.fixtures import require_python

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

LAB_HOSTS = 1
AUDIENCES = ("registration", "graph")
TASK = ("localhost", "Sign in with a device code")
PROBE = str(ROOT / "tests" / "integration" / "token_probe.yml")
AZ = ROOT / "tests" / "integration" / "azure_cli"
#: Hosts that share one sign-in, more than there are forks.
HOSTS = 5
FORKS = 4
#: What a JSON web token looks like.
TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")
CODE = re.compile(r"open the page (?P<page>https://\S+/devicelogin) and enter the code (?P<code>\w+) to")


class Controller:
    """A controller of the tests' own: a home with the cache in it, and runs against the lab's Microsoft side."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab, self.home = lab, home
        self.cache = home / "cache" / "sign_in.bin"
        self.people: dict[str, dict[str, str]] = lab.data["microsoft"]["people"]
        self.application: dict[str, str] = lab.data["microsoft"]["applications"]["automation"]
        self.device_code = {"method": "device_code", "cache_path": str(self.cache)}
        self.outputs: list[str] = []

    def sign_in(self, *arguments: str, username: str | None = None, **answer: t.Any) -> Run:
        """Run the playbook; a person reads the code when it is shown, and answers it on the page (upn="...", declined=True)."""

        def read(line: str) -> None:
            if found := CODE.search(line):
                self.lab.microsoft.answer_device_code(found["code"], **answer)

        wanted = {**self.device_code, "username": username}
        return self._run("playbooks/sign_in.yml", {"provisioning_agent_sign_in": wanted}, *arguments, on_line=read)

    def probe(self, sign_ins: dict[str, dict[str, t.Any]], **options: t.Any) -> dict[str, dict[str, t.Any]]:
        """Acquire both tokens by each sign-in on hosts of its own in one run, and return what each sign-in's hosts got alike."""
        known = yaml.safe_load(self.lab.inventory.read_text(encoding="utf-8"))["agents"]["vars"]
        lab_vars = {f"provisioning_agent_{name}": known[f"provisioning_agent_{name}"] for name in ("ca_path", "cloud", "tenant_id")}
        hosts = {f"{name}-{n}": {"probe_name": name} for name in sign_ins for n in range(HOSTS)}
        inventory, file = self.home / "probe.yml", self.home / "probe.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": lab_vars}}), encoding="utf-8")
        file.unlink(missing_ok=True)
        done = self._run(PROBE, {"probe_sign_ins": sign_ins, "probe_file": str(file)}, inventory=inventory, **options)
        assert done.returncode == 0, done.tail
        rows = json.loads(file.read_text(encoding="utf-8"))
        got = {name: [rows[f"{name}-{n}"] for n in range(HOSTS)] for name in sign_ins}
        assert all(row == of_one[0] for of_one in got.values() for row in of_one)
        return {name: of_one[0] for name, of_one in got.items()}

    def _run(self, playbook: str, variables: dict[str, t.Any], *arguments: str, **options: t.Any) -> Run:
        environment = {"HOME": str(self.home), "ANSIBLE_FORKS": str(FORKS), **options.pop("environment", {})}
        whole = {"inventory": self.lab.inventory, **options, "extra_vars": variables, "environment": environment}
        done = run_playbook(playbook, *arguments, "-vvvvv", **whole)
        self.outputs.append(done.output)
        return done

    def azure_cli(self, **variables: str) -> dict[str, str]:
        """Return the environment in which az is the tests' stand-in."""
        path = os.pathsep.join([str(AZ), str(ENVIRONMENTS["3.11"] / "bin"), os.environ["PATH"]])
        return {"PATH": path, "LAB_AZ_AUTHORITY": self.lab.data["microsoft"]["url"], **variables}


@pytest.fixture(scope="module")
def controller(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    return Controller(lab, tmp_path_factory.mktemp("controller"))


def flat(text: str) -> str:
    """Return a run's output without the line breaks that Ansible puts into long messages."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def empty(controller: Controller) -> Controller:
    """The controller after it was asked what a sign-in would do, and one that a person declined."""
    predicted = controller.sign_in("--check")
    assert predicted.outcomes("changed") == {TASK}, predicted.tail
    declined = controller.sign_in(declined=True)
    assert declined.outcomes("fatal") == {TASK}, declined.tail
    assert "AADSTS16000): the device code was declined on the sign-in page" in flat(declined.output)
    return controller


def test_prediction_and_refusal_keep_nothing(empty: Controller) -> None:
    assert not empty.cache.exists()


@pytest.fixture(scope="module")
def signed_in(empty: Controller) -> Run:
    """The run in which a person with MFA signs in."""
    return empty.sign_in(upn=empty.people["mfa"]["upn"])


def test_person_is_shown_the_page_and_the_code_while_the_task_waits(signed_in: Run, controller: Controller) -> None:
    # The answer was given after the line was read: had it come with the task's end, the code would have run out.
    assert signed_in.returncode == 0, signed_in.tail
    shown = CODE.search(signed_in.output)
    assert shown and shown["page"].startswith(controller.lab.data["microsoft"]["url"])
    assert signed_in.outcomes("changed") == {TASK}
    assert f"{controller.people['mfa']['upn']} has signed in" in signed_in.output


def test_cache_is_for_its_owner_alone(signed_in: Run, controller: Controller) -> None:
    assert stat.S_IMODE(controller.cache.stat().st_mode) == 0o600
    assert stat.S_IMODE(controller.cache.parent.stat().st_mode) == 0o700
    assert [file.name for file in controller.cache.parent.iterdir()] == [controller.cache.name]


def test_sign_in_that_works_is_left_alone(signed_in: Run, controller: Controller) -> None:
    before = controller.cache.read_bytes()
    controller.lab.microsoft.reset_counters()
    predicted = controller.sign_in("--check", username=controller.people["mfa"]["upn"])
    for again in (predicted, controller.sign_in()):
        assert again.returncode == 0 and again.outcomes("changed") == set(), again.tail
        assert not CODE.search(again.output)
    assert controller.lab.microsoft.state()["counts"]["tokens_issued"] == 0
    assert controller.cache.read_bytes() == before


class Probed(t.NamedTuple):
    """What each method's hosts got in one run, and what Microsoft's side counted for all of it."""

    got: dict[str, dict[str, t.Any]]
    issued: int
    asked: int


@pytest.fixture(scope="module")
def every_probe(signed_in: Run, controller: Controller) -> dict[str, Probed]:
    """One run with every method for each Python that this machine has."""
    return {python: probe(controller, python) for python, folder in ENVIRONMENTS.items() if (folder / "bin").exists()}


@pytest.fixture(params=sorted(ENVIRONMENTS))
def probed(request: pytest.FixtureRequest, every_probe: dict[str, Probed]) -> Probed:
    """The run of one Python."""
    require_python(request.param)
    return every_probe[request.param]


def probe(controller: Controller, python: str) -> Probed:
    """Acquire tokens by every method in one run."""
    admin, application, microsoft = controller.people["admin"], controller.application, controller.lab.microsoft
    passwords = {name: controller.people[name] for name in ("admin", "mfa", "locked", "blocked")}
    sign_ins = {
        "device_code": controller.device_code,
        "azure_cli": {"method": "azure_cli"},
        "secret": {"method": "client_secret", "client_id": application["client_id"], "client_secret": application["secret"]},
        "certificate": {"method": "certificate", "client_id": application["client_id"], "certificate_path": application["certificate"]},
        **{name: {"method": "password", "username": person["upn"], "password": person["password"]} for name, person in passwords.items()},
    }
    microsoft.reset_counters()
    environment = controller.azure_cli(LAB_AZ_USERNAME=admin["upn"], LAB_AZ_PASSWORD=admin["password"])
    got = controller.probe(sign_ins, environment=environment, python=python)
    counts = microsoft.state()["counts"]
    return Probed(got, counts["tokens_issued"], counts["requests"]["POST /<tenant>/oauth2/v2.0/token"])


def test_every_method_brings_both_tokens_of_its_person(probed: Probed, controller: Controller) -> None:
    for name, person in (("device_code", "mfa"), ("admin", "admin"), ("azure_cli", "admin")):
        got = probed.got[name]
        assert {got[audience]["user"] for audience in AUDIENCES} == {controller.people[person]["upn"]}
        assert got["registration"]["hash"] != got["graph"]["hash"]


@pytest.mark.parametrize("name", ["secret", "certificate"])
def test_application_gets_a_token_for_graph_alone(probed: Probed, name: str) -> None:
    assert probed.got[name]["graph"]["application"] is True
    assert "an application cannot register an agent" in probed.got[name]["registration"]["error"]


@pytest.mark.parametrize(("name", "code"), [("mfa", 50076), ("locked", 50053), ("blocked", 53003)])
def test_refused_person_is_reported_why(probed: Probed, name: str, code: int) -> None:
    assert all(f"AADSTS{code}" in probed.got[name][audience]["error"] for audience in AUDIENCES)


def test_microsoft_is_asked_once_a_run_for_all_hosts(probed: Probed) -> None:
    """The device code's tokens come from the cache. A locked account is so for both audiences; a policy may want MFA for one alone."""
    issued = {"admin": 2, "azure_cli": 2, "secret": 1, "certificate": 1}
    refused = {"mfa": 2, "locked": 1, "blocked": 2}
    assert probed.issued == sum(issued.values())
    assert probed.asked == sum(issued.values()) + sum(refused.values())


def test_forced_sign_in_replaces_the_user(every_probe: dict[str, Probed], controller: Controller) -> None:
    before = json.loads(controller.cache.read_text(encoding="utf-8"))["RefreshToken"]
    forced = controller.sign_in("-e", "force=true", upn=controller.people["reader"]["upn"])
    assert forced.outcomes("changed") == {TASK}, forced.tail
    assert "it can look, but not register agents" in flat(forced.output)
    assert json.loads(controller.cache.read_text(encoding="utf-8"))["RefreshToken"] != before


def test_no_run_has_told_or_left_a_secret(signed_in: Run, controller: Controller) -> None:
    kept = json.loads(controller.cache.read_text(encoding="utf-8"))
    secrets = {entry["secret"] for kind in ("AccessToken", "RefreshToken", "IdToken") for entry in kept[kind].values()}
    assert len(secrets) >= 3
    secrets |= controller.lab.secrets
    for number, output in enumerate(controller.outputs):
        assert not TOKEN.search(output), number
        assert not [secret for secret in secrets if secret in output], number
    files = [file for file in controller.home.rglob("*") if file.is_file() and file != controller.cache]
    assert files
    for file in files:
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], file
        assert not TOKEN.search(content.decode(errors="replace")), file
