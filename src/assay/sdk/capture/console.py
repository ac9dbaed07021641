"""The output of a program as lines, while it appears where it always did."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from assay.sdk.capture import redirect
from assay.sdk.capture.folding import Screen
from assay.sdk.capture.redirect import Redirected
from assay.sdk.capture.wrap import Wrapped
from assay.wire.errors import InvalidInput

MODES = ("redirect", "wrap", "off")
STREAMS = {"stdout": 1, "stderr": 2}
SETTLE_S = 1.0  # after which a line that was drawn over, and is left alone, is final
STOP_S = 5.0
Sink = Callable[[str, int, str], None]


class Console:
    """Gives the lines that the program prints to a sink, from `start` to `stop` or the end of the process.

    Standard output and standard error are caught one by one: what is printed to one and then, within milliseconds, to
    the other may be told, and under `redirect` shown, the other way round. Progress bars become their last line;
    colours and other escape sequences are left out; a line over 64 KiB comes in pieces.

    - `redirect` catches the file descriptors: what C code, children and `os.write` print is caught too. The output
      goes through a process of its own, so that it appears even if this one is killed or hangs, and children that
      outlive it go on printing. A terminal stays a terminal. Where Python's stream is not the descriptor (a notebook,
      pytest), where there is no such process, or on Windows, it does as `wrap`.
    - `wrap` catches what Python writes to `sys.stdout` and `sys.stderr`, in this process only.
    - `off` catches nothing.

    A sink that raises loses the line; one that blocks loses what exceeds 4 MiB, and a line says so. Neither stops the
    program. What the sink prints itself is caught like anything else under `redirect`.

    Args:
        sink: Told stream ("stdout" or "stderr"), time in microseconds and text, by a thread.
        mode: One of these.

    Raises:
        InvalidInput: There is no such mode.
    """

    def __init__(self, sink: Sink, mode: str = "redirect") -> None:
        if mode not in MODES:
            raise InvalidInput(
                f"{mode!r} is no way to capture the console",
                field="mode",
                bound=", ".join(MODES),
                remedy=f"give one of {', '.join(MODES)}",
            )
        self._sink = sink
        self._mode = mode
        self.failed = 0  # lines that the sink raised at
        self._begin()
        _consoles.add(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal handler may end what it interrupts
        self._giving = threading.Lock()
        self._sources: dict[str, Redirected | Wrapped] = {}
        self._threads: list[threading.Thread] = []

    @property
    def modes(self) -> dict[str, str]:
        """How each stream is caught now."""
        return {name: self._sources[name].mode if name in self._sources else "off" for name in STREAMS}

    def start(self) -> None:
        """What is printed from now on is caught. Doing so twice is fine."""
        with self._lock:
            if self._sources or self._mode == "off":
                return
            redirect.flush()
            if self._mode == "redirect" and redirect.is_possible():
                self._redirect()
            for name in STREAMS:
                stream = getattr(sys, name)
                if name not in self._sources and stream is not None:
                    with suppress(AttributeError, TypeError):
                        self._sources[name] = Wrapped(stream, self._is_own_thread)
            try:
                for name, source in self._sources.items():
                    thread = threading.Thread(target=self._run, args=(name, source), name="assay-console", daemon=True)
                    thread.start()
                    self._threads.append(thread)
            except RuntimeError:  # no thread is left for us
                self._end(0.0)
            atexit.register(self.stop)

    def _redirect(self) -> None:
        found: dict[str, Redirected] = {}
        for name, number in STREAMS.items():
            stream = getattr(sys, name)
            if stream is None or redirect.is_own(stream, number):
                with suppress(OSError):
                    found[name] = Redirected(number)
        if found and redirect.begin(list(found.values())):
            self._sources.update(found)

    def _is_own_thread(self) -> bool:
        return threading.current_thread() in self._threads

    def stop(self, timeout_s: float = STOP_S) -> None:
        """Everything is as before, and the sink has what was printed, unless it takes longer than the time.

        A forked child stops nothing: its output goes on through its parent's.
        """
        with self._lock:
            if not self._sources:
                return
            redirect.flush()
            self._end(timeout_s)
            atexit.unregister(self.stop)

    def _end(self, timeout_s: float) -> None:
        for source in self._sources.values():
            source.restore()
        until_s = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until_s - time.monotonic()))
        for source in self._sources.values():
            source.close()
        self._sources, self._threads = {}, []

    def _run(self, name: str, source: Redirected | Wrapped) -> None:
        screen = Screen()
        settled_s = time.monotonic()
        while (taken := source.take(SETTLE_S if screen.holds else None)) is not None:
            time_us, text = taken
            self._give(name, time_us, screen.feed(text))
            if time.monotonic() - settled_s > SETTLE_S:
                settled_s = time.monotonic()
                self._give(name, time_us, screen.settle())
        self._give(name, time.time_ns() // 1_000, screen.end())

    def _give(self, name: str, time_us: int, lines: list[str]) -> None:
        for line in lines:
            try:
                with self._giving:
                    self._sink(name, time_us, line)
            except Exception:  # noqa: BLE001 -- whatever the sink does, the program's output goes on
                self.failed += 1

    def _forked(self) -> None:
        """In the child: what it prints goes on to its parent's, and it has nothing to stop."""
        for source in self._sources.values():
            source.close()
        self._begin()


_consoles: weakref.WeakSet[Console] = weakref.WeakSet()


def _forked() -> None:
    for console in list(_consoles):
        console._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
