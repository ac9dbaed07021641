"""Objects in a local folder: written beside, synchronised, renamed, and the folder synchronised after."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from assay.wire.errors import AssayError, InvalidInput, NotFound, Unavailable

NAME = re.compile(r"[a-z0-9]{16,64}\Z")
PARTS = "parts"


def _answer(error: OSError) -> AssayError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text, remedy = "The disk that holds the files is full", "free space; the server goes on by itself"
    else:
        text, remedy = f"The folder of files cannot be written: {error.strerror}", "check its permissions and mount"
    return Unavailable(f"{text}; nothing of this file was kept", remedy=remedy, retry_after_s=5)


class LocalUpload:
    """See `assay.ports.blobs.Upload`."""

    def __init__(self, root: Path, target: Path) -> None:
        self._target = target
        self._hash = blake3()
        self._size = 0
        try:
            self._fd, part = tempfile.mkstemp(dir=root / PARTS)
        except OSError as error:
            raise _answer(error) from error
        self._part: Path | None = Path(part)

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        view = memoryview(data)
        self._hash.update(view)
        self._size += len(view)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            self.abort()
            raise _answer(error) from error

    def finish(self) -> tuple[int, str]:
        """Size and digest of the object, which is on disk."""
        assert self._part is not None
        try:
            os.fsync(self._fd)
            folder = self._target.parent
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(folder.parent)
            self._part.rename(self._target)
            _sync(folder)
        except OSError as error:
            self.abort()
            raise _answer(error) from error
        os.close(self._fd)
        self._part = None
        return self._size, self._hash.hexdigest()

    def abort(self) -> None:
        """Nothing remains."""
        if self._part is not None:
            os.close(self._fd)
            self._part.unlink(missing_ok=True)
            self._part = None


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class LocalBlobs:
    """See `assay.ports.blobs.BlobStore`. The folder is the server's own, mode 0700."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (root / PARTS).mkdir(exist_ok=True, mode=0o700)
        for left in (root / PARTS).iterdir():  # a crash's leftovers; one server holds the home
            left.unlink(missing_ok=True)

    def _place(self, id: str) -> Path:
        if not NAME.match(id):
            raise InvalidInput(f"{id!r} is no name of an object", field="blob_id", remedy="16 to 64 of a-z0-9")
        return self._root / id[:2] / id

    def create(self, id: str) -> LocalUpload:
        """A new object."""
        return LocalUpload(self._root, self._place(id))

    def path(self, id: str) -> Path:
        """Where the object lies."""
        place = self._place(id)
        if not place.is_file():
            raise NotFound(f"The object {id} is missing", field="blob_id", remedy="restore it from a backup")
        return place

    def delete(self, id: str) -> None:
        """The object is gone."""
        self._place(id).unlink(missing_ok=True)

    def ids(self) -> Iterator[str]:
        """The names of all objects."""
        for folder in sorted(self._root.iterdir()):
            if folder.name != PARTS:
                yield from sorted(entry.name for entry in folder.iterdir())
