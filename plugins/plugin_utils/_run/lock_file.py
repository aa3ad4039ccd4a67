# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the file of a lock in a folder that several users of the controller may share.

Whoever may write into the folder may lock its files: the file is made with the folder's group and the same write permissions. A folder
that others can write to may hold traps; a link, or what is no plain file, is not opened.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import os
import stat

from .._core.errors import ConfigurationError

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
#: What those who may write into a folder may do with its files: read and write them, as its group or as anybody.
_WRITERS = ((stat.S_IWGRP, stat.S_IRGRP | stat.S_IWGRP), (stat.S_IWOTH, stat.S_IROTH | stat.S_IWOTH))


def open_lock_file(folder: str, name: str) -> int:
    """Return a descriptor of the file, opened anew: forks that shared one open file would share its lock.

    Raises:
        ConfigurationError: it cannot be opened, or is none that may be.
    """
    if not os.path.isabs(folder):  # a home that is not known leaves "~" in it
        raise ConfigurationError(f"'lock_dir' is '{folder}', which is no full path on the controller: give one.")
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        file = _open_or_make(folder, path)
    except OSError as error:
        raise ConfigurationError(_advice(folder, path, error)) from error
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(file)
        raise ConfigurationError(f"'{path}' on the controller is no plain file of its own: remove it, and see who has put it there.")
    return file


def is_file_at(folder: str, name: str, file: int) -> bool:
    """Whether an open file still is the one of that name: one that was removed keeps nobody out who comes later."""
    try:
        return os.path.samestat(os.stat(os.path.join(folder, name), follow_symlinks=False), os.fstat(file))
    except FileNotFoundError:
        return False


def _open_or_make(folder: str, path: str) -> int:
    while True:
        # Linux refuses O_CREAT for the file of another user in a folder with the sticky bit (fs.protected_regular), though it is there.
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, _FLAGS)
        with contextlib.suppress(FileExistsError):
            return _make(folder, path)


def _make(folder: str, path: str) -> int:
    file = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    shared = os.stat(folder)
    with contextlib.suppress(PermissionError):  # who is not in the folder's group writes there as somebody else
        os.fchown(file, -1, shared.st_gid)
    mode = 0o600
    for writes, may in _WRITERS:
        # Whoever is not in the folder's group has made a file of his own group, which that permission is not meant for.
        if shared.st_mode & writes and (writes == stat.S_IWOTH or os.fstat(file).st_gid == shared.st_gid):
            mode |= may
    os.fchmod(file, mode)  # whatever the umask is
    return file


def _advice(folder: str, path: str, error: OSError) -> str:
    what = path if os.path.lexists(path) else folder
    return (
        f"The lock that keeps hosts from registering at the same time cannot be made in {folder} on the controller: {error.strerror} "
        f"({what}). Let everybody who registers agents of this tenant read and write there, such as by a group of its own (chmod 2770 for "
        "the folder, 660 for its files). Another folder in 'lock_dir' has to be the same for all of them: two folders keep nobody apart."
    )
