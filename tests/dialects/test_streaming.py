"""Answers in pieces: who goes away is not worked for, failures are seen, and heavy reads wait for their turn."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from assay.core.pace import REST
from assay.dialects import streaming
from assay.dialects.streaming import Streamed, admit, in_turn
from assay.wire.errors import Corrupt, Unavailable

SCOPE = {"type": "http", "method": "GET", "http_version": "1.1"}


class Source:
    """Pieces without an end, which tell how many were made and whether anybody ended them."""

    def __init__(self, fails_at: int | None = None, most: int | None = None) -> None:
        self.made = 0
        self.ended = False
        self._fails_at, self._most = fails_at, most

    def pieces(self) -> Generator[bytes, None, None]:
        """The pieces."""
        try:
            while self.made != self._most:
                if self.made == self._fails_at:
                    raise Corrupt("A payload is damaged")
                self.made += 1
                yield b"piece"
        finally:
            self.ended = True


class Client:
    """Takes an answer, and goes away after some messages, or never."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.got: list[Message] = []
        self._leaves_after = leaves_after
        self._left = asyncio.Event()

    async def receive(self) -> Message:
        """What the server hears."""
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What the server says."""
        self.got.append(message)
        if len(self.got) == self._leaves_after:
            await self.leave()

    async def leave(self) -> None:
        """Goes away, of which a server learns in its loop."""
        self._left.set()
        await asyncio.sleep(0)


def streamed(source: Source, headers: dict[str, str] | None = None) -> Streamed:
    """An answer of the pieces, while the store writes nothing."""
    return Streamed(source.pieces(), "text/plain", headers, busy=lambda: 0.0)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs it in a loop of its own, and not for ever."""
    asyncio.run(asyncio.wait_for(work(), 20))


def test_all_pieces_come_and_then_the_end() -> None:
    async def work() -> None:
        source, client = Source(most=3), Client()
        await streamed(source, {"X-More": "1"})(SCOPE, client.receive, client.send)
        start, *bodies = client.got
        assert (b"x-more", b"1") in start["headers"]
        assert [(item.get("body"), item.get("more_body", False)) for item in bodies] == [(b"piece", True)] * 3 + [
            (None, False)
        ]
        assert source.ended

    run(work)


def test_nothing_is_made_for_who_went_away() -> None:
    async def work() -> None:
        source, client = Source(), Client(leaves_after=4)
        await streamed(source)(SCOPE, client.receive, client.send)
        assert source.made <= 5, "pieces were made that nobody takes"
        assert source.ended
        assert client.got[-1]["more_body"], "the answer was ended as if it were whole"

    run(work)


def test_a_failure_is_no_end() -> None:
    async def work() -> None:
        source, client = Source(fails_at=2), Client()
        with pytest.raises(Corrupt):
            await streamed(source)(SCOPE, client.receive, client.send)
        assert client.got[-1]["more_body"]
        assert source.ended

    run(work)


def test_an_answer_does_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "ANSWER_S", 0.05)

    async def work() -> None:
        source, client = Source(), Client()
        with pytest.raises(Unavailable, match="under way"):
            await streamed(source)(SCOPE, client.receive, client.send)
        assert source.ended

    run(work)


def test_who_asks_for_the_head_alone_costs_no_piece() -> None:
    async def work() -> None:
        source, client = Source(), Client()
        await streamed(source)({**SCOPE, "method": "HEAD"}, client.receive, client.send)
        assert source.made == 0
        assert not client.got[-1].get("more_body")

    run(work)


def test_heavy_reads_wait_for_their_turn_and_who_leaves_has_none() -> None:
    async def work() -> None:
        go, begun, done = threading.Event(), [], []

        def read() -> int:
            begun.append(1)
            assert go.wait(15)
            done.append(1)
            return 7

        staying = Client()
        first = [asyncio.create_task(in_turn(staying.receive, read)) for _ in range(streaming.AT_ONCE)]
        while len(begun) < streaming.AT_ONCE:
            await asyncio.sleep(0.01)
        leaving = Client(leaves_after=1)
        late = asyncio.create_task(in_turn(leaving.receive, read))
        await asyncio.sleep(0.05)
        assert len(begun) == streaming.AT_ONCE, "too many read at once"
        await leaving.send({"type": "nothing"})
        with pytest.raises(ClientDisconnect):
            await late
        go.set()
        assert await asyncio.gather(*first) == [7] * streaming.AT_ONCE
        assert len(done) == streaming.AT_ONCE

    run(work)


def test_too_many_that_wait_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WAITING", 1)

    async def work() -> None:
        go, client = threading.Event(), Client()
        tasks = [
            asyncio.create_task(in_turn(client.receive, lambda: go.wait(15))) for _ in range(streaming.AT_ONCE + 1)
        ]
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable) as refused:
            await in_turn(client.receive, lambda: True)
        assert refused.value.retry_after_s == streaming.RETRY_S
        go.set()
        assert await asyncio.gather(*tasks) == [True] * len(tasks)
        assert await in_turn(client.receive, lambda: True)

    run(work)


def test_what_is_taken_slowly_keeps_others_like_it_out_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STREAMS", 1)

    async def work() -> None:
        source, client, taken = Source(), Client(), asyncio.Event()

        async def slowly(message: Message) -> None:
            await client.send(message)
            await taken.wait()

        answer = asyncio.create_task(streamed(source)(SCOPE, client.receive, slowly))
        while not client.got:
            await asyncio.sleep(0.01)
        taken.set()
        while len(client.got) < 2:
            await asyncio.sleep(0.01)
        taken.clear()
        with pytest.raises(Unavailable) as refused:
            admit()
        assert refused.value.bound == 1
        assert await in_turn(client.receive, lambda: True)
        await client.leave()
        taken.set()
        await answer
        admit()

    run(work)


@pytest.mark.parametrize("busy", [0.0, 0.5, 1.0])
def test_a_long_answer_gives_way_to_what_is_written(busy: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It rests in proportion to how much of the time the store writes."""
    rests: list[float] = []

    def made() -> Generator[bytes, None, None]:
        for _ in range(5):
            until_s = time.thread_time() + 0.005
            while time.thread_time() < until_s:
                pass
            yield b"piece"

    async def rested(rest_s: float) -> None:
        rests.append(rest_s)

    async def work() -> None:
        client = Client()
        answer = await in_turn(client.receive, lambda: Streamed(made(), "text/plain", busy=lambda: busy))
        monkeypatch.setattr(streaming.asyncio, "sleep", rested)
        await answer(SCOPE, client.receive, client.send)
        assert len(client.got) == 7

    run(work)
    assert len(rests) == (6 if busy else 0)  # also for what came before the first piece
    assert all(rest_s >= 0.005 * busy * REST for rest_s in rests[1:])
