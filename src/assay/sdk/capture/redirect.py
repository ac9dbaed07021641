"""Output caught at its file descriptor, so that what C code and child processes print is caught too.

fd 1 --pipe or pseudo-terminal--> tee.py --> where it went before
                                     `------> socket --> this process
"""

from __future__ import annotations

import os
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

TEE = Path(__file__).with_name("tee.py")
START_S = 10.0  # for the other process
SIZE = 65_536
REST_S = 0.02  # between two looks: a program that prints much wakes us 50 times a second, no more
LOOK_S = 0.2  # between two looks at whether it ends, where no other process tells


class Redirected:
    """A file descriptor whose output goes through the process `tee.py`, once `begin` has started that.

    Raises:
        OSError: It is closed, or there are no descriptors left; nothing is open then.
    """

    mode = "redirect"

    def __init__(self, number: int) -> None:
        import socket  # noqa: PLC0415 -- a program that captures nothing does not pay for it

        self._number = number
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._leaving = Event()
        self._taken_over = False
        self._inheritable = os.get_inheritable(number)
        self._original = os.dup(number)
        try:
            self.is_terminal = os.isatty(number)
            self._outer, self._inner = _pseudo_terminal(number) if self.is_terminal else os.pipe()
            self._copy, self._theirs = socket.socketpair()
        except OSError:
            self._close()
            raise

    @property
    def passed(self) -> tuple[int, int, int]:
        """What the other process needs: where to read, where to show it, where to copy it to."""
        return self._outer, self._original, self._theirs.fileno()

    def wait(self) -> bool:
        """Whether the other process is ready, within the time."""
        self._theirs.close()
        self._copy.settimeout(START_S)
        try:
            return self._copy.recv(1) == b"\0"
        except OSError:
            return False
        finally:
            self._copy.settimeout(None)

    def redirect(self) -> None:
        """What is written from now on goes through the other process."""
        os.dup2(self._inner, self._number, inheritable=self._inheritable)
        status = os.fstat(self._inner)
        self._identity = status.st_dev, status.st_ino, status.st_rdev
        os.close(self._inner)
        self._inner = -1

    def restore(self) -> None:
        """The descriptor is as before, and what it has got so far is copied, with an end behind it.

        If somebody else has put something in its place it stays: their own restoring brings back ours, whose reader
        lives on until nobody holds it.
        """
        import socket  # noqa: PLC0415 -- as above

        self._leaving.set()
        self._put_back()
        with suppress(OSError):
            self._copy.shutdown(socket.SHUT_WR)

    def _put_back(self) -> None:
        with suppress(OSError):
            status = os.fstat(self._number)
            if (status.st_dev, status.st_ino, status.st_rdev) == self._identity:
                os.dup2(self._original, self._number, inheritable=self._inheritable)

    def take(self, timeout_s: float | None) -> tuple[int, str] | None:
        """What was printed next, and when; an empty text if that takes longer than the time, None at the end."""
        data = self._instead(timeout_s) if self._taken_over else self._copied(timeout_s)
        if data is None and not (self._leaving.is_set() or self._taken_over):
            self._taken_over = True  # the other process was killed
            self._put_back()
            data = b""
        if data is None and not (left := self._decoder.decode(b"", final=True)):
            return None
        return time.time_ns() // 1_000, left if data is None else self._decoder.decode(data)

    def _copied(self, timeout_s: float | None) -> bytes | None:
        try:
            self._copy.settimeout(timeout_s)
            data = self._copy.recv(SIZE)
        except TimeoutError:
            return b""
        except OSError:
            return None
        if len(data) < SIZE:
            self._leaving.wait(REST_S)
        return data or None

    def _instead(self, timeout_s: float | None) -> bytes | None:
        """What children that have the other end still print, shown from here."""
        import select  # noqa: PLC0415 -- as above

        if self._outer < 0:
            return None
        poll = select.poll()
        poll.register(self._outer, select.POLLIN)
        if not poll.poll(LOOK_S * 1_000 if timeout_s is None else min(timeout_s, LOOK_S) * 1_000):
            return None if self._leaving.is_set() else b""
        try:
            data = os.read(self._outer, SIZE)
        except OSError:  # a pseudo-terminal that nobody holds any more
            return None
        with suppress(OSError):
            left = memoryview(data)
            while left:
                left = left[os.write(self._original, left) :]
        return data or None

    def close(self) -> None:
        """All that this process holds of it is closed. In a forked child too, whose output goes on as it was."""
        self._copy.close()
        self._close()

    def _close(self) -> None:
        for name in ("_outer", "_inner", "_original"):
            fd = getattr(self, name, -1)
            if fd >= 0:
                setattr(self, name, -1)
                with suppress(OSError):
                    os.close(fd)


def begin(streams: Sequence[Redirected]) -> bool:
    """Whether the other process runs and the streams go through it; else they are as before, and closed."""
    import subprocess  # noqa: PLC0415 -- as above

    words = [":".join(map(str, (*stream.passed, int(stream.is_terminal)))) for stream in streams]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TEE), *words],
            pass_fds=[fd for stream in streams for fd in stream.passed],
            start_new_session=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        answers = [stream.wait() for stream in streams]
        ready = all(answers)
        process.wait(START_S)
    except (OSError, ValueError, subprocess.SubprocessError):
        ready = False
    for stream in streams:
        if ready:
            stream.redirect()
        else:
            stream.close()
    return ready


def is_possible() -> bool:
    """Whether this is an ordinary Python on a system that has what it takes."""
    python = os.path.basename(sys.executable or "").startswith(("python", "pypy"))
    return os.name == "posix" and python and not getattr(sys, "frozen", False) and TEE.is_file()


def is_own(stream: Any, number: int) -> bool:
    """Whether what Python prints to the stream goes to the descriptor."""
    try:
        return bool(stream.fileno() == number)
    except Exception:  # noqa: BLE001 -- notebooks and others put anything there
        return False


def flush() -> None:
    """What Python and C have printed so far has left their buffers."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    with suppress(Exception):
        import ctypes  # noqa: PLC0415 -- as above

        # Only this stream: a flush of all would wait for a thread that reads from standard input.
        library = ctypes.CDLL(None)
        library.fflush(ctypes.c_void_p.in_dll(library, "stdout" if sys.platform != "darwin" else "__stdoutp"))


def _pseudo_terminal(number: int) -> tuple[int, int]:
    """Two ends of a pseudo-terminal as wide as the terminal, which passes on what is written as it is."""
    import fcntl  # noqa: PLC0415 -- not on Windows
    import termios  # noqa: PLC0415 -- as above

    outer, inner = os.openpty()
    try:
        modes = termios.tcgetattr(inner)
        modes[1] &= ~termios.OPOST
        modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
        termios.tcsetattr(inner, termios.TCSANOW, modes)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, fcntl.ioctl(number, termios.TIOCGWINSZ, b"\0" * 8))
    except (OSError, termios.error) as error:
        os.close(outer)
        os.close(inner)
        raise OSError(str(error)) from error
    return outer, inner
