# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a device code's sign-in outlives the run: a file for its owner alone, encrypted where the platform can.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from .._core.errors import AgentError, ConfigurationError, SignInError
from .._core.redaction import redact
from .keyring import Keyring, KeyringLockedError, ask_keyring

try:
    import msal_extensions
    from msal_extensions.token_cache import LockError
except ImportError:  # the documentation can be read without it
    msal_extensions = None

#: Where a device code's sign-in is kept unless an option says otherwise, beside the packages.
CACHE_PATH = "~/.ansible/entra_ops.cloud_sync/sign_in.bin"

_FilePersistence: t.Any = msal_extensions.FilePersistence if msal_extensions else object
_PersistedTokenCache: t.Any = msal_extensions.PersistedTokenCache if msal_extensions else object


class _PrivateFile(_FilePersistence):  # type: ignore[misc]
    """msal_extensions' plain file, with its mode whatever the umask is, and never half-written: it is replaced as a whole."""

    def save(self, content: str) -> None:
        """Write the content in place of what was there; the lock is held."""
        # Always the same name: what a process that was killed has left holds a sign-in too, and is overwritten.
        new = f"{self._location}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
            os.replace(new, self._location)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)
            raise


class TokenCache(_PersistedTokenCache):  # type: ignore[misc]
    """msal_extensions' cache; what goes wrong with its file becomes a sentence of its own."""

    def search(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Look a token up, after a look whether another process has written the file."""
        with self._as_own_error():
            return super().search(*args, **kwargs)

    def modify(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Change the cache, and the file at once."""
        with self._as_own_error():
            super().modify(*args, **kwargs)

    @contextlib.contextmanager
    def _as_own_error(self) -> t.Iterator[None]:
        path = self._persistence.get_location()
        try:
            yield
        except LockError as error:
            raise SignInError(f"The sign-in cache '{path}' is locked: if no other run uses it, remove '{path}.lockfile'.") from error
        except (OSError, ValueError) as error:
            raise SignInError(
                f"The sign-in cache '{path}' cannot be used: {redact(str(error))}. Repair it, or remove it and run playbooks/sign_in.yml."
            ) from error


def open_cache(path: str) -> TokenCache:
    """Return the cache in a file, whose folder is made if need be.

    Raises:
        ConfigurationError: others could write to the folder or the file.
        SignInError: the folder cannot be made, or the sign-in is in a keyring that this process has not.
        AgentError: a library is missing.
    """
    if msal_extensions is None:
        raise AgentError("The Python package 'msal-extensions' is missing on the controller: install it with pip.")
    _prepare_folder(os.path.dirname(path))
    _require_own_file(path)
    return TokenCache(_persistence(path))


def _prepare_folder(folder: str) -> None:
    """Make the folder for its owner alone. One of the user's own choice keeps its mode, but others must not be able to put a file there."""
    try:
        made = not os.path.isdir(folder)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if made or folder == os.path.dirname(os.path.abspath(os.path.expanduser(CACHE_PATH))):
            os.chmod(folder, 0o700)
        found = os.stat(folder)
    except OSError as error:
        reason = redact(str(error))
        raise SignInError(f"The folder '{folder}' of the sign-in cache cannot be made: {reason}. Give another 'cache_path'.") from error
    if not _is_own(found):
        raise ConfigurationError(f"'cache_path' is in '{folder}', which others can write to: choose a folder of your own.")


def _is_own(found: os.stat_result) -> bool:
    """Whether nobody but this user, and root, can change a file or a folder: its owner can, whatever the mode is."""
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _require_own_file(path: str) -> None:
    """Refuse a cache that somebody else has put there, or can: the run would sign in with what that person has written into it."""
    if os.path.exists(path) and not _is_own(os.stat(path)):
        raise ConfigurationError(
            f"The sign-in cache '{path}' belongs to another user, or others can write to it: see who has put it there, remove it, and run "
            "playbooks/sign_in.yml."
        )


def _persistence(path: str) -> t.Any:
    """Return what stores the cache: the system's keyring where there is one that works, else a plain file.

    A session on the desktop may have a keyring where a job of cron's has none. One that is missing shows itself in as many kinds of
    exception as there are platforms (ImportError without PyGObject, RuntimeError or GLib's own without a session bus, OSError on macOS):
    msal_extensions itself advises to catch them all.
    """
    try:
        keyring = ask_keyring(lambda: msal_extensions.build_encrypted_persistence(path))
    except KeyringLockedError:
        raise  # there is one, so the sign-in is not written in clear text
    except Exception:
        return _plain_file(path)
    return Keyring(keyring, path)


def _plain_file(path: str) -> t.Any:
    # A plain file is never empty: the one beside a keyring is.
    if os.path.exists(path) and not os.path.getsize(path):
        raise SignInError(
            f"The sign-in of '{path}' is in the system's keyring, which this process cannot open: run it in the session that has signed "
            "in, or remove the file and run playbooks/sign_in.yml where the runs are started."
        )
    return _PrivateFile(path)
