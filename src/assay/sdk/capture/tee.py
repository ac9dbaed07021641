"""The process between a program and its terminal, run as a script: what it reads is shown first, and copied second.

It is a process of its own so that the output appears whatever the program does: while C code holds the interpreter, and
after `kill -9`. It ends when nobody holds the other end any more, a child that outlives the program included. A program
that does not take its copy in time loses what exceeds `PENDING`, and is told so; nobody waits for it.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import fcntl
import os
import select
import signal
import sys
import termios
import time

PENDING = 4 << 20  # bytes of the copy that wait for the program
READ = 65_536
LEAVE_S = 5.0  # for the last of the copy
TURNS = 16  # of one stream while another waits
SIZE_S = 1.0  # between two looks at the size of the terminal


class Tee:
    """One stream on its way.

    Args:
        source: Read until its end.
        target: Where the output went before.
        copy: A socket to the program; when it is shut down on that side, the program wants no more.
        is_terminal: Whether source is the inner end of a pseudo-terminal, and target a terminal.
    """

    def __init__(self, source: int, target: int, copy: int, *, is_terminal: bool) -> None:
        self._source = source
        self._target = target
        self._copy = copy
        self.is_terminal = is_terminal
        self._pending = bytearray()
        self._lost = 0
        os.set_blocking(copy, False)
        os.write(copy, b"\0")  # ready

    def register(self, poll: select.poll) -> None:
        """What it waits for."""
        poll.register(self._source, select.POLLIN)
        if self._copy >= 0:
            poll.register(self._copy, select.POLLIN | (select.POLLOUT if self._pending else 0))

    def is_ready(self, events: dict[int, int]) -> bool:
        """Whether there is something to show, or the end."""
        return self._source in events

    def show(self) -> bool:
        """What has come was shown and copied; whether there may be more."""
        if not self._pass():
            self._leave()
            return False
        return True

    def attend(self, events: dict[int, int]) -> None:
        """The copy goes on, and the terminal has its size."""
        if self.is_terminal:
            self._resize()
        said = events.get(self._copy, 0)
        if said & select.POLLOUT:
            self._flush()
        if said & ~select.POLLOUT:
            self._leave()

    def place(self) -> tuple[int, int, int]:
        """Tells whether two have the same target."""
        status = os.fstat(self._target)
        return status.st_dev, status.st_ino, status.st_rdev

    def _pass(self) -> bool:
        try:
            data = os.read(self._source, READ)
        except OSError:  # a pseudo-terminal that nobody holds any more
            data = b""
        if data:
            self._show(data)
            if self._copy >= 0:
                self._keep(data)
                self._flush()
        return bool(data)

    def _show(self, data: bytes) -> None:
        left = memoryview(data)
        while left and self._target >= 0:
            try:
                left = left[os.write(self._target, left) :]
            except BlockingIOError:
                _wait(self._target, select.POLLOUT, None)
            except OSError as error:
                if error.errno in (errno.EPIPE, errno.EIO, errno.EBADF):
                    self._target = -1  # nobody looks any more
                return

    def _keep(self, data: bytes) -> None:
        if self._lost or len(self._pending) + len(data) > PENDING:
            self._lost += len(data)
        else:
            self._pending += data

    def _flush(self) -> None:
        while self._pending or self._lost:
            if not self._pending:
                self._pending += b"\n[assay: %d bytes of output are missing here]\n" % self._lost
                self._lost = 0
            try:
                del self._pending[: os.write(self._copy, bytes(self._pending[:READ]))]
            except BlockingIOError:
                return
            except OSError:  # the program is gone
                self._pending.clear()
                self._lost = 0

    def _leave(self) -> None:
        """What has come so far was copied; what comes now is only shown."""
        if self._copy < 0:
            return
        until_s = time.monotonic() + LEAVE_S
        while time.monotonic() < until_s and _wait(self._source, select.POLLIN, 0) and self._pass():
            pass
        while (self._pending or self._lost) and time.monotonic() < until_s:
            _wait(self._copy, select.POLLOUT, 100)
            self._flush()
        os.close(self._copy)
        self._copy = -1

    def _resize(self) -> None:
        try:
            size = fcntl.ioctl(self._target, termios.TIOCGWINSZ, b"\0" * 8)
            if size != fcntl.ioctl(self._source, termios.TIOCGWINSZ, b"\0" * 8):
                fcntl.ioctl(self._source, termios.TIOCSWINSZ, size)
        except OSError:
            pass


def _wait(fd: int, event: int, timeout_ms: int | None) -> bool:
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(timeout_ms))


def main(streams: list[str]) -> None:
    """Each stream, as `source:target:copy:is_terminal`, has been shown to its end."""
    if os.fork():  # so that it is no child of the program, which may wait for all its children
        os._exit(0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_IGN)
    groups: dict[tuple[int, int, int], list[Tee]] = {}
    for stream in streams:
        source, target, copy, is_terminal = map(int, stream.split(":"))
        tee = Tee(source, target, copy, is_terminal=bool(is_terminal))
        groups.setdefault(tee.place(), []).append(tee)
    ended = []
    for group in groups.values():
        lock = _thread.allocate_lock()
        lock.acquire()
        ended.append(lock)
        _thread.start_new_thread(_run, (group, lock))
    for lock in ended:
        lock.acquire()
    os._exit(0)


def _run(group: list[Tee], ended: _thread.LockType) -> None:
    try:
        run(group)
    finally:
        ended.release()


def run(group: list[Tee]) -> None:
    """Everything of the streams that share a target was shown, the stream first that was shown last.

    What waits of that one was printed before the program went over to the other, unless it has gone to and fro since.
    """
    turns = 0
    while group:
        poll = select.poll()
        for tee in group:
            tee.register(poll)
        events = dict(poll.poll(SIZE_S * 1_000 if any(tee.is_terminal for tee in group) else None))
        ready = [tee for tee in group if tee.is_ready(events)]
        if ready:
            tee = ready[-1 if turns >= TURNS else 0]
            turns = turns + 1 if tee is group[0] else 0
            group.remove(tee)
            if tee.show():
                group.insert(0, tee)
        for tee in group:
            tee.attend(events)


if __name__ == "__main__":
    main(sys.argv[1:])
