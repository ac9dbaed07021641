"""Keep-alive connections driven by one thread: an answer in, the next request out, the one after built meanwhile."""

from __future__ import annotations

import re
import select
import socket
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
DRAIN_S = 60.0  # what is under way at the end is waited for, so that the next load finds an idle server
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass
class Record:
    """When each answer came, how long it took (0 at a refusal), and the first refusal seen."""

    done: array[float] = field(default_factory=lambda: array("d"))
    took: array[float] = field(default_factory=lambda: array("d"))
    refused: int = 0
    refusal: str = ""


class Connection:
    """One keep-alive connection with its requests."""

    def __init__(
        self, url: str, requests: Iterator[bytes], record: Record, watch: Callable[[Connection], None]
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._requests = requests
        self._record = record
        self._watch = watch
        self._got = bytearray()
        self._whole = -1  # the length of the answer, once its head is in; 0 where it comes in chunks
        self._chunk = 0  # where the next chunk begins
        self._sent = b""
        self._next = next(requests, None)
        self._began = 0.0
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)  # a slow reader must not hold the others
        self._watch(self)

    def send(self, due: float | None = None) -> bool:
        """The next request is out; False when there is none. Its time runs from when it was due, or from now."""
        if self._next is None:
            return False
        self._sent = self._next
        self._began = time.perf_counter() if due is None else due
        self.socket.sendall(self._sent)
        self._next = next(self._requests, None)
        return True

    def receive(self) -> bool:
        """Takes what came; True when that ends an answer, which is recorded."""
        try:
            got = self.socket.recv(1 << 18)
        except ConnectionError:
            got = b""
        if not got:
            self._again()
            return False
        self._got += got
        if self._whole < 0:
            self._whole = self._length()
        if self._whole == 0:
            if not self._chunks_end():
                return False
        elif self._whole < 0 or len(self._got) < self._whole:
            return False
        self._note()
        return True

    def _length(self) -> int:
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return -1
        before = bytes(self._got[: end + 2])
        found = LENGTH.search(before)
        if found:
            return end + 4 + int(found[1])
        if not CHUNKED.search(before):
            return end + 4
        self._chunk = end + 4
        return 0

    def _chunks_end(self) -> bool:
        """Whether the last chunk is in, with what is told behind it."""
        while (line := self._got.find(b"\r\n", self._chunk)) >= 0:
            length = int(bytes(self._got[self._chunk : line]).partition(b";")[0], 16)
            if length == 0:
                return self._got.find(b"\r\n\r\n", line) >= 0
            if line + length + 4 > len(self._got):
                return False
            self._chunk = line + length + 4
        return False

    def _note(self) -> None:
        now = time.perf_counter()
        good = self._got[9:12] == b"200"
        self._record.done.append(now)
        self._record.took.append(now - self._began if good else 0.0)
        if not good:
            self._record.refused += 1
            self._record.refusal = self._record.refusal or bytes(self._got[:400]).decode(errors="replace")
        closes = CLOSES.search(self._got[:2_000])
        self._got.clear()
        self._whole = -1
        if closes:
            self.socket.close()
            self._connect()

    def _again(self) -> None:
        """The server hung up without an answer: the request goes out once more, and its time keeps running."""
        self.socket.close()
        self._got.clear()
        self._whole = -1
        self._connect()
        self.socket.sendall(self._sent)


def drive(url: str, streams: list[Iterator[bytes]], seconds: float | None = None) -> Record:
    """All answers to what was sent in this time, or until every stream has ended."""
    record = Record()
    poll = select.epoll()
    by_fd: dict[int, Connection] = {}

    def watch(connection: Connection) -> None:  # a closed socket leaves the poll by itself
        by_fd[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)

    waiting = [connection for connection in [Connection(url, s, record, watch) for s in streams] if connection.send()]
    end = time.perf_counter() + seconds if seconds is not None else float("inf")
    left = len(waiting)
    while left and time.perf_counter() < end + DRAIN_S:
        for fd, _ in poll.poll(1.0):
            connection = by_fd[fd]
            if connection.receive() and (time.perf_counter() > end or not connection.send()):
                connection.socket.close()
                left -= 1
    for connection in waiting:
        connection.socket.close()
    poll.close()
    return record
