"""Objects in a local folder: written beside, synchronised, renamed, and the folder synchronised after."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from blake3 import blake3

from assay.blobs.names import NAME, check_name
from assay.ports.blobs import PIECE, Held
from assay.sdk.durable import make_folder, sync_folder, write_file
from assay.wire.errors import AssayError, Corrupt, NotFound, NotSupported, Unavailable

PARTS = "parts"
OWNER = "owner"
DIRTY = 32 << 20  # bytes written between hints to the kernel that it may begin to write them to disk


def _answer(error: OSError) -> AssayError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text, remedy = "The disk that holds the files is full", "free space; the server goes on by itself"
    else:
        text, remedy = f"The folder of files cannot be used: {error.strerror}", "check its permissions and mount"
    return Unavailable(f"{text}; nothing of this file was kept", remedy=remedy, retry_after_s=5)


class LocalUpload:
    """See `assay.ports.blobs.Upload`."""

    def __init__(self, blobs: LocalBlobs, id: str) -> None:
        self._blobs = blobs
        self._id = check_name(id)
        self._hash = blake3()
        self._size = 0
        self._hinted = 0
        try:
            self._fd, part = tempfile.mkstemp(dir=blobs.parts)
        except OSError as error:
            raise _answer(error) from error
        self._part: Path | None = Path(part)

    def write(self, data: Sequence[bytes]) -> None:
        """Appends bytes."""
        try:
            for piece in data:
                self._hash.update(piece)
                _write_all(self._fd, piece)
                self._size += len(piece)
            if self._size - self._hinted >= DIRTY:
                _hint(self._fd, self._hinted, self._size - self._hinted)
                self._hinted = self._size
        except OSError as error:
            self.abort()
            raise _answer(error) from error

    def finish(self) -> tuple[int, str]:
        """Size and digest of the object, which is on disk."""
        assert self._part is not None
        try:
            os.fsync(self._fd)
            with self._blobs.folder(self._id) as folder:
                os.rename(self._part, self._id, dst_dir_fd=folder)
                os.fsync(folder)
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


def _write_all(fd: int, data: bytes) -> None:
    done = os.write(fd, data)
    while done < len(data):
        done += os.write(fd, memoryview(data)[done:])


def _hint(fd: int, start: int, length: int) -> None:
    # Linux begins to write dirty pages back when told that they are not needed; else all waits for the fsync.
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, start, length, os.POSIX_FADV_DONTNEED)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder itself; a link in its place is refused."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


class LocalBlobs:
    """See `assay.ports.blobs.BlobStore`. The folder is the server's own, mode 0700."""

    multipart = None
    links = False

    def __init__(self, root: Path, *, alone: bool = True) -> None:
        self._root = root
        self._on_disk: set[str] = set()  # folders that this process has seen synchronised
        self.parts = root / PARTS
        make_folder(self.parts)
        if alone:  # a crash's leftovers; one server holds the home
            for left in self.parts.iterdir():
                left.unlink(missing_ok=True)

    def _place(self, id: str) -> Path:
        return self._root / id[:2] / check_name(id)

    @contextmanager
    def folder(self, id: str) -> Iterator[int]:
        """The open folder for a new object, which is on disk: also one that another upload made a moment ago."""
        path = self._place(id).parent
        if path.name not in self._on_disk:
            path.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._root)
            self._on_disk.add(path.name)
        with _opened(path) as fd:
            yield fd

    def owner(self) -> int | None:
        """The catalog's number, if it has left one."""
        try:
            return int((self._root / OWNER).read_text())
        except FileNotFoundError:
            return None

    def claim(self, number: int) -> int:
        """The catalog's number."""
        if (found := self.owner()) is not None:
            return found
        write_file(self._root / OWNER, str(number).encode())
        return number

    def create(self, id: str) -> LocalUpload:
        """A new object."""
        return LocalUpload(self, id)

    def put(self, id: str, data: bytes) -> str:
        """The digest of a new, small object.

        It is written under its own name at once: no row names it yet, and what a crash leaves of it is swept.
        """
        try:
            with self.folder(id) as folder:
                fd = os.open(id, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
                try:
                    _write_all(fd, data)
                    os.fsync(fd)
                except OSError:
                    os.unlink(id, dir_fd=folder)
                    raise
                finally:
                    os.close(fd)
                os.fsync(folder)
        except OSError as error:
            raise _answer(error) from error
        return blake3(data).hexdigest()

    def read(self, id: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a range."""
        try:
            with _opened(self._place(id).parent) as folder:
                fd = os.open(id, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            raise NotFound(f"The object {id} is missing", field="blob_id", remedy="restore it from a backup") from None
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            raise Corrupt(f"The object {id} is a link to elsewhere", remedy="restore it from a backup") from error
        try:
            while start < end:
                piece = os.pread(fd, min(PIECE, end - start), start)
                if not piece:
                    raise Corrupt(f"The object {id} ends at byte {start}", remedy="restore it from a backup")
                yield piece
                start += len(piece)
        finally:
            os.close(fd)

    def link(self, id: str, name: str, ttl_s: int) -> str:
        """Only the server can read the folder."""
        raise NotSupported("A folder gives no links", remedy="read through the server")

    def delete(self, id: str) -> None:
        """The object is gone."""
        self._place(id).unlink(missing_ok=True)

    def held(self) -> Iterator[Held]:
        """All objects, as far as they are ours."""
        for folder in self._root.iterdir():
            if folder.is_dir() and folder.name != PARTS:
                for path in folder.iterdir():
                    if NAME.match(path.name):
                        with suppress(FileNotFoundError):  # somebody else deleted it meanwhile
                            yield Held(path.name, path.stat().st_mtime_ns // 1_000)

    def sweep(self, before_us: int) -> int:
        """Temporary files of earlier are gone."""
        count = 0
        for part in list(self.parts.iterdir()):
            with suppress(FileNotFoundError):  # it was finished meanwhile
                if part.stat().st_mtime_ns < before_us * 1_000:
                    part.unlink()
                    count += 1
        return count
