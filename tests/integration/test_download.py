# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_download against the lab: every source, every wrong file, broken transfers, proxies, and what moves nothing.

A case's folder on the host is its own. Only the download for several hosts at once is a playbook: one lab host stands in its inventory
under several names.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cloudlab.package.build import RELEASES
from cloudlab.paths import PACKAGES
from cloudlab.proxies.plan import INSPECTION_CA
from cloudlab.testing.ansible_runs import run_playbook
from installed_agent import InstalledAgent

if t.TYPE_CHECKING:
    from cloudlab.testing.running_lab import Lab
    from conftest import DirectHosts
    from direct_host import DirectHost

Step = dict[str, t.Any]
Outcomes = dict[str, list[dict[str, t.Any]]]

LAB_HOSTS = 1
NEW, OLD = RELEASES[-1], RELEASES[-2]
SHARE = r"\\FILES\packages"
#: Each wrong file of the lab, further options, and what its refusal says.
REFUSED: dict[str, tuple[str, Step, str]] = {
    "page": ("signin-page", {}, "is a web page, most likely a sign-in or block page"),
    "truncated": ("truncated", {}, "is cut off after"),
    "empty": ("empty", {}, "the file is empty"),
    "unsigned": ("unsigned", {}, "carries no signature"),
    "tampered": ("tampered", {}, "was changed after it was signed"),
    "other-publisher": ("other-publisher", {}, "O=Other Lab, C=US', which is not in 'publisher'"),
    "untrusted-root": ("untrusted-publisher", {}, "O=Cloud Sync Lab, C=US), which is not in 'root_thumbprints'"),
    "expired": ("expired", {}, "and no time stamp from before that is on it"),
    "other-product": ("other-product", {}, "is another product, 'Microsoft Entra private network connector"),
    "wrong-hash": (f"release-{NEW}", {"sha256": "ab" * 32}, f"expected was {'ab' * 32}"),
    "older": (f"release-{OLD}", {"version": NEW}, f"has version {OLD}, older than the wanted {NEW}"),
}


def repeated(**options: t.Any) -> list[Step]:
    """Return a case's steps: predicted, done, and both again with the question for something newer."""
    return [{"check": True, **options}, options, {"check": True, "state": "latest", **options}, {"state": "latest", **options}]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The controller's cache of these tests."""
    return tmp_path_factory.mktemp("cache") / "packages"


RunCases = t.Callable[[dict[str, list[Step]]], Outcomes]


def destination(case: str) -> str:
    """Where a case's package lies on the host."""
    return rf"C:\ProgramData\entra_ops\tests\{case}\setup.exe"


@pytest.fixture(scope="module")
def host(lab: Lab, direct_host: DirectHosts) -> DirectHost:
    """The host of these tests."""
    return direct_host(lab.hosts[-1])


@pytest.fixture(scope="module")
def run_cases(lab: Lab, cache: Path, host: DirectHost) -> RunCases:
    """Return what runs cases without Ansible, and returns each one's results in order; a step with check is a prediction."""
    common = {"accept_eula": True, "cache_dir": str(cache), **host.known("ca_path", "cloud", "publisher", "root_thumbprints")}

    def run(case: str, step: Step) -> dict[str, t.Any]:
        options = {name: value for name, value in step.items() if name != "check"}
        return host.run("agent_download", {**common, "dest": destination(case), **options}, check=step.get("check", False))

    def call(cases: dict[str, list[Step]]) -> Outcomes:
        results = {name: [run(name, step) for step in steps] for name, steps in cases.items()}
        assert not [secret for secret in lab.secrets if secret in json.dumps(results)]
        return results

    return call


@pytest.fixture(scope="module")
def run_playbook_for(lab: Lab, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Callable[..., list[dict[str, t.Any]]]:
    """Return what runs one step in a playbook on several hosts at once, which are one, and returns their results."""

    def call(names: t.Sequence[str], step: Step) -> list[dict[str, t.Any]]:
        folder = tmp_path_factory.mktemp("download")
        hosts = {name: {"ansible_host": lab.data["hosts"][-1]["address"], "dest": destination(name)} for name in names}
        inventory = folder / "cases.yml"
        inventory.write_text(yaml.safe_dump({"agents": {"children": {"download_cases": {"hosts": hosts}}}}), encoding="utf-8")
        done = run_playbook(
            str(Path(__file__).with_name("download_once.yml")),
            *("--inventory", str(inventory), "--forks", "4"),
            inventory=lab.inventory,
            extra_vars={"step": step, "results": str(folder / "results.json"), "cache_dir": str(cache)},
        )
        assert done.returncode == 0, done.tail
        assert not [secret for secret in lab.secrets if secret in done.output]
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        return [results[name] for name in names]

    return call


def folder_of(lab: Lab, case: str) -> Path:
    """A case's folder on the host."""
    return lab.state / "hosts" / lab.hosts[-1] / "drive_c" / "ProgramData" / "entra_ops" / "tests" / case


def left(lab: Lab, case: str) -> list[str]:
    """What lies in a case's folder."""
    folder = folder_of(lab, case)
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(scope="module")
def url(lab: Lab) -> str:
    """Where the lab serves its packages."""
    return str(lab.data["microsoft"]["url"])


@pytest.fixture(scope="module")
def outcomes(lab: Lab, url: str, run_cases: RunCases) -> Outcomes:
    """The outcome of the cases that need no count of the traffic."""
    lab.microsoft.fault(f"/short/release-{OLD}.exe", status=503, retry_after=0, times=2)
    lab.microsoft.fault("/packages/pta-agent.exe", status=503, retry_after=0, times=2)
    page = str(PACKAGES / "signin-page.exe")
    old, new = f"release-{OLD}.exe", f"release-{NEW}.exe"
    basic = lab.data["proxies"]["basic"]
    bad = folder_of(lab, "replaced-by-bad")
    bad.mkdir(parents=True)
    (bad / "setup.exe").write_bytes((PACKAGES / "tampered.exe").read_bytes())
    through = {
        "open": {"proxy_url": lab.data["proxies"]["open"]["url"]},
        "basic": {"proxy_url": basic["url"], "proxy_username": basic["username"], "proxy_password": basic["password"]},
        "refusing": {"proxy_url": basic["url"]},
        "inspecting": {"proxy_url": lab.data["proxies"]["inspecting"]["url"]},
    }
    # In check mode the controller asks, and fetches nothing.
    asked: Step = {"source": "controller", "state": "latest", "check": True}
    return run_cases(
        {
            **{name: [{"url": f"{url}/packages/{file}.exe", **more}] for name, (file, more, _) in REFUSED.items()},
            "stamped": [{"url": f"{url}/packages/expired-stamped.exe"}],
            "host": repeated(url=f"{url}/packages/{new}"),
            "share": repeated(source="share", src=rf"{SHARE}\{old}"),
            "file": [
                *repeated(source="file", src=str(PACKAGES / old)),
                {"source": "file", "src": str(PACKAGES / new), "state": "latest"},
            ],
            "no-share": [{"check": check, "source": "share", "src": rf"{SHARE}\none.exe"} for check in (True, False)],
            "file-page": [{"check": check, "source": "file", "src": page} for check in (True, False)],
            "controller-page": [{"source": "controller", "url": f"{url}/packages/signin-page.exe"}],
            "replaced-by-bad": [{"source": "file", "src": page}],
            "again": [{"url": f"{url}/short/{old}"}],
            "exhausted": [{"url": f"{url}/packages/pta-agent.exe", "retries": 1}],
            "plain": [{"url": f"{url}/plain/{old}"}],
            **{f"proxy-{name}": [{"url": f"{url}/packages/{old}", **proxy}] for name, proxy in through.items()},
            **{f"controller-proxy-{name}": [{**asked, "url": f"{url}/packages/{old}?{name}", **proxy}] for name, proxy in through.items()},
        }
    )


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_wrong_file_is_refused_with_its_sentence_and_deleted(outcomes: Outcomes, lab: Lab, name: str) -> None:
    result = outcomes[name][0]
    assert result["failed"]
    assert REFUSED[name][2] in result["msg"]
    assert (result["changed"], result["downloaded"]) == (False, False)
    assert left(lab, name) == []


def test_expired_signer_is_accepted_with_a_stamp_from_its_time(outcomes: Outcomes) -> None:
    result = outcomes["stamped"][0]
    assert not result["failed"], result["msg"]
    assert result["signature"]["time_stamp"] < result["signature"]["not_after"]


@pytest.mark.parametrize("name", ["host", "share", "file"])
def test_every_source_is_predicted_done_and_then_left_alone(outcomes: Outcomes, lab: Lab, name: str) -> None:
    steps = outcomes[name][:4]
    assert not any(step["failed"] for step in steps), steps
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert [step["downloaded"] for step in steps] == [False, True, False, False]
    assert "would be fetched" in steps[0]["msg"]
    assert "and what" in steps[3]["msg"]
    assert left(lab, name) == ["setup.exe", "setup.exe.source.json"]


def test_another_file_is_what_the_source_has_now(outcomes: Outcomes, lab: Lab) -> None:
    result = outcomes["file"][4]
    assert (result["changed"], result["version"]) == (True, NEW)
    assert (folder_of(lab, "file") / "setup.exe").read_bytes() == (PACKAGES / f"release-{NEW}.exe").read_bytes()


def test_results_have_the_same_keys_however_the_task_ends(outcomes: Outcomes) -> None:
    keys = {frozenset(result) - {"exception", "warnings"} for results in outcomes.values() for result in results}
    assert len(keys) == 1


@pytest.mark.parametrize("name", ["no-share", "file-page"])
def test_bad_source_is_predicted(outcomes: Outcomes, lab: Lab, name: str) -> None:
    predicted, done = outcomes[name]
    assert predicted["failed"] and done["failed"]
    assert predicted["msg"] == done["msg"]
    assert left(lab, name) == []


def test_bad_source_is_named(outcomes: Outcomes, lab: Lab) -> None:
    assert rf"The package {SHARE}\none.exe cannot be read by {lab.hosts[-1]}" in outcomes["no-share"][0]["msg"]
    assert "is a web page" in outcomes["file-page"][0]["msg"]


def test_page_is_refused_on_the_controller_and_not_kept(outcomes: Outcomes, lab: Lab, cache: Path) -> None:
    result = outcomes["controller-page"][0]
    assert "/packages/signin-page.exe is refused: the file is a web page" in result["msg"]
    assert left(lab, "controller-page") == []
    assert not [file for file in cache.iterdir() if file.suffix not in (".lock",)]


def test_file_that_does_not_pass_is_gone_although_the_new_one_is_refused(outcomes: Outcomes, lab: Lab) -> None:
    assert outcomes["replaced-by-bad"][0]["changed"]
    assert left(lab, "replaced-by-bad") == []


def test_passing_errors_are_tried_again_and_links_followed(outcomes: Outcomes) -> None:
    result = outcomes["again"][0]
    assert not result["failed"], result["msg"]
    assert (result["attempts"], result["version"]) == (3, OLD)


def test_last_try_says_how_many_there_were(outcomes: Outcomes, lab: Lab) -> None:
    assert f"by {lab.hosts[-1]} (2 tries): the answer was 503" in outcomes["exhausted"][0]["msg"]
    assert left(lab, "exhausted") == []


def test_links_to_plain_http_are_refused(outcomes: Outcomes, url: str) -> None:
    plain = url.replace("https", "http", 1)
    assert f"leads on to {plain}/packages/release-{OLD}.exe, which does not start with https://" in outcomes["plain"][0]["msg"]


@pytest.mark.parametrize("who", ["", "controller-"])
@pytest.mark.parametrize("name", ["open", "basic"])
def test_downloads_go_through_a_proxy(outcomes: Outcomes, lab: Lab, url: str, who: str, name: str) -> None:
    result = outcomes[f"{who}proxy-{name}"][0]
    assert not result["failed"], result["msg"]
    assert lab.proxied(name).count(url.removeprefix("https://")) >= 2


@pytest.mark.parametrize("who", ["", "controller-"])
def test_proxy_that_wants_credentials_is_named(outcomes: Outcomes, who: str) -> None:
    message = outcomes[f"{who}proxy-refusing"][0]["msg"]
    assert "(1 try)" in message
    assert "The proxy wants to know who asks: give 'proxy_username' and 'proxy_password'" in message


@pytest.mark.parametrize("who", ["", "controller-"])
def test_inspected_connections_are_refused_and_the_issuer_named(outcomes: Outcomes, lab: Lab, who: str) -> None:
    message, host = outcomes[f"{who}proxy-inspecting"][0]["msg"], lab.data["microsoft"]["address"]
    assert f"{host} presented a certificate for 'CN={host}', issued by 'CN={INSPECTION_CA}'" in message
    assert f"most likely a device on the way inspects TLS: exempt {host} from inspection" in message
    assert "(1 try)" in message


@pytest.fixture(scope="module")
def resumed(lab: Lab, url: str, run_cases: RunCases) -> dict[str, t.Any]:
    """The outcome of a transfer that broke in its middle, with the counts of the traffic."""
    lab.microsoft.reset_counters()
    lab.microsoft.fault(f"/packages/release-{NEW}.exe", cut_after=1_500_000)
    result = run_cases({"resumed": [{"url": f"{url}/packages/release-{NEW}.exe"}]})["resumed"][0]
    return {"result": result, **lab.microsoft.state()["counts"]}


def test_broken_transfer_is_taken_up_where_it_ended(resumed: dict[str, t.Any]) -> None:
    result = resumed["result"]
    assert (result["failed"], result["attempts"], result["resumed"]) == (False, 2, True)
    # Had it begun anew, the part that came first would have been sent twice.
    assert resumed["download_bytes"] < (PACKAGES / f"release-{NEW}.exe").stat().st_size + 1_500_000
    assert resumed["downloads"] == 2


@pytest.fixture(scope="module")
def copied(
    lab: Lab, url: str, run_cases: RunCases, run_playbook_for: t.Callable[..., list[dict[str, t.Any]]], outcomes: Outcomes
) -> dict[str, t.Any]:
    """The outcome of a download to the controller for two hosts at once, a second run, and a prediction, with the counts of each."""
    names = ("copy-1", "copy-2")
    options: Step = {"source": "controller", "url": f"{url}/packages/release-{NEW}.exe", "state": "latest"}
    counted: dict[str, t.Any] = {}
    for run in ("first", "second", "predicted"):
        lab.microsoft.reset_counters()
        results = run_cases({names[0]: [{**options, "check": True}]})[names[0]] if run == "predicted" else run_playbook_for(names, options)
        counted[run] = {"results": results, **lab.microsoft.state()["counts"]}
    return counted


def test_controller_downloads_once_for_all_hosts(copied: dict[str, t.Any], lab: Lab) -> None:
    first = copied["first"]
    assert [result["downloaded"] for result in first["results"]] == [True, True]
    assert sorted(result["attempts"] for result in first["results"]) == [0, 1]
    assert (first["downloads"], first["download_bytes"]) == (1, (PACKAGES / f"release-{NEW}.exe").stat().st_size)
    assert left(lab, "copy-1") == ["setup.exe", "setup.exe.source.json"]


@pytest.mark.parametrize("run", ["second", "predicted"])
def test_second_run_asks_once_and_moves_nothing(copied: dict[str, t.Any], run: str) -> None:
    second = copied[run]
    assert not any(result["changed"] for result in second["results"])
    assert (second["downloads"], second["download_bytes"]) == (0, 0)
    assert sum(second["requests"].values()) == 1


@pytest.fixture
def installed(host: DirectHost) -> Iterator[None]:
    """An older release is installed."""
    InstalledAgent(host.prefix).bring(f"release-{OLD}")
    package = rf"C:\packages\release-{OLD}.exe"
    host.prefix.run(package, "/install", "/quiet", "/norestart")
    yield
    host.prefix.run(package, "/uninstall", "/quiet", "/norestart")


def test_host_that_runs_the_agent_needs_no_package(installed: None, lab: Lab, run_cases: RunCases) -> None:
    lab.microsoft.reset_counters()
    any_version, newer = run_cases({"installed": [{}, {"version": NEW, "check": True}]})["installed"]
    assert any_version["msg"] == f"The host already runs {OLD}: no package is needed."
    assert (any_version["changed"], newer["changed"]) == (False, True)
    assert lab.microsoft.state()["counts"]["downloads"] == 0
