"""Files that hold secrets: read only where nobody else can have read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from assay.wire.errors import PermissionDenied


def read_secret(path: Path, what: str, bound: int, *, absent: str, unsafe: str) -> str:
    """The text of the file, which is this account's alone.

    Args:
        path: Of the file.
        what: It is, for messages.
        bound: Bytes that are read.
        absent: What to do where it cannot be read.
        unsafe: What to do where others can have read it.

    Raises:
        PermissionDenied: It cannot be read, is another account's, or others can read it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PermissionDenied(
            f"{what} {path} cannot be read: {error.strerror}", field="token", remedy=absent
        ) from error
    try:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or mode & 0o077:
            raise PermissionDenied(
                f"{what} {path} can be read by others, or is not your file (mode {mode:04o})",
                field="token",
                remedy=unsafe,
            )
        return os.read(fd, bound).decode("ascii", "replace")
    finally:
        os.close(fd)
