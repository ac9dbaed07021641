"""Backup and garbage collection keep out of each other's way: who collects waits until no backup reads."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.wire.errors import Unavailable

FILE = "backup.lock"  # the lock goes with its process, however that ends


@contextmanager
def backing_up(root: Path) -> Iterator[None]:
    """Nothing is collected in this home meanwhile. Several backups may run."""
    with _open(root) as fd:
        fcntl.flock(fd, fcntl.LOCK_SH)
        yield


@contextmanager
def collecting(root: Path) -> Iterator[None]:
    """No backup begins meanwhile. Raises Unavailable while one runs."""
    with _open(root) as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(
                "A backup of this home is running, and needs what gc would delete",
                field="home",
                remedy="run gc again when the backup is done",
                retry_after_s=60,
            ) from error
        yield


@contextmanager
def _open(root: Path) -> Iterator[int]:
    try:
        fd = os.open(root / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"The home {root} cannot be used: {error.strerror}", field="--home", remedy="give the server's --home"
        ) from error
    try:
        yield fd
    finally:
        os.close(fd)
