"""How who logs waits for the writer's thread: an event loop, without the locks of a future, or a thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from weakref import WeakKeyDictionary

from assay.ports.store import Told


class _Wakes:
    """Wakes those of a loop who wait for the disk, all of a group by one call from the writer's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: deque[tuple[asyncio.Future[None], BaseException | None]] = deque()
        self._coming = False

    def wake(self, waiter: asyncio.Future[None], failure: BaseException | None) -> None:
        """From any thread."""
        self._due.append((waiter, failure))
        if not self._coming:
            self._coming = True
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        self._coming = False  # first: who comes while we go through them calls again
        while self._due:
            waiter, failure = self._due.popleft()
            if waiter.done():  # its client may be gone
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(failure)


_wakes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Wakes] = WeakKeyDictionary()


async def ended(begin: Callable[[Told], None]) -> None:
    """Returns or raises as what was begun tells. What was given to the writer is never cancelled."""
    loop = asyncio.get_running_loop()
    wakes = _wakes.get(loop) or _wakes.setdefault(loop, _Wakes(loop))
    waiter: asyncio.Future[None] = loop.create_future()
    begin(lambda failure: wakes.wake(waiter, failure))
    await waiter


def future_of(begin: Callable[[Told], None]) -> Future[None]:
    """A future that ends as what was begun tells."""
    future: Future[None] = Future()
    begin(partial(_settle, future))
    return future


def _settle(future: Future[None], failure: BaseException | None) -> None:
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)
