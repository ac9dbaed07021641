"""A journal: what one process logs to one run, in order, until a server has acknowledged it.

A process has a folder of its own for each run: after a fork the child begins another one. The folder's `lock` is held
while its writer lives, so that others know whether they may send what it left.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from assay.sdk.durable import make_folder
from assay.sdk.journal.frames import FRAME, HEAD, RECORD_BOUND, first_number, frames
from assay.sdk.journal.segments import Mapped, Segment, Written, promises_room
from assay.wire.errors import InvalidInput

SEGMENT_BYTES = 4 << 20
LOCK = "lock"
SUFFIX = ".journal"


class Journal:
    """Takes records; thread-safe, also inside a signal handler that interrupts it, and in the child after a fork.

    What `append` has returned from outlives this process, however it ends. The host's end it does not outlive: the
    kernel writes to the disk when it sees fit.

    Args:
        new_folder: Gives the folder, which must not exist, to each process that writes.
        mapped: Whether segments are mapped; None: where the disk promises room.
        segment_bytes: The length of a segment.
    """

    def __init__(
        self, new_folder: Callable[[], Path], *, mapped: bool | None = None, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._new_folder = new_folder
        self._mapped = mapped
        self._segment_bytes = segment_bytes
        self.lost = 0  # items that the disk did not take
        self._begin_anew()
        this = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forked(this))

    def _begin_anew(self) -> None:
        self._lock = threading.RLock()
        self._busy = False
        self._later: list[tuple[bytes, int]] = []
        self._segment: Segment | None = None
        self._kind: type[Mapped] | type[Written] = Mapped
        self._lock_fd = -1
        self.folder: Path | None = None  # of this process, once it has written
        self.next = 0  # the number of the next item

    def append(self, body: bytes, items: int = 1) -> None:
        """The record is in the journal; it counts as so many items.

        Raises:
            InvalidInput: It is empty or longer than `RECORD_BOUND`.
            OSError: The disk does not take it. It is not in the journal, and the next one may be.
        """
        if not 0 < len(body) <= RECORD_BOUND:
            raise InvalidInput(
                f"A record has {len(body)} bytes, not 1 to {RECORD_BOUND}",
                field="record",
                bound=RECORD_BOUND,
                remedy="log large things as files",
            )
        with self._lock:
            if self._busy:  # a signal handler that interrupted the append below
                self._later.append((body, items))
                return
            self._busy = True
            try:
                self._append(body, items)
            finally:
                self._busy = False
                while self._later:  # their callers have gone on: what is lost of theirs is only counted
                    with suppress(OSError):
                        self._append(*self._later.pop(0))

    def _append(self, body: bytes, items: int) -> None:
        try:
            segment = self._segment
            if segment is None or not segment.append(self.next, body):
                segment = self._rolled(len(body))
                segment.append(self.next, body)
        except OSError:
            self.lost += items
            raise
        self.next += items

    def _rolled(self, length: int) -> Segment:
        """The next segment, with room for this body. The one before is closed only when this one is there."""
        if self.folder is None:
            self._open()
        assert self.folder is not None
        size = max(self._segment_bytes, HEAD.size + FRAME.size + length + 8)
        new = self._kind(self.folder / f"{self.next:020}{SUFFIX}", self.next, size)
        if self._segment is not None:
            self._segment.close()
        self._segment = new
        return new

    def _open(self) -> None:
        folder = self._new_folder()
        make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._lock_fd = fd
        mapped = promises_room(folder) if self._mapped is None else self._mapped
        self._kind = Mapped if mapped else Written
        self.folder = folder

    def acknowledge(self, number: int) -> None:
        """A server has every item below the number: what only holds such is deleted."""
        with self._lock:
            if self.folder is not None:
                forget(self.folder, number)

    def close(self) -> None:
        """Takes no more; the folder remains, and is free for others to send. Doing so twice is fine."""
        with self._lock:
            if self._segment is not None:
                self._segment.close()
                self._segment = None
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
                self._lock_fd = -1


def _forked(this: weakref.ref[Journal]) -> None:
    """In the child: the parent goes on with its folder, whatever it was doing in that moment."""
    journal = this()
    if journal is None:
        return
    if journal._segment is not None:
        journal._segment.abandon()
    if journal._lock_fd >= 0:
        os.close(journal._lock_fd)  # the lock stays with the parent
    journal._begin_anew()


def segments(folder: Path) -> list[tuple[int, Path]]:
    """(number of the first item, path) of the folder's segments, in order."""
    return sorted((int(path.stem), path) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())


def read(folder: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """(number, body) of the records that begin at `start` or later, in order; also while they are written.

    A folder whose writer died is read up to its last whole record.
    """
    found = segments(folder)
    for position, (_, path) in enumerate(found):
        if position + 1 < len(found) and found[position + 1][0] <= start:
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # it was acknowledged meanwhile
            continue
        if first_number(data) is None:
            return
        yield from ((number, body) for number, body in frames(data) if number >= start)


def forget(folder: Path, number: int) -> None:
    """Segments with nothing but items below the number are gone; the last one, which is written to, stays."""
    found = segments(folder)
    for (_, path), (after, _) in pairwise(found):
        if after <= number:
            path.unlink(missing_ok=True)


def alive(folder: Path) -> bool:
    """Whether the folder's writer still lives. Raises FileNotFoundError if this is no journal's folder."""
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(fd)
