# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in, on the controller alone: the device code's playbook told in order, and what a run gets by each method.

No host is asked anything. Each run is as talkative as can be, and must not tell a secret all the same.
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

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab

LAB_HOSTS = 1
AUDIENCES = ("registration", "graph")
TASK = ("localhost", "Sign in with a device code")
PROBE = str(ROOT / "tests" / "integration" / "token_probe.yml")
AZ = ROOT / "tests" / "integration" / "azure_cli"
#: Hosts that share one sign-in, more than there are forks.
HOSTS = 12
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

    def probe(self, sign_in: dict[str, t.Any], **options: t.Any) -> list[dict[str, t.Any]]:
        """Acquire both tokens on every host, and return for each host what it got."""
        known = yaml.safe_load(self.lab.inventory.read_text(encoding="utf-8"))["agents"]["vars"]
        lab_vars = {f"provisioning_agent_{name}": known[f"provisioning_agent_{name}"] for name in ("ca_path", "cloud", "tenant_id")}
        hosts = {"hosts": {f"host{n}": {} for n in range(HOSTS)}, "vars": lab_vars}
        inventory, file = self.home / "probe.yml", self.home / "probe.json"
        inventory.write_text(json.dumps({"all": hosts}), encoding="utf-8")
        file.unlink(missing_ok=True)
        done = self._run(PROBE, {"probe_sign_in": sign_in, "probe_file": str(file)}, inventory=inventory, **options)
        assert done.returncode == 0, done.output
        return t.cast(list[dict[str, t.Any]], json.loads(file.read_text(encoding="utf-8")))

    def _run(self, playbook: str, variables: dict[str, t.Any], *arguments: str, **options: t.Any) -> Run:
        environment = {"HOME": str(self.home), "ANSIBLE_FORKS": "4", **options.pop("environment", {})}
        whole = {"inventory": self.lab.inventory, **options, "extra_vars": variables, "environment": environment}
        done = run_playbook(playbook, *arguments, "-vvvvv", **whole)
        self.outputs.append(done.output)
        return done

    def tokens_of(self, sign_in: dict[str, t.Any], **options: t.Any) -> tuple[dict[str, t.Any], int]:
        """Return what every host got alike, and how many tokens Microsoft's side issued for it."""
        self.lab.microsoft.reset_counters()
        rows = self.probe(sign_in, **options)
        assert len(rows) == HOSTS and all(row == rows[0] for row in rows)
        return rows[0], int(self.lab.microsoft.state()["counts"]["tokens_issued"])

    def azure_cli(self, **variables: str) -> dict[str, str]:
        """Return the environment in which az is the tests' stand-in."""
        path = os.pathsep.join([str(AZ), str(ENVIRONMENTS["3.11"] / "bin"), os.environ["PATH"]])
        return {"PATH": path, "LAB_AZ_AUTHORITY": self.lab.data["microsoft"]["url"], **variables}


@pytest.fixture(scope="module")
def controller(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    return Controller(lab, tmp_path_factory.mktemp("controller"))


@pytest.fixture(params=sorted(ENVIRONMENTS))
def python(request: pytest.FixtureRequest) -> str:
    """Each Python that this machine has, with its ansible-core."""
    name = str(request.param)
    if not (ENVIRONMENTS[name] / "bin").exists():
        pytest.skip(f"no Python {name} on this machine")
    return name


def flat(text: str) -> str:
    """Return a run's output without the line breaks that Ansible puts into long messages."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def empty(controller: Controller) -> Controller:
    """The controller after it was asked what a sign-in would do, and one that a person declined."""
    predicted = controller.sign_in("--check")
    assert predicted.outcomes("changed") == {TASK}, predicted.output
    declined = controller.sign_in(declined=True)
    assert declined.outcomes("fatal") == {TASK}, declined.output
    assert "AADSTS16000): the device code was declined on the sign-in page" in flat(declined.output)
    return controller


def test_prediction_and_refusal_keep_nothing(empty: Controller) -> None:
    assert not empty.cache.exists()


def test_run_without_a_sign_in_names_the_playbook(empty: Controller) -> None:
    got, issued = empty.tokens_of(empty.device_code)
    assert issued == 0
    for audience in AUDIENCES:
        assert f"in '{empty.cache}': run playbooks/sign_in.yml first" in got[audience]["error"]


@pytest.fixture(scope="module")
def signed_in(empty: Controller) -> Run:
    """The run in which a person with MFA signs in."""
    return empty.sign_in(upn=empty.people["mfa"]["upn"])


def test_person_is_shown_the_page_and_the_code_while_the_task_waits(signed_in: Run, controller: Controller) -> None:
    # The answer was given after the line was read: had it come with the task's end, the code would have run out.
    assert signed_in.returncode == 0, signed_in.output
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
    for arguments in ((), ("--check",)):
        again = controller.sign_in(*arguments)
        assert again.returncode == 0 and again.outcomes("changed") == set(), again.output
        assert not CODE.search(again.output)
    assert controller.lab.microsoft.state()["counts"]["tokens_issued"] == 0
    assert controller.cache.read_bytes() == before


def test_another_users_sign_in_does_not_do_for_the_wanted_one(signed_in: Run, controller: Controller) -> None:
    own = controller.sign_in("--check", username=controller.people["mfa"]["upn"])
    assert own.returncode == 0 and own.outcomes("changed") == set(), own.output
    wanted, before = controller.people["admin"]["upn"], controller.cache.read_bytes()
    assert controller.sign_in("--check", username=wanted).outcomes("changed") == {TASK}
    refused = controller.sign_in(username=wanted, upn=controller.people["reader"]["upn"])
    assert refused.outcomes("fatal") == {TASK}
    assert f"has signed in and is not kept, as 'username' is {wanted}: sign in as {wanted}" in flat(refused.output)
    assert json.loads(controller.cache.read_text(encoding="utf-8"))["RefreshToken"] == json.loads(before)["RefreshToken"]


def test_runs_use_the_persons_sign_in_silently(signed_in: Run, controller: Controller, python: str) -> None:
    got, issued = controller.tokens_of(controller.device_code, python=python)
    assert {got[audience]["user"] for audience in AUDIENCES} == {controller.people["mfa"]["upn"]}
    assert issued == 0


def test_forced_sign_in_replaces_the_user(signed_in: Run, controller: Controller) -> None:
    forced = controller.sign_in("-e", "force=true", upn=controller.people["reader"]["upn"])
    assert forced.outcomes("changed") == {TASK}, forced.output
    assert "it can look, but not register agents" in flat(forced.output)
    got, _ = controller.tokens_of(controller.device_code)
    assert got["graph"]["user"] == controller.people["reader"]["upn"]
    assert "activate the role" in got["registration"]["error"]


def test_blocked_device_codes_are_told(signed_in: Run, controller: Controller) -> None:
    controller.lab.microsoft.block_device_codes(True)
    try:
        refused = controller.sign_in("-e", "force=true", upn=controller.people["admin"]["upn"])
    finally:
        controller.lab.microsoft.block_device_codes(False)
    assert refused.outcomes("fatal") == {TASK}
    assert "AADSTS53003): Conditional Access blocks the sign-in" in flat(refused.output)


def test_password_is_used_once_for_all_hosts_and_both_audiences(controller: Controller, python: str) -> None:
    person = controller.people["admin"]
    got, issued = controller.tokens_of({"method": "password", "username": person["upn"], "password": person["password"]}, python=python)
    assert {got[audience]["user"] for audience in AUDIENCES} == {person["upn"]}
    assert got["registration"]["hash"] != got["graph"]["hash"]
    assert issued == 2


@pytest.mark.parametrize(("name", "code", "times"), [("mfa", 50076, 2), ("locked", 50053, 1), ("blocked", 53003, 2)])
def test_refused_person_is_asked_about_once_a_run(controller: Controller, name: str, code: int, times: int) -> None:
    """A locked account is so for both audiences; a policy may want MFA for one and not for the other."""
    person = controller.people[name]
    got, issued = controller.tokens_of({"method": "password", "username": person["upn"], "password": person["password"]})
    assert all(f"AADSTS{code}" in got[audience]["error"] for audience in AUDIENCES)
    asked = controller.lab.microsoft.state()["counts"]["requests"]["POST /<tenant>/oauth2/v2.0/token"]
    assert (issued, asked) == (0, times)


@pytest.mark.parametrize("method", ["client_secret", "certificate"])
def test_application_gets_a_token_for_graph_alone(controller: Controller, method: str) -> None:
    proof = {"client_secret": controller.application["secret"], "certificate_path": controller.application["certificate"]}
    option = "client_secret" if method == "client_secret" else "certificate_path"
    got, issued = controller.tokens_of({"method": method, "client_id": controller.application["client_id"], option: proof[option]})
    assert got["graph"]["application"] is True
    assert "an application cannot register an agent" in got["registration"]["error"]
    assert issued == 1


def test_azure_cli_lends_its_sign_in(controller: Controller) -> None:
    person = controller.people["admin"]
    environment = controller.azure_cli(LAB_AZ_USERNAME=person["upn"], LAB_AZ_PASSWORD=person["password"])
    got, issued = controller.tokens_of({"method": "azure_cli"}, environment=environment)
    assert {got[audience]["user"] for audience in AUDIENCES} == {person["upn"]}
    assert issued == 2


def test_azure_cli_that_is_not_signed_in_or_refused_is_told(controller: Controller) -> None:
    got, _ = controller.tokens_of({"method": "azure_cli"}, environment=controller.azure_cli())
    assert "is not signed in: run 'az login --tenant" in got["graph"]["error"]
    person = controller.people["mfa"]
    environment = controller.azure_cli(LAB_AZ_USERNAME=person["upn"], LAB_AZ_PASSWORD=person["password"])
    got, _ = controller.tokens_of({"method": "azure_cli"}, environment=environment)
    assert "AADSTS50076" in got["registration"]["error"]


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
