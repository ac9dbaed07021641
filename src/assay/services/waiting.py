"""How an event loop waits for the writer's thread, at less than half the cost of `asyncio.wrap_future`."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from weakref import WeakKeyDictionary


class _Wakes:
    """Wakes those of a loop who wait for the disk, all of a group by one call from the writer's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: deque[asyncio.Future[None]] = deque()
        self._coming = False

    def wake(self, waiter: asyncio.Future[None]) -> None:
        """From any thread."""
        self._due.append(waiter)
        if not self._coming:
            self._coming = True
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        self._coming = False  # first: who comes while we go through them calls again
        while self._due:
            waiter = self._due.popleft()
            if not waiter.done():  # its client may be gone
                waiter.set_result(None)


_wakes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wakes] = WeakKeyDictionary()


async def ended(future: Future[None]) -> None:
    """Returns or raises as the future does. What was given to the writer is never cancelled."""
    loop = asyncio.get_running_loop()
    wakes = _wakes.get(loop) or _wakes.setdefault(loop, _Wakes(loop))
    waiter: asyncio.Future[None] = loop.create_future()
    future.add_done_callback(lambda _: wakes.wake(waiter))
    await waiter
    future.result()
