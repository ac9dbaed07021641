"""Who follows changes of runs: one poller for all who listen, and none while nobody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from assay.core.scope import Scope
from assay.core.tracking import Change
from assay.services.changes import PAGE_BOUND
from assay.services.house import Services
from assay.wire.errors import AssayError, NotFound, Unavailable

log = logging.getLogger(__name__)
LISTENERS_BOUND = 1_000
WAITING_BOUND = 10_000  # changes that wait for one listener; who is slower comes again, with the last that he saw
KNOWN_BOUND = 10_000  # runs whose experiment is remembered
EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """A run that changed, its experiment, and the position from which nothing is missed that was not told by then."""

    run_uid: str
    experiment_id: int
    position: str


Waiting = asyncio.Queue[Told | None]  # None: it is over


class Feed:
    """Asks the services for changes while somebody listens, and tells each of them all.

    Args:
        services: What knows of changes.
        ending: Whether the server is about to end.
    """

    def __init__(self, services: Services, ending: Callable[[], bool]) -> None:
        self._services = services
        self._ending = ending
        self._listeners: set[Waiting] = set()
        self._poller: asyncio.Task[None] | None = None
        self._experiments: dict[str, int] = {}

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def check(self) -> None:
        """Returns if one more may listen. Raises Unavailable."""
        if len(self._listeners) >= LISTENERS_BOUND:
            raise Unavailable(
                f"{LISTENERS_BOUND} listen already", bound=LISTENERS_BOUND, remedy="try again later", retry_after_s=30
            )

    async def position(self, asked: str | None) -> str:
        """The position that is asked for, or that of now. Raises InvalidInput if it is none."""
        _, now = await run_sync(self._services.changes.since, Scope(), asked, 1)
        return now if asked is None else asked

    async def follow(self, position: str, every_s: float) -> AsyncIterator[Told | None]:
        """What changes after the position, without end; None now and then where nothing does."""
        waiting: Waiting = asyncio.Queue(WAITING_BOUND)
        self._listeners.add(waiting)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            while True:  # what was missed; what happens meanwhile waits
                changes, reached = await run_sync(self._services.changes.since, Scope(), position)
                for told in await self._known(changes, position, reached):
                    yield told
                position = reached
                if len(changes) < PAGE_BOUND:
                    break
            while True:
                try:
                    told_now = await asyncio.wait_for(waiting.get(), every_s)
                except TimeoutError:
                    yield None
                    continue
                if told_now is None:
                    return
                yield told_now
        finally:
            self._listeners.discard(waiting)
            if not self._listeners and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        position: str | None = None
        before: dict[str, int] = {}  # what was told in the last round: positions overlap, so it comes again
        while not self._ending():
            now: dict[str, int] = {}
            try:
                while True:
                    changes, reached = await run_sync(self._services.changes.since, Scope(), position)
                    before_page, position = position or reached, reached
                    new = [change for change in changes if before.get(change.run_uid) != change.at_us]
                    now |= {change.run_uid: change.at_us for change in changes}
                    for told in await self._known(new, before_page, reached):
                        self._tell(told)
                    if len(changes) < PAGE_BOUND:
                        break
                before = now
            except AssayError as error:  # the database is away for a while
                log.warning("Changes cannot be read: %s", error)
            except Exception:  # nobody else would tell those who listen
                log.exception("Changes cannot be read")
            await asyncio.sleep(EVERY_S)
        self._end()

    def _tell(self, told: Told) -> None:
        for waiting in [*self._listeners]:
            if waiting.full():
                self._listeners.discard(waiting)
                while not waiting.empty():
                    waiting.get_nowait()
                waiting.put_nowait(None)
            else:
                waiting.put_nowait(told)

    def _end(self) -> None:
        for waiting in self._listeners:
            while waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(None)

    async def _known(self, changes: Sequence[Change], position: str, reached: str) -> list[Told]:
        """The changes of a page with the experiments of their runs; what is purged meanwhile is left out.

        Only the last of them stands for the page's end: who breaks off before is told the page again.
        """
        known = self._experiments
        if any(change.run_uid not in known for change in changes):
            known = await run_sync(self._learnt, [change.run_uid for change in changes])
        found = [change.run_uid for change in changes if change.run_uid in known]
        return [
            Told(uid, known[uid], reached if at == len(found) else position) for at, uid in enumerate(found, start=1)
        ]

    def _learnt(self, uids: Sequence[str]) -> dict[str, int]:
        """The experiments of these runs, which are remembered in a dict that nobody else changes."""
        known = dict(self._experiments) if len(self._experiments) <= KNOWN_BOUND else {}
        for uid in uids:
            if uid not in known:
                try:
                    known[uid] = self._services.runs.head(Scope(), uid).experiment_id
                except NotFound:
                    continue
        self._experiments = known
        return known
