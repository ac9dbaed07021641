"""A journal: what one process logs to one run, in order, until a server has acknowledged it.

A process has a folder of its own for each run: after a fork the child begins another one. The folder's `lock` is held
while its writer lives, so that others know whether they may send what it left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from assay.sdk.durable import make_folder
from assay.sdk.journal.frames import FRAME, HEAD, RECORD_BOUND, first_number, frames
from assay.sdk.journal.segments import Mapped, Segment, Written, promises_room
from assay.wire.errors import InvalidInput, InvalidState

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
        _journals.add(self)

    def _begin_anew(self) -> None:
        self._lock = threading.RLock()
        self._busy = False
        self._later: list[tuple[bytes, int]] = []
        self._segment: Segment | None = None
        self._kind: type[Mapped] | type[Written] = Mapped
        self._lock_fd = -1
        self.folder: Path | None = None  # of this process, once it has written
        self.next = 0  # the number of the next item
        self._serial = 0  # of the next segment
        self._closed = False

    def append(self, body: bytes, items: int = 1) -> None:
        """The record is in the journal; it counts as so many items.

        Raises:
            InvalidInput: It is empty or longer than `RECORD_BOUND`.
            InvalidState: The journal is closed.
            OSError: The disk does not take it. It is not in the journal, and the next one may be.
        """
        check_record(body)
        with self._lock:
            if self._closed:
                raise InvalidState("The journal is closed", remedy="begin another run")
            if self._busy:  # a signal handler that interrupted the append below
                self._later.append((body, items))
                return
            self._busy = True
            try:
                self._append(body, items)
            finally:
                self._busy = False
                if self._later:
                    self._catch_up()

    def _catch_up(self) -> None:
        """Appends what signal handlers left. Their callers have gone on: what is lost of it is only counted."""
        while self._later:  # looked at again when busy is over: until then one more may have come
            self._busy = True  # a handler that interrupts this, too, must not append in between
            try:
                while self._later:
                    with suppress(OSError):
                        self._append(*self._later.pop(0))
            finally:
                self._busy = False

    def _append(self, body: bytes, items: int) -> None:
        before = self.next
        try:
            segment = self._segment
            if segment is None or not segment.append(before, body):
                segment = self._rolled(len(body))
                segment.append(before, body)
            self.next = before + items
        except OSError:
            self.lost += items
            raise
        except BaseException:  # an interrupt: is the record in the file, or not?
            self._recover(before, items)
            raise

    def _recover(self, before: int, items: int) -> None:
        """Goes on in a new segment, with the right number."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.abandon()
        last = segments(self.folder)[-1:] if self.folder is not None else []
        found = [number for _, path in last for number, _ in frames(path.read_bytes())]
        self.next = before + items if found[-1:] == [before] else before

    def _rolled(self, length: int) -> Segment:
        """The next segment, with room for this body. The one before is closed only when this one is there."""
        self.open()
        assert self.folder is not None
        size = max(self._segment_bytes, HEAD.size + FRAME.size + length + 8)
        new = self._kind(self.folder / f"{self._serial:08}-{self.next:020}{SUFFIX}", self.next, size)
        self._serial += 1
        if self._segment is not None:
            self._segment.close()
        self._segment = new
        return new

    def open(self) -> None:
        """The folder is there, and others see that its writer lives. Doing so twice is fine. Raises OSError."""
        with self._lock:
            if self.folder is None:
                self._open(self._new_folder())

    def _open(self, folder: Path) -> None:
        """The lock is held before others can see it: who finds it free may take the folder away."""
        make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        fd = -1
        try:
            fd = os.open(folder / f"{LOCK}.part", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / f"{LOCK}.part").rename(folder / LOCK)
        except BaseException:
            if fd >= 0:
                os.close(fd)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._lock_fd = fd
        mapped = promises_room(folder) if self._mapped is None else self._mapped
        self._kind = Mapped if mapped else Written
        self.folder = folder

    def seal(self) -> None:
        """Takes no more; others still see that its writer lives. Doing so twice is fine."""
        with self._lock:
            self._closed = True

    def close(self) -> None:
        """Takes no more; the folder remains, and is free for others to send. Doing so twice is fine."""
        with self._lock:
            self._closed = True
            if self._segment is not None:
                self._segment.close()
                self._segment = None
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
                self._lock_fd = -1


def check_record(body: bytes) -> None:
    """Returns if it can be a record. Raises InvalidInput if it is empty or longer than `RECORD_BOUND`."""
    if not 0 < len(body) <= RECORD_BOUND:
        raise InvalidInput(
            f"A record has {len(body)} bytes, not 1 to {RECORD_BOUND}",
            field="record",
            bound=RECORD_BOUND,
            remedy="log large things as files",
        )


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _forked() -> None:
    """In the child: the parent goes on with its folders, whatever it was doing in that moment."""
    for journal in list(_journals):
        if journal._segment is not None:
            journal._segment.abandon()
        if journal._lock_fd >= 0:
            os.close(journal._lock_fd)  # the lock stays with the parent
        journal._begin_anew()


os.register_at_fork(after_in_child=_forked)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """(number of the first item, path) of the folder's segments, in the order in which they were written."""
    found = [(path.stem.partition("-"), path) for path in folder.glob(f"*{SUFFIX}")]
    return [(int(number), path) for (_, _, number), path in sorted(found) if number.isdecimal()]


def read(folder: Path) -> Iterator[tuple[int, bytes]]:
    """(number, body) of all records that are there, in order; of a writer that died up to its last whole record."""
    for _, path in segments(folder):
        yield from frames(path.read_bytes())


class Reader:
    """Goes through a journal's records once, also while they are written; segments that it is done with can be deleted.

    Args:
        folder: The journal's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None  # the segment at hand
        self._at = 0  # bytes of it that were read
        self.done: list[Path] = []  # segments that were read to their end

    def take(self) -> list[tuple[int, bytes]]:
        """(number, body) of the next records, as far as they are there; of one segment at the most."""
        paths = [path for _, path in segments(self._folder) if path not in self.done]
        if not paths:
            return []
        if self._path != paths[0]:
            self._path, self._at = paths[0], HEAD.size
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:  # somebody else sent it meanwhile, but maybe not those behind it
            return self.take()
        if first_number(data) is None:
            return []
        found = list(frames(data, self._at))
        self._at += sum(FRAME.size + len(body) + (-len(body) % 8) for _, body in found)
        if not found and len(paths) > 1:  # its writer has gone on before we looked: it is complete
            self.done.append(self._path)
            return self.take()
        return found

    def forget(self) -> None:
        """Deletes the segments that were read to their end."""
        for path in self.done:
            path.unlink(missing_ok=True)
        self.done.clear()


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
