"""The files of a journal that are written to: mapped memory where the disk can promise room, else a write a record."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from zlib import crc32

from assay.sdk.journal.frames import CRC, FRAME, HEAD, LENGTH, NUMBER, frame, head

# File systems on which room that was allocated is there: elsewhere a full disk ends a process that writes to a map.
PROMISE_ROOM = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})
MOUNTS = Path("/proc/self/mountinfo")
PART = ".part"
_pack_length, _pack_crc, _pack_number = LENGTH.pack_into, CRC.pack_into, NUMBER.pack
_HEADER = FRAME.size


class Segment(Protocol):
    """A file that takes records until it is full."""

    def append(self, number: int, body: bytes) -> bool:
        """The record is in the file, or False if it has no room left. Raises OSError; then it is not in the file."""
        ...

    def close(self) -> None:
        """The file takes no more, and has no more bytes than its records need."""
        ...

    def abandon(self) -> None:
        """Another process, which this one was forked from, goes on writing; this one only lets go."""
        ...


class Mapped:
    """A segment in memory that the kernel writes to the file: an append is no system call.

    What was appended outlives this process, however it ends, but not the host.

    Args:
        path: A new file.
        first: The number of its first record.
        size: Its length in bytes.

    Raises:
        OSError: There is no room, or the folder cannot be written. No file is left.
    """

    def __init__(self, path: Path, first: int, size: int) -> None:
        self._path = path
        part = path.with_suffix(PART)  # who reads sees it when it is ready
        fd = _created(part)
        try:
            os.posix_fallocate(fd, 0, size)
            os.pwrite(fd, head(first), 0)
            self._map = mmap.mmap(fd, size)
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        self._at = HEAD.size
        self._end = size

    def append(self, number: int, body: bytes) -> bool:
        """See `Segment.append`."""
        at = self._at
        after = at + _HEADER + len(body) + (-len(body) % 8)
        if after > self._end:
            return False
        numbered = _pack_number(number) + body
        map_ = self._map
        map_[at + 8 : at + 8 + len(numbered)] = numbered
        _pack_crc(map_, at + 4, crc32(numbered))
        _pack_length(map_, at, len(body))  # last: now the frame is there
        self._at = after
        return True

    def close(self) -> None:
        """See `Segment.close`."""
        self._map.close()
        os.truncate(self._path, self._at)

    def abandon(self) -> None:
        """See `Segment.abandon`."""
        self._map.close()


class Written:
    """A segment that is written to by a system call a record: for disks that cannot promise room.

    Args and Raises: as `Mapped`.
    """

    def __init__(self, path: Path, first: int, size: int) -> None:
        part = path.with_suffix(PART)
        self._fd = _created(part)
        self._at = 0
        self._end = size
        try:
            self._write(head(first))
            part.rename(path)
        except BaseException:
            os.close(self._fd)
            part.unlink(missing_ok=True)
            raise

    def _write(self, data: bytes) -> None:
        try:
            done = os.write(self._fd, data)
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except BaseException:  # also an interrupt
            os.ftruncate(self._fd, self._at)  # what follows must not stand behind half a frame
            os.lseek(self._fd, self._at, os.SEEK_SET)
            raise
        self._at += len(data)

    def append(self, number: int, body: bytes) -> bool:
        """See `Segment.append`."""
        data = frame(number, body)
        if self._at + len(data) > self._end:
            return False
        self._write(data)
        return True

    def close(self) -> None:
        """See `Segment.close`."""
        os.close(self._fd)

    abandon = close


def _created(path: Path) -> int:
    path.unlink(missing_ok=True)  # of an attempt that was interrupted
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def promises_room(folder: Path) -> bool:
    """Whether the disk under the folder is one on which allocated room can be relied on."""
    if sys.platform != "linux":
        return False
    try:
        lines = MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    return file_system(os.path.realpath(folder), lines) in PROMISE_ROOM


def file_system(folder: str, mounts: Iterable[str]) -> str:
    """The kind of the file system that a folder lies on, by the lines of mountinfo; "" where none matches.

    Of two mounts on one place the later one counts. See proc(5).
    """
    best, found = -1, ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        place = (
            before.split(" ")[4].encode("latin-1", "replace").decode("unicode_escape") if before.count(" ") > 3 else ""
        )
        inside = place == "/" or folder == place or folder.startswith(place + "/")
        if place and inside and len(place) >= best:
            best, found = len(place), after.partition(" ")[0]
    return found
