"""Where a backup lies: a folder that can be brought up to date, or one tar file."""

from __future__ import annotations

import fcntl
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from assay.wire.errors import Corrupt, InvalidInput, NotFound, Unavailable

PIECE = 1 << 20
PARTIAL = ".part"
UNFINISHED = "unfinished"  # marks a folder as ours before it has a manifest


class Chest(Protocol):
    """Named byte strings; names are relative paths with slashes."""

    parallel: bool  # whether several threads may put at once

    def size(self, name: str) -> int | None:
        """The bytes under this name, or None."""
        ...

    def put(self, name: str, pieces: Iterator[bytes], size: int) -> None:
        """The name holds these bytes, on disk."""
        ...

    def take(self, path: Path, name: str) -> None:
        """The name holds what the file held, which is gone."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """The bytes in pieces. Raises Corrupt if there are none."""
        ...

    def names(self) -> list[str]: ...

    def remove(self, name: str) -> None: ...

    def close(self) -> None:
        """What was put is on disk."""
        ...


class FolderChest:
    """A folder of its own."""

    parallel = True

    def __init__(self, root: Path, held: int | None = None) -> None:
        self._root = root
        self._held = held  # a lock that ends with `close`

    def size(self, name: str) -> int | None:
        """The bytes under this name."""
        try:
            return (self._root / name).stat().st_size
        except OSError:
            return None

    def put(self, name: str, pieces: Iterator[bytes], size: int) -> None:
        """Written beside, synchronised, renamed."""
        place = self._root / name
        part = place.with_name(place.name + PARTIAL)
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _answer(error, self._root) from error
        try:
            with os.fdopen(fd, "wb", buffering=0) as file:
                for piece in pieces:
                    _write(file, piece, self._root)
                os.fsync(fd)
            part.rename(place)
            _sync(place.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def take(self, path: Path, name: str) -> None:
        """The file, which is on disk, has another name."""
        path.rename(self._root / name)
        _sync(self._root)

    def read(self, name: str) -> Iterator[bytes]:
        """The bytes in pieces."""
        try:
            with (self._root / name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except OSError as error:
            raise Corrupt(f"The backup has no readable {name}", remedy="use another backup") from error

    def names(self) -> list[str]:
        """All names."""
        return sorted(path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())

    def remove(self, name: str) -> None:
        """Nothing lies under the name."""
        (self._root / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Others may write here; everything is on disk already."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


class TarChest:
    """One tar file. It is written once, under another name until it is whole."""

    parallel = False

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._part = path.with_name(path.name + PARTIAL)
        self._write = write
        self._lock = threading.Lock()
        try:
            self._tar = tarfile.open(self._part if write else path, "w" if write else "r:")  # noqa: SIM115 -- `close` does
        except (OSError, tarfile.TarError) as error:
            if write:
                raise _answer(error, path) from error
            raise Corrupt(f"{path} is no whole tar file: {error}", remedy="use another backup") from error
        try:
            self._members = {} if write else {item.name: item for item in self._tar.getmembers() if item.isfile()}
        except (OSError, tarfile.TarError) as error:
            self._tar.close()
            raise Corrupt(f"{path} is no whole tar file: {error}", remedy="use another backup") from error

    def size(self, name: str) -> int | None:
        """The bytes under this name."""
        return self._members[name].size if name in self._members else None

    def put(self, name: str, pieces: Iterator[bytes], size: int) -> None:
        """Appended to the tar file; whole pieces must make up the size."""
        item = tarfile.TarInfo(name)
        item.size, item.mode = size, 0o600
        try:
            self._tar.addfile(item, _Pieces(pieces))
        except OSError as error:
            raise _answer(error, self._path) from error
        self._members[name] = item

    def take(self, path: Path, name: str) -> None:
        """The file is appended, and gone."""
        self.put(name, FolderChest(path.parent).read(path.name), path.stat().st_size)
        path.unlink()

    def read(self, name: str) -> Iterator[bytes]:
        """The bytes in pieces."""
        file = self._tar.extractfile(self._members[name]) if name in self._members else None
        if file is None:
            raise Corrupt(f"The backup has no {name}", remedy="use another backup")
        while True:
            with self._lock:
                piece = file.read(PIECE)
            if not piece:
                return
            yield piece

    def names(self) -> list[str]:
        """All names."""
        return sorted(self._members)

    def remove(self, name: str) -> None:
        """A tar file is always written anew, so nothing is ever in the way."""

    def close(self) -> None:
        """The file is whole, under its own name and on disk, if a manifest came last."""
        self._tar.close()
        if not self._write:
            return
        if list(self._members)[-1:] != ["manifest.json"]:
            self._part.unlink(missing_ok=True)
            return
        fd = os.open(self._part, os.O_RDWR)
        os.fchmod(fd, 0o600)
        os.fsync(fd)
        os.close(fd)
        self._part.rename(self._path)
        _sync(self._path.absolute().parent)


class _Pieces(io.RawIOBase):
    """A file to read, made of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        while self._rest == b"" and len(taken) < size:
            more = next(self._pieces, None)
            if more is None:
                break
            taken, self._rest = taken + more[: size - len(taken)], more[size - len(taken) :]
        return taken


def _write(file: io.RawIOBase | io.FileIO, piece: bytes, root: Path) -> None:
    view = memoryview(piece)
    try:
        while view:
            view = view[file.write(view) or 0 :]
    except OSError as error:
        raise _answer(error, root) from error


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _answer(error: Exception, place: Path) -> Unavailable:
    reason = getattr(error, "strerror", None) or str(error)
    return Unavailable(
        f"The backup cannot be written to {place}: {reason}",
        field="TARGET",
        remedy="free space there, or give another folder or file; what was broken off is continued by the next backup",
    )


def open_target(path: Path) -> Chest:
    """Where to write a backup: a tar file if the name ends so, else a folder.

    Raises:
        InvalidInput: There is something else, which a backup would overwrite.
    """
    if path.suffix == ".tar":
        if path.exists():
            raise InvalidInput(f"{path} is there already", field="TARGET", remedy="give another name, or a folder")
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        return TarChest(path, write=True)
    if path.is_file():
        raise InvalidInput(f"{path} is a file", field="TARGET", remedy="give a folder, or a name that ends in .tar")
    ours = path.is_dir() and ((path / "manifest.json").exists() or (path / UNFINISHED).exists())
    if path.is_dir() and not ours and any(path.iterdir()):
        raise InvalidInput(
            f"The folder {path} holds other things than a backup",
            field="TARGET",
            remedy="give an empty or new folder, or that of an earlier backup to bring it up to date",
        )
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = os.open(path / UNFINISHED, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _answer(error, path) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise Unavailable(
            f"Another backup is being written to {path}", field="TARGET", remedy="wait until it is done"
        ) from error
    return FolderChest(path, held)


def open_source(path: Path) -> Chest:
    """An existing backup. Raises NotFound if nothing is there, Corrupt for no whole tar file."""
    if not path.exists():
        raise NotFound(f"There is no {path}", field="BACKUP", remedy="give the folder or .tar file of a backup")
    return FolderChest(path) if path.is_dir() else TarChest(path, write=False)
