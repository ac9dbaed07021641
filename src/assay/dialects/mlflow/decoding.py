"""Where log-batch bodies are decoded: large ones that come side by side in a process of their own.

Decoding takes half of what a large batch costs, and Python runs one thread at a time; a second process uses a second
core. It starts when it is first wanted and ends when it was idle, is never waited for when it is missing or busy, and
what it cannot tell is decoded here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections import deque

from assay.dialects.mlflow import plain

log = logging.getLogger(__name__)

SMALLEST, LARGEST = 16 * 1024, 4 << 20  # bytes of a body worth sending
MOST = 5  # bodies that the process may have before it: more are decoded here meanwhile
CHECK_S = 5.0
IDLE_CHECKS = 12
RETRY_S = 60.0


class _Connection(asyncio.Protocol):
    """The server's end: bodies go out, their columns come back in the same order."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[asyncio.Future[plain.Columns | None]] = deque()
        self._got = bytearray()
        self._stuck: asyncio.Future[plain.Columns | None] | None = None
        self._used = False
        self._idle = 0  # checks between which it was not used
        self.lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        self._transport = transport
        self._check_later()

    @property
    def free(self) -> bool:
        """Whether another body would be begun soon."""
        return self._transport is not None and len(self._waiting) < MOST

    def send(self, body: bytes) -> asyncio.Future[plain.Columns | None]:
        """The body's columns, once they are there; None too where the process ends before."""
        assert self._transport is not None
        waiter: asyncio.Future[plain.Columns | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._used = True
        self._transport.write(plain.SIZE.pack(len(body)) + body)
        return waiter

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._got += data
        at, head = 0, plain.SIZE.size
        while len(self._got) >= at + head:
            end = at + head + plain.SIZE.unpack_from(self._got, at)[0]
            if len(self._got) < end:
                break
            answer = bytes(memoryview(self._got)[at + head : end])
            _settle(self._waiting.popleft(), plain.PACKED.decode(answer) if answer else None)
            at = end
        del self._got[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._transport, self.lost = None, True
        while self._waiting:
            _settle(self._waiting.popleft(), None)

    def _check_later(self) -> None:
        asyncio.get_running_loop().call_later(CHECK_S, self._check)

    def _check(self) -> None:
        """Ends a process that is not used, or no longer answers."""
        if self._transport is None:
            return
        oldest = self._waiting[0] if self._waiting else None
        self._idle, self._used = 0 if self._used else self._idle + 1, False
        if self._idle > IDLE_CHECKS or (oldest is not None and oldest is self._stuck):
            self._transport.abort()
        else:
            self._stuck = oldest
            self._check_later()


def _settle(waiter: asyncio.Future[plain.Columns | None], found: plain.Columns | None) -> None:
    if not waiter.done():  # its client may be gone
        waiter.set_result(found)


class Decoding:
    """Decodes log-batch bodies."""

    def __init__(self) -> None:
        self.calls = 0  # log-batch calls that are under way; whoever serves one counts it
        self._connection: _Connection | None = None
        self._starting: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None  # held until the next one starts: its loop reaps it
        self._not_before = 0.0

    async def columns(self, body: bytes) -> plain.Columns | None:
        """As `plain.columns`, but the process beside may answer None too where it fails."""
        if self.calls < 2 or not SMALLEST <= len(body) <= LARGEST:
            return plain.columns(body)
        if self._connection is None or self._connection.lost:
            self._begin()
        elif self._connection.free:
            return await self._connection.send(body)
        return plain.columns(body)

    def _begin(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._not_before and cores() > 1:
            self._not_before = now + RETRY_S
            self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        ours, its = socket.socketpair()
        with its:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", plain.__name__),
                    stdin=its.fileno(),
                    start_new_session=True,  # Ctrl-C is the server's: the process ends with the connection
                )
            except OSError as error:
                log.warning("log-batch bodies are decoded by the server alone: no process starts: %s", error)
                ours.close()
                return
        _, self._connection = await asyncio.get_running_loop().create_connection(_Connection, sock=ours)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
