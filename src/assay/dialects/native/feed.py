"""Who follows changes of runs: one poller a workspace for all who listen to it, and none while nobody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from assay.core.scope import HOME, Scope
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
        self._channels: dict[int, _Channel] = {}  # by workspace

    @property
    def listeners(self) -> int:
        """How many listen."""
        return sum(len(channel.listeners) for channel in self._channels.values())

    def check(self) -> None:
        """Returns if one more may listen. Raises Unavailable."""
        if self.listeners >= LISTENERS_BOUND:
            raise Unavailable(
                f"{LISTENERS_BOUND} listen already", bound=LISTENERS_BOUND, remedy="try again later", retry_after_s=30
            )

    async def position(self, scope: Scope, asked: str | None) -> str:
        """The position that is asked for, or that of now. Raises InvalidInput if it is none."""
        _, now = await run_sync(self._services.changes.since, scope, asked, 1)
        return now if asked is None else asked

    async def follow(
        self, scope: Scope, position: str, every_s: float, again: Callable[[], Awaitable[Scope]] | None = None
    ) -> AsyncIterator[Told | None]:
        """What changes after the position, without end; None now and then where nothing does.

        Args:
            scope: Whose changes, and who listens.
            position: Where he begins.
            every_s: How long it is silent at most.
            again: Asks who he is before anything is told, and raises if he may not listen any more.
        """
        channel = self._channels.setdefault(scope.workspace_id, _Channel(self._services, self._ending, scope))
        waiting: Waiting = asyncio.Queue(WAITING_BOUND)
        channel.add(waiting)
        try:
            while True:  # what was missed; what happens meanwhile waits
                changes, reached = await run_sync(self._services.changes.since, scope, position)
                for told in await channel.known(changes, position, reached):
                    yield told
                position = reached
                if len(changes) < PAGE_BOUND:
                    break
            while True:
                told_now: Told | None = None
                try:
                    told_now = await asyncio.wait_for(waiting.get(), every_s)
                    silent = False
                except TimeoutError:
                    silent = True
                if again is not None:
                    scope = await again()
                if silent:
                    yield None
                elif told_now is None:
                    return
                elif not scope.hides(told_now.experiment_id):
                    yield told_now
        finally:
            channel.remove(waiting)
            if not channel.listeners and self._channels.get(scope.workspace_id) is channel:
                del self._channels[scope.workspace_id]


class _Channel:
    """The changes of one workspace, and who listens to them."""

    def __init__(self, services: Services, ending: Callable[[], bool], scope: Scope) -> None:
        self._services = services
        self._ending = ending
        self._scope = Scope(scope.workspace_id, HOME)  # all is read, and each is told what he may know
        self.listeners: set[Waiting] = set()
        self._poller: asyncio.Task[None] | None = None
        self._experiments: dict[str, int] = {}

    def add(self, waiting: Waiting) -> None:
        """One more listens."""
        self.listeners.add(waiting)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    def remove(self, waiting: Waiting) -> None:
        """He listens no more; with the last, polling ends."""
        self.listeners.discard(waiting)
        if not self.listeners and self._poller is not None:
            self._poller.cancel()
            self._poller = None

    async def _poll(self) -> None:
        position: str | None = None
        before: dict[str, int] = {}  # what was told in the last round: positions overlap, so it comes again
        while not self._ending():
            now: dict[str, int] = {}
            try:
                while True:
                    changes, reached = await run_sync(self._services.changes.since, self._scope, position)
                    before_page, position = position or reached, reached
                    new = [change for change in changes if before.get(change.run_uid) != change.at_us]
                    now |= {change.run_uid: change.at_us for change in changes}
                    for told in await self.known(new, before_page, reached):
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
        for waiting in [*self.listeners]:
            if waiting.full():
                self.listeners.discard(waiting)
                while not waiting.empty():
                    waiting.get_nowait()
                waiting.put_nowait(None)
            else:
                waiting.put_nowait(told)

    def _end(self) -> None:
        for waiting in self.listeners:
            while waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(None)

    async def known(self, changes: Sequence[Change], position: str, reached: str) -> list[Told]:
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
                    known[uid] = self._services.runs.head(self._scope, uid).experiment_id
                except NotFound:
                    continue
        self._experiments = known
        return known
