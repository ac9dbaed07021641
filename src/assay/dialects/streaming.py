"""Answers that are made piece by piece, and the turn that heavy reads wait for.

A heavy read takes the processor for long. Only a few work at once, each for a piece at a time, so that what else the
server does is not kept waiting, and they give way to what is logged meanwhile. Who goes away is no longer worked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from assay.core.pace import rest_s
from assay.wire.errors import Unavailable

AT_ONCE = 2  # heavy reads that work
WAITING = 64  # heavy reads that wait for their turn
STREAMS = 16  # answers under way, each of which holds what it is made of
ANSWER_S = 600.0  # how long an answer may be under way
RETRY_S = 2
Bytes = bytes | memoryview
T = TypeVar("T")

_turns: RunVar[CapacityLimiter] = RunVar("assay_heavy_reads")
_streams: RunVar[set[int]] = RunVar("assay_streams")


def _limiter() -> CapacityLimiter:
    found = _turns.get(None)
    if found is None:
        found = CapacityLimiter(AT_ONCE)
        _turns.set(found)
    return found


def _under_way() -> set[int]:
    found = _streams.get(None)
    if found is None:
        found = set()
        _streams.set(found)
    return found


def admit() -> None:
    """Returns if one more `Streamed` may hold what it is made of. Raises Unavailable: too many are under way."""
    if len(_under_way()) >= STREAMS:
        raise _too_many(STREAMS)


def _too_many(bound: int) -> Unavailable:
    return Unavailable(
        "Too many long reads are under way at once",
        bound=bound,
        remedy=f"try again in {RETRY_S} seconds, or ask for fewer points at once",
        retry_after_s=RETRY_S,
    )


async def in_turn(receive: Receive, work: Callable[[], T]) -> T:
    """What the work returns, done in a thread once it is its turn. An answer in pieces rests for it, too.

    Args:
        receive: The request's, whose body has been read.
        work: A heavy read.

    Raises:
        ClientDisconnect: The client went away before its turn came.
        Unavailable: Too many wait.
    """
    limiter = _limiter()
    if limiter.statistics().tasks_waiting >= WAITING:
        raise _too_many(WAITING)
    with CancelScope() as scope:  # ends the waiting; work that has begun is waited for
        watching = asyncio.create_task(_gone(receive, scope.cancel))
        try:
            done, worked_s = await run_sync(_worked, work, limiter=limiter)
        finally:
            watching.cancel()
        if isinstance(done, Streamed):
            done.worked_s = worked_s
        return done
    raise ClientDisconnect


def _worked(work: Callable[[], T]) -> tuple[T, float]:
    """What the work returns, and the seconds of a processor that it took."""
    began_s = time.thread_time()
    return work(), time.thread_time() - began_s


async def _gone(receive: Receive, then: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    then()


class Streamed(StreamingResponse):
    """Pieces of a body of any length, each sent while the next is made in a thread.

    A failure after the first piece ends the connection before the body's end, which every client notices.

    Args:
        pieces: Closed at the end, also where that comes early.
        media_type: What they are.
        headers: Of the answer.
        busy: How much of the time the store writes, from 0 to 1.
    """

    def __init__(
        self,
        pieces: Generator[Bytes, None, None],
        media_type: str,
        headers: Mapping[str, str] | None = None,
        *,
        busy: Callable[[], float],
    ) -> None:
        super().__init__(iter(()), headers=headers, media_type=media_type)
        self._pieces = pieces
        self._busy = busy
        self.worked_s = 0.0  # for the last piece

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            self._pieces.close()
            await send({"type": "http.response.body"})
            return
        gone = asyncio.Event()
        under_way = _under_way()
        under_way.add(id(self))
        watching = asyncio.create_task(_gone(receive, gone.set))
        ahead = asyncio.create_task(self._next())
        until = time.monotonic() + ANSWER_S
        try:
            while (piece := await ahead) is not None and not gone.is_set():
                if time.monotonic() > until:
                    raise Unavailable(f"An answer has been under way for {ANSWER_S:.0f} s and is ended")
                ahead = asyncio.create_task(self._next())
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not gone.is_set():
                await send({"type": "http.response.body"})
        finally:
            watching.cancel()
            under_way.discard(id(self))
            if not ahead.done():
                await asyncio.wait([ahead])
            self._pieces.close()

    async def _next(self) -> Bytes | None:
        """The next piece; before it is made, we rest from the one before."""
        rest = rest_s(self.worked_s, self._busy(), len(_under_way()))
        if rest > 0:
            await asyncio.sleep(rest)
        piece, self.worked_s = await run_sync(_worked, lambda: next(self._pieces, None), limiter=_limiter())
        return piece
