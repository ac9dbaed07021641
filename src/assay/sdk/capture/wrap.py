"""Output caught where Python writes it: for notebooks, and wherever the file descriptor cannot be caught."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

PENDING = 4 << 20  # characters that wait for the thread that takes them
MISSING = "\n[assay: {} characters of output are missing here]\n"
REST_S = 0.02  # between two looks: a program that prints much wakes us 50 times a second, no more
MOST = 1_000  # writes at a time
Written = tuple[int, str]  # time in microseconds, text


class Wrapped:
    """The `write` of a stream object, which also puts what was written into a queue. Nobody waits for that.

    What forked children write passes through and is not caught.

    Args:
        stream: The object.
        skips: Whether the present thread's writing is not caught.

    Raises:
        AttributeError: The object does not let its method be replaced.
    """

    mode = "wrap"

    def __init__(self, stream: Any, skips: Callable[[], bool]) -> None:
        self._stream = stream
        self._skips = skips
        self._pid = os.getpid()
        self._queue: SimpleQueue[Written | None] = (
            SimpleQueue()
        )  # its put may interrupt itself, as a signal handler's does
        self._leaving = Event()
        self._pending = self._lost = 0
        self._own = "write" in vars(stream)
        self._write = stream.write
        self._replacement = self._caught
        stream.write = self._replacement

    def _caught(self, text: str, *arguments: Any) -> Any:
        written = self._write(text, *arguments)
        if isinstance(text, str) and text and os.getpid() == self._pid and not self._skips():
            if self._lost or self._pending + len(text) > PENDING:
                self._lost += len(text)
            else:
                self._pending += len(text)
                self._queue.put((time.time_ns() // 1_000, text))
        return written

    def take(self, timeout_s: float | None) -> Written | None:
        """What was written next, and when; an empty text if that takes longer than the time, None at the end."""
        if self._lost and self._queue.empty():
            lost, self._lost = self._lost, 0
            return time.time_ns() // 1_000, MISSING.format(lost)
        try:
            told = self._queue.get(timeout=timeout_s)
        except Empty:
            return time.time_ns() // 1_000, ""
        if told is None:
            return None
        texts = [told[1]]
        self._leaving.wait(REST_S)
        while len(texts) < MOST and not self._queue.empty():
            more = self._queue.get()
            if more is None:
                self._queue.put(None)
                break
            texts.append(more[1])
        text = "".join(texts)
        self._pending -= len(text)
        return told[0], text

    def restore(self) -> None:
        """The object is as before, unless somebody has wrapped it again; then it passes everything through."""
        self._pid = -1
        self._leaving.set()
        if vars(self._stream).get("write") == self._replacement:
            if self._own:
                self._stream.write = self._write
            else:
                del self._stream.write
        self._queue.put(None)

    def close(self) -> None:
        """Nothing is held that a forked child would have to close."""
