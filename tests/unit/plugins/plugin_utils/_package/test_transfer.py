# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's downloads: tries, resumption, questions for changes, proxies, and the sentences when they fail."""

from __future__ import annotations

import contextlib
import io
import time
import types
import typing as t

import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import ConfigurationError, PackageError
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.http import Session
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package import transfer
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.facts import PresentedCertificate
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._package.transfer import (
    Download,
    Proxy,
    failed_sentence,
    require_https_url,
    require_proxy_url,
    url_without_query,
)
from cloudlab.limits import limit
from microsoft_side import Microsoft
from package_mirror import CONTENT, Mirror
from trickle import Long, Service, Trickle, text


@pytest.fixture
def mirror(microsoft: Microsoft) -> Mirror:
    return Mirror(microsoft)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that were to be waited between tries, which pass at once."""
    asked: list[float] = []
    replace_sleep(monkeypatch, asked.append)
    return asked


def replace_sleep(monkeypatch: pytest.MonkeyPatch, sleep: t.Callable[[float], object]) -> None:
    """In the client alone: the server of these tests shares its process."""
    monkeypatch.setattr(transfer, "time", types.SimpleNamespace(monotonic=time.monotonic, sleep=sleep))


def test_a_broken_transfer_is_taken_up_where_it_ended(mirror: Mirror, waits: list[float]) -> None:
    mirror.microsoft.fail(mirror.route, cut_after=300_000)
    target, download = io.BytesIO(), mirror.download()
    assert download.save(target, {})
    assert target.getvalue() == CONTENT
    assert (download.attempts, download.resumed, waits) == (2, True, [1.0])
    # Not a byte was sent twice but for what the broken connection held.
    assert mirror.microsoft.count("download_bytes") < len(CONTENT) + 300_000


def test_proxys_address_that_cannot_be_read_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:cana#ry@proxy:8080")
    download = Download(Session(None, limit()), "https://download.example/setup.exe", proxy=Proxy(), retries=2, seconds=limit())
    with pytest.raises(PackageError, match="HTTPS_PROXY") as caught:
        download.save(io.BytesIO(), {})
    assert "cana" not in str(caught.value)


def test_short_body_is_no_whole_file(mirror: Mirror, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer versions of urllib3 say it by themselves; older ones just end."""
    send, download, target = mirror.download().__class__._send, mirror.download(), io.BytesIO()
    short = types.SimpleNamespace(status_code=200, headers={"Content-Length": "10"}, iter_content=lambda _: iter([b"12345"]))
    answers = [contextlib.nullcontext(short)]
    monkeypatch.setattr(download, "_send", lambda *sent: answers.pop() if answers else send(download, *sent))
    assert download.save(target, {})
    assert (target.getvalue(), download.attempts) == (CONTENT, 2)


def test_another_file_in_between_starts_the_transfer_anew(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    other = CONTENT[::-1]
    replace_sleep(monkeypatch, lambda _: mirror.serve(other))
    mirror.microsoft.fail(mirror.route, cut_after=300_000)
    target, download = io.BytesIO(), mirror.download()
    assert download.save(target, {})
    assert target.getvalue() == other
    assert not download.resumed


@pytest.mark.parametrize(
    ("status", "asked", "expected"), [(503, None, [1.0, 2.0]), (429, 7, [7.0, 7.0]), (500, 4000, [60.0]), (408, None, [1.0, 2.0])]
)
def test_passing_errors_are_waited_for(mirror: Mirror, waits: list[float], status: int, asked: int | None, expected: list[float]) -> None:
    mirror.microsoft.fail(mirror.route, status=status, retry_after=asked, times=len(expected))
    download = mirror.download()
    assert download.save(io.BytesIO(), {})
    assert (waits, download.attempts) == (expected, len(expected) + 1)


def test_the_last_try_says_how_many_there_were_and_why_it_failed(mirror: Mirror, waits: list[float]) -> None:
    mirror.microsoft.fail(mirror.route, status=503, times=10)
    with pytest.raises(PackageError, match=r"from https://\S+/setup.exe by the controller \(3 tries\): the answer was 503"):
        mirror.download(retries=2).save(io.BytesIO(), {})
    assert len(waits) == 2


def test_an_answer_that_will_not_pass_is_not_asked_again(mirror: Mirror, waits: list[float]) -> None:
    with pytest.raises(PackageError, match=r"\(1 try\): the answer was 404"):
        mirror.download(path="/packages/none.exe").save(io.BytesIO(), {})
    assert waits == []


def test_no_wait_outlasts_the_time_limit(mirror: Mirror, waits: list[float]) -> None:
    mirror.microsoft.fail(mirror.route, status=503, retry_after=59)
    mirror.microsoft.fail(mirror.route, status=503, retry_after=59)
    download = mirror.download()
    download._deadline -= limit() - 40
    with pytest.raises(PackageError, match=r"\(1 try\)"):
        download.save(io.BytesIO(), {})
    assert waits == []


def test_an_unchanged_file_is_not_sent_again(mirror: Mirror) -> None:
    first = mirror.download()
    first.save(io.BytesIO(), {})
    mirror.microsoft.server.cloud.counters.reset()
    assert not mirror.download().save(io.BytesIO(), first.validators)
    assert mirror.download().is_unchanged(first.validators)
    assert not mirror.download().is_unchanged({"etag": '"another"'})
    assert mirror.download().is_unchanged({"last_modified": first.validators["last_modified"]})
    assert mirror.microsoft.count("download_bytes") == 0


def test_a_refused_certificate_is_named(mirror: Mirror, waits: list[float]) -> None:
    import certifi

    with pytest.raises(PackageError) as refused:
        mirror.download(ca_path=certifi.where()).save(io.BytesIO(), {})
    sentence = str(refused.value)
    assert "127.0.0.1 presented a certificate for 'CN=127.0.0.1', issued by 'CN=Cloud Sync Lab TLS Root,O=Cloud Sync Lab,C=US'" in sentence
    assert "most likely a device on the way inspects TLS: exempt 127.0.0.1 from inspection" in sentence
    assert waits == []


def test_links_are_followed_to_https_alone(mirror: Mirror) -> None:
    target = io.BytesIO()
    assert mirror.download(path="/short/setup.exe").save(target, {})
    assert target.getvalue() == CONTENT
    with pytest.raises(PackageError, match=r"\(1 try\): the address redirects to an address that does not start with https"):
        mirror.download(path="/plain/setup.exe").save(io.BytesIO(), {})


def download_of(service: Service, seconds: int = 60) -> Download:
    """A download from this service."""
    session = Session(None, 60)
    session.mount("https://", service)
    return Download(session, "https://mirror.example/setup.exe", proxy=Proxy(use=False), retries=2, seconds=seconds)


def test_file_that_comes_byte_by_byte_has_an_end() -> None:
    """Each byte begins the time limit of requests anew, and a block is looked at when it is whole."""
    with pytest.raises(PackageError, match=r"\(1 try\): the time is up, see 'timeout'"):
        download_of(Service(Trickle), seconds=1).save(io.BytesIO(), {})


def test_file_without_an_end_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_MOST_BYTES", 1_000_000)
    target = io.BytesIO()
    with pytest.raises(PackageError, match="has more than 1000000 bytes, which is no package"):
        download_of(Service(lambda: Long(1024**3))).save(target, {})
    assert len(target.getvalue()) < 2_000_000


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "9" * 5000])
def test_length_that_is_no_number_is_none(length: str) -> None:
    target = io.BytesIO()
    assert download_of(Service(text(CONTENT), headers={"Content-Length": length})).save(target, {})
    assert target.getvalue() == CONTENT


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        (Proxy(use=False, url="http://p:1"), {"no_proxy": "*"}),
        (Proxy(), {}),
        (Proxy(url="http://p:1"), dict.fromkeys(("http", "https"), "http://p:1")),
        (Proxy(url="http://p:1", username=r"C\a", password="p@:/"), dict.fromkeys(("http", "https"), "http://C%5Ca:p%40%3A%2F@p:1")),
    ],
)
def test_proxies_are_handed_to_requests(proxy: Proxy, expected: dict[str, str]) -> None:
    assert proxy.for_requests() == expected
    assert "p@:/" not in repr(proxy)


@pytest.mark.parametrize("url", ["proxy:8080", "https://proxy:8080", "socks5://proxy", "http://", "http://user:hidden@proxy:8080"])
def test_bad_proxies_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="give an address such as http://proxy") as refused:
        require_proxy_url(url)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://mirror/setup.exe", "mirror/setup.exe", "https://", "https://user:hidden@mirror/setup.exe"])
def test_bad_addresses_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="starts with https://") as refused:
        require_https_url("url", url)
    assert "hidden" not in str(refused.value)


def test_addresses_are_shown_without_their_keys() -> None:
    assert url_without_query("https://store/a.exe?sig=key#x") == "https://store/a.exe"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reason": "status code '407'"}, "give 'proxy_username' and 'proxy_password'"),
        ({"reason": "x", "certificate": PresentedCertificate("h", "CN=h", "CN=DigiCert G2")}, "Check the clock"),
        ({"reason": "x", "certificate": PresentedCertificate("h", "", "")}, "win1 does not trust the certificate of h"),
        ({"reason": "x", "certificate": PresentedCertificate("h", "CN=h", "CN=Box")}, "add the CA to the host's trusted roots"),
        ({"reason": "No such host is known"}, "proxy, firewall, name resolution"),
    ],
)
def test_failures_say_what_to_do(arguments: dict[str, t.Any], words: str) -> None:
    assert words in failed_sentence("https://h/s.exe", "win1", attempts=1, **arguments)
