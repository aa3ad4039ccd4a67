# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's keyring as a place for the sign-in, and an end to the wait for one that is locked.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import os
import queue
import threading
import typing as t
from collections.abc import Callable

from .._core.errors import SignInError

Answer = t.TypeVar("Answer")

#: How long a keyring may take: a person at the desktop may be asked for its password meanwhile.
_SECONDS = 120


class KeyringLockedError(SignInError):
    """The keyring did not answer."""

    def __init__(self) -> None:
        super().__init__(
            f"The system's keyring, which keeps the sign-in, did not answer within {_SECONDS} seconds: it is locked, and somebody is asked "
            "for its password at the desktop. Unlock it, then run this again; or run this where there is no keyring, and sign in there."
        )


def ask_keyring(question: Callable[[], Answer]) -> Answer:
    """Put a question to the keyring, and return its answer.

    The keyring's library waits in C, where no signal of Python's ends it: a thread waits, and is left behind with a keyring that is locked.

    Raises:
        KeyringLockedError: it did not answer in time.
        BaseException: what the question has raised.
    """
    answers: queue.SimpleQueue[tuple[t.Any, BaseException | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((question(), None))
        except BaseException as error:  # goes to who has asked
            answers.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer, error = answers.get(timeout=_SECONDS)
    except queue.Empty:
        raise KeyringLockedError from None
    if error is not None:
        raise error
    return t.cast(Answer, answer)


class Keyring:
    """A keyring of msal_extensions'; the file beside it holds nothing, and its time shows other processes a change.

    A process that has found no keyring, such as one of cron's, may have left a sign-in in clear text there.
    """

    is_encrypted = True

    def __init__(self, keyring: t.Any, path: str) -> None:
        self._keyring, self._path = keyring, path
        self._locked: KeyringLockedError | None = None
        self.get_location, self.time_last_modified = keyring.get_location, keyring.time_last_modified

    def load(self) -> str:
        """Return what the keyring holds."""
        content = str(self._ask(self._keyring.load))
        if os.path.getsize(self._path):
            self._empty_file()
        return content

    def save(self, content: str) -> None:
        """Put the content into the keyring."""
        self._empty_file()
        self._ask(lambda: self._keyring.save(content))

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        # msal_extensions tries thrice to load: once is long enough.
        if self._locked:
            raise self._locked
        try:
            return ask_keyring(question)
        except KeyringLockedError as error:
            self._locked = error
            raise

    def _empty_file(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
