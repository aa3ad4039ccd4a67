# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's sign-in: asked for once, kept in the cache, used by later runs without a person; and the cache's file itself."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import multiprocessing
import os
import signal
import stat
import sys
import threading
import time
import types
import typing as t
from pathlib import Path

import msal_extensions
import pytest
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._core.errors import (
    AgentError,
    ConfigurationError,
    SignInError,
    TokenError,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run.store import RunStore
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in import cache, person
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in import keyring as keyring_module
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.access import Audience, Request, SignIn
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.acquire import acquire
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.cache import open_cache
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.methods.device_code import cache_file
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.msal_client import own_accounts
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.options import read_sign_in
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.person import KeptSignIn, kept_sign_in, sign_in_person
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._sign_in.token import Token
from cloudlab.microsoft import tokens
from host_facts import TENANT
from microsoft_side import Microsoft


@dataclasses.dataclass
class Tenant:
    """A tenant, and the cache that its sign-ins are kept in."""

    microsoft: Microsoft
    path: Path
    username: str | None = None

    @property
    def requests(self) -> list[Request]:
        cloud, sign_in = self.microsoft.cloud, self.sign_in()
        scopes = [str(cloud.registration_scope), f"{cloud.graph}/.default"]
        return [Request(self.microsoft.access(sign_in), scope) for scope in scopes]

    def sign_in(self, **options: t.Any) -> SignIn:
        return read_sign_in({"method": "device_code", "cache_path": str(self.path), "username": self.username, **options})

    def person(self, name: str = "mfa") -> KeptSignIn | None:
        """Let a person sign in."""
        return sign_in_person(self.requests, open_cache(str(self.path)), self.microsoft.approve(name))

    def kept(self) -> KeptSignIn | None:
        return kept_sign_in(self.requests, open_cache(str(self.path)))

    def ask(self, audience: Audience = "registration", store: RunStore | None = None, **options: t.Any) -> Token:
        """Do what a run does."""
        return acquire(self.microsoft.access(self.sign_in(**options), store), audience)

    @property
    def mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)


@pytest.fixture
def tenant(microsoft: Microsoft, tmp_path: Path) -> Tenant:
    return Tenant(microsoft, tmp_path / "cache" / "sign_in.bin")


@contextlib.contextmanager
def umask(mask: int) -> t.Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_person_signs_in_once_for_both_audiences_of_later_runs(tenant: Tenant) -> None:
    kept = tenant.person()
    assert kept and (kept.username, kept.may_register) == ("mfa@lab.example", True)
    assert tenant.microsoft.asked == ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
    tenant.microsoft.asked.clear()
    assert tenant.ask("registration").upn == tenant.ask("graph").upn == "mfa@lab.example"
    assert tenant.kept() == kept
    assert tenant.microsoft.asked == []


def test_later_run_renews_without_a_person(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.person()
    tenant.microsoft.asked.clear()
    now = time.time()
    # msal would hand out a token with as little as five minutes left, which a host could not use any more.
    monkeypatch.setattr(time, "time", lambda: now + 3600 - 330)
    first = tenant.ask("registration")
    assert first.expires_at > now + 3600
    assert tenant.ask("registration").value == first.value
    assert tenant.microsoft.asked == ["refresh_token"]


def test_rejected_token_is_replaced_past_the_cache(tenant: Tenant) -> None:
    tenant.person()
    store = RunStore()
    first = tenant.ask("graph", store)
    second = acquire(tenant.microsoft.access(tenant.sign_in(), store), "graph", first.value)
    assert second.value != first.value


def test_no_sign_in_names_the_playbook(tenant: Tenant) -> None:
    with pytest.raises(SignInError, match=rf"no sign-in of tenant {TENANT} in '{tenant.path}': run playbooks/sign_in\.yml first"):
        tenant.ask()
    assert not tenant.path.parent.exists()
    assert tenant.kept() is None


def test_sign_in_of_another_user_or_tenant_is_none(tenant: Tenant) -> None:
    tenant.person()
    assert tenant.ask(username="MFA@lab.example").upn == "mfa@lab.example"
    with pytest.raises(SignInError, match=r"no sign-in of admin@lab\.example in tenant"):
        tenant.ask(username="admin@lab.example")


@pytest.mark.parametrize("code", [50173, 70043, 700082])
def test_sign_in_that_has_ended_names_the_reason_and_the_playbook(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    tenant.person()
    tenant.microsoft.server.cloud.tokens.end_refresh_tokens(code)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    with pytest.raises(SignInError, match=rf"run playbooks/sign_in\.yml again\. .*AADSTS{code}"):
        tenant.ask()
    assert tenant.kept() is None


def test_network_trouble_is_no_reason_to_ask_a_person(tenant: Tenant) -> None:
    tenant.person()
    tenant.microsoft.fail("*openid-configuration", status=503)
    with pytest.raises(SignInError, match="could not be tried"):
        tenant.kept()


def test_declined_code_is_reported(tenant: Tenant) -> None:
    def decline(message: str) -> None:
        for code in tenant.microsoft.server.cloud.device_codes._codes.values():
            code.declined = True

    with pytest.raises(SignInError, match=r"AADSTS16000.*was declined"):
        sign_in_person(tenant.requests, open_cache(str(tenant.path)), decline)


def test_code_that_nobody_used_ends(tenant: Tenant) -> None:
    def expire(message: str) -> None:
        for code in tenant.microsoft.server.cloud.device_codes._codes.values():
            code.expires = 0

    with pytest.raises(SignInError, match=r"AADSTS70020.*nobody had signed in.*53003"):
        sign_in_person(tenant.requests, open_cache(str(tenant.path)), expire)


def test_blocked_device_codes_are_told(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant.microsoft.server.cloud.device_codes, "blocked", True)
    with pytest.raises(SignInError, match=r"AADSTS53003.*blocks device codes"):
        tenant.person()


def test_guest_is_refused_and_not_kept(tenant: Tenant) -> None:
    with pytest.raises(TokenError, match="guest"):
        tenant.person("visitor_home.example#EXT#")
    assert tenant.kept() is None


def test_wrong_clock_is_named_and_nothing_kept(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    late = types.SimpleNamespace(time=lambda: time.time() - 2 * 3600)
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "time", late)
        with pytest.raises(SignInError, match=r"The controller's clock says .*: set the clock"):
            tenant.person()
    with pytest.raises(SignInError, match="There is no sign-in"):
        tenant.ask()


def test_user_without_the_role_may_look_only(tenant: Tenant) -> None:
    kept = tenant.person("reader")
    assert kept and kept.may_register is False
    assert tenant.ask("graph").upn == "reader@lab.example"
    with pytest.raises(TokenError, match="activate the role"):
        tenant.ask("registration")


def test_cloud_without_registration_is_signed_in_to_for_graph(tenant: Tenant) -> None:
    tenant.microsoft.cloud = dataclasses.replace(tenant.microsoft.cloud, registration_scope=None)
    kept = sign_in_person(tenant.requests[1:], open_cache(str(tenant.path)), tenant.microsoft.approve("admin"))
    assert kept and (kept.username, kept.may_register) == ("admin@lab.example", None)
    assert tenant.ask("graph").upn == "admin@lab.example"
    with pytest.raises(ConfigurationError, match="No registration scope is known for the cloud Lab"):
        tenant.ask("registration")


def test_new_sign_in_replaces_another_users(tenant: Tenant) -> None:
    tenant.person("reader")
    tenant.person("admin")
    kept = tenant.kept()
    assert kept and kept.username == "admin@lab.example"
    with pytest.raises(SignInError, match="no sign-in of reader"):
        tenant.ask("graph", username="reader@lab.example")


def test_sign_in_of_another_user_than_the_wanted_one_does_not_count(tenant: Tenant) -> None:
    tenant.person("admin")
    tenant.username = "MFA@lab.example"
    assert tenant.kept() is None
    kept = tenant.person("mfa")
    assert kept and kept == tenant.kept() and kept.username == "mfa@lab.example"
    # The other one's was replaced.
    with pytest.raises(SignInError, match="no sign-in of admin"):
        tenant.ask(username="admin@lab.example")


def test_person_who_is_not_the_wanted_one_is_refused_and_not_kept(tenant: Tenant) -> None:
    tenant.username = "mfa@lab.example"
    kept = tenant.person("mfa")
    with pytest.raises(SignInError, match=r"admin@lab\.example has signed in and is not kept, as 'username' is mfa@lab\.example"):
        tenant.person("admin")
    assert tenant.kept() == kept
    with pytest.raises(SignInError, match="no sign-in of admin"):
        tenant.ask(username="admin@lab.example")


def refuse_graph(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    whole = person.silent

    def silent(request: Request, application: t.Any) -> t.Any:
        if request.scope.endswith("/.default"):
            raise SignInError("refused", code)
        return whole(request, application)

    monkeypatch.setattr(person, "silent", silent)


@pytest.mark.parametrize("code", ["AADSTS65001", "AADSTS65002"])
def test_client_without_consent_for_graph_is_kept_for_the_rest(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    refuse_graph(monkeypatch, code)
    kept = tenant.person()
    assert kept and kept == tenant.kept()


def test_sign_in_that_wants_a_person_for_graph_is_asked_for_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.person()
    refuse_graph(monkeypatch, "AADSTS50076")
    assert tenant.kept() is None


class Accounts:
    """msal's client, as far as its accounts go: a member, a guest whose home is elsewhere, another member, a personal account."""

    HOMES = (
        ("member@lab.example", TENANT.upper()),
        ("guest@elsewhere.example", "00000000-0000-0000-0000-000000000001"),
        ("other@lab.example", TENANT),
        ("person@live.example", "9188040d-6c67-4c5b-b112-36a304b66dad"),
    )

    def get_accounts(self, username: str | None = None) -> list[dict[str, str]]:
        rows = [{"username": name, "home_account_id": f"oid.{home}"} for name, home in self.HOMES]
        return [row for row in rows if username in (None, row["username"])]


@pytest.mark.parametrize(
    ("username", "own"),
    [
        (None, ["member@lab.example", "other@lab.example"]),
        ("other@lab.example", ["other@lab.example"]),
        ("guest@elsewhere.example", []),
        ("nobody@lab.example", []),
    ],
)
def test_accounts_of_the_tenant_alone_are_used(tenant: Tenant, username: str | None, own: list[str]) -> None:
    tenant.username = username
    assert [account["username"] for account in own_accounts(tenant.requests[0], Accounts())] == own


def test_guests_sign_in_in_the_cache_is_none(tenant: Tenant) -> None:
    tenant.person("admin")
    entries = json.loads(tenant.path.read_text(encoding="utf-8"))
    for kind in entries.values():
        for entry in kind.values():
            if "home_account_id" in entry:
                entry["home_account_id"] = entry["home_account_id"].partition(".")[0] + ".00000000-0000-0000-0000-000000000001"
    tenant.path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(SignInError, match="There is no sign-in of tenant"):
        tenant.ask()
    assert tenant.kept() is None


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_file_is_its_owners_alone_whatever_the_umask(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, mask: int) -> None:
    with umask(mask):
        tenant.person()
        assert (tenant.mode, stat.S_IMODE(tenant.path.parent.stat().st_mode)) == (0o600, 0o700)
        written = tenant.path.read_bytes()
        tenant.path.chmod(0o644)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3600)
        tenant.ask()
    assert tenant.path.read_bytes() != written
    assert tenant.mode == 0o600
    assert [file.name for file in tenant.path.parent.iterdir()] == ["sign_in.bin"]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bool], None]:
    """Return what gives this process a keyring that works, or takes it away; msal_extensions' own code is on top of it."""
    held: list[str] = []

    class Agent:
        def __init__(self, *_: t.Any) -> None:
            """The schema does not matter."""

        def save(self, data: str) -> bool:
            held[:] = [data]
            return True

        def load(self) -> str | None:
            return held[0] if held else None

    def switch(on: bool) -> None:
        library = types.SimpleNamespace(LibSecretAgent=Agent, trial_run=lambda: None) if on else None
        monkeypatch.setitem(sys.modules, "msal_extensions.libsecret", library)
        monkeypatch.setattr(sys, "platform", "linux")

    return switch


def test_keyring_holds_the_sign_in_and_the_file_nothing(tenant: Tenant, keyring: t.Callable[[bool], None]) -> None:
    keyring(True)
    with umask(0o022):
        kept = tenant.person()
    assert kept and tenant.kept() == kept
    assert open_cache(str(tenant.path)).is_encrypted
    assert tenant.ask().upn == "mfa@lab.example"
    assert (tenant.path.read_bytes(), tenant.mode) == (b"", 0o600)


def test_keyring_that_a_later_process_cannot_open_is_reported(tenant: Tenant, keyring: t.Callable[[bool], None]) -> None:
    keyring(True)
    tenant.person()
    keyring(False)
    for use in (tenant.ask, tenant.kept, tenant.person):
        with pytest.raises(SignInError, match=rf"'{tenant.path}' is in the system's keyring, which this process cannot open"):
            use()
    tenant.path.unlink()
    assert tenant.person() and not open_cache(str(tenant.path)).is_encrypted


def test_sign_in_does_not_stay_in_clear_text_beside_a_keyring(tenant: Tenant, keyring: t.Callable[[bool], None]) -> None:
    keyring(False)
    tenant.person("reader")
    tenant.path.chmod(0o644)
    assert tenant.path.stat().st_size
    keyring(True)
    assert tenant.kept() is None
    tenant.person("admin")
    assert (tenant.path.read_bytes(), tenant.mode) == (b"", 0o600)


def test_file_in_clear_text_is_emptied_when_the_keyring_has_a_sign_in(tenant: Tenant, keyring: t.Callable[[bool], None]) -> None:
    keyring(True)
    kept = tenant.person("admin")
    tenant.path.unlink()
    keyring(False)
    tenant.person("reader")
    keyring(True)
    assert tenant.kept() == kept
    assert (tenant.path.read_bytes(), tenant.mode) == (b"", 0o600)


@pytest.mark.parametrize("step", ["trial_run", "save", "load"])
def test_wait_for_a_keyring_that_is_locked_ends(
    tenant: Tenant, keyring: t.Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It waits for somebody who unlocks it, in a library that no signal interrupts."""
    keyring(True)
    tenant.person()
    monkeypatch.setattr(keyring_module, "_SECONDS", 0.2)
    library, unlocked, waits = sys.modules["msal_extensions.libsecret"], threading.Event(), []

    def wait(*_: t.Any) -> str:
        waits.append(step)
        unlocked.wait(20)
        return "{}"

    monkeypatch.setattr(library if step == "trial_run" else library.LibSecretAgent, step, wait)
    with pytest.raises(SignInError, match=r"The system's keyring, which keeps the sign-in, did not answer within .*: it is locked"):
        tenant.person("reader")
    assert waits == [step]
    assert tenant.path.read_bytes() == b""
    unlocked.set()


def test_folder_of_ones_own_choice_keeps_its_mode(tenant: Tenant) -> None:
    tenant.path.parent.mkdir()
    tenant.path.parent.chmod(0o750)
    tenant.person()
    assert stat.S_IMODE(tenant.path.parent.stat().st_mode) == 0o750


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_folder_that_others_can_write_to_is_refused(tenant: Tenant, mode: int) -> None:
    tenant.path.parent.mkdir()
    tenant.path.parent.chmod(mode)
    with pytest.raises(ConfigurationError, match="which others can write to"):
        open_cache(str(tenant.path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_cache_of_another_user_is_refused_whatever_its_mode(tenant: Tenant, what: str) -> None:
    tenant.person()
    os.chown(tenant.path if what == "file" else tenant.path.parent, 54321, -1)
    with pytest.raises(ConfigurationError, match="others can write to"):
        open_cache(str(tenant.path))


def test_cache_that_others_can_write_to_is_refused(tenant: Tenant) -> None:
    tenant.person()
    tenant.path.chmod(0o620)
    with pytest.raises(ConfigurationError, match=r"belongs to another user, or others can write to it: see who has put it there"):
        open_cache(str(tenant.path))


def test_the_default_folder_is_closed_though_it_was_there_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".ansible" / "entra_ops.cloud_sync"
    folder.mkdir(parents=True, mode=0o755)
    open_cache(cache_file(read_sign_in({"method": "device_code"})))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SignInError, match=r"cannot be made: .*Give another 'cache_path'"):
        open_cache(str(tmp_path / "file" / "cache" / "sign_in.bin"))


def test_damaged_cache_is_named(tenant: Tenant) -> None:
    tenant.path.parent.mkdir(mode=0o700)
    tenant.path.write_text("{ half", encoding="utf-8")
    with pytest.raises(SignInError, match=rf"'{tenant.path}' cannot be used: .*remove it and run playbooks/sign_in\.yml"):
        tenant.ask()


def test_locked_cache_is_named(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked:
        def __init__(self, path: str) -> None:
            raise cache.LockError(path)

    monkeypatch.setattr(msal_extensions.token_cache, "CrossPlatLock", Locked)
    with pytest.raises(SignInError, match=r"is locked: if no other run uses it, remove '.*\.lockfile'"):
        tenant.person()


def test_write_that_fails_leaves_what_was_there(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.person()
    before = tenant.path.read_bytes()

    def full(*_: t.Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SignInError, match="No space left"):
        tenant.person("admin")
    assert tenant.path.read_bytes() == before
    assert [file.name for file in tenant.path.parent.iterdir()] == ["sign_in.bin"]


def test_process_that_is_killed_in_a_save_is_in_nobodys_way(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its lock nor its half-written file: the next run signs in, and what was there before is there until then."""
    before = tenant.person()
    context = multiprocessing.get_context("fork")
    saving = context.Event()

    def stop(*_: t.Any, **__: t.Any) -> None:
        saving.set()
        signal.pause()

    def die() -> None:
        monkeypatch.setattr(os, "replace", stop)
        kept = open_cache(str(tenant.path))
        kept.update_rt(next(iter(kept.search("RefreshToken"))), "canary")

    process = context.Process(target=die)
    process.start()
    assert saving.wait(60)
    process.kill()
    process.join()
    assert tenant.kept() == before
    assert tenant.person("reader")
    assert [file.name for file in tenant.path.parent.iterdir()] == ["sign_in.bin"]


def test_missing_library_is_named(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "msal_extensions", None)
    with pytest.raises(AgentError, match="'msal-extensions' is missing on the controller: install it with pip"):
        open_cache(str(tenant.path))
