"""Group commit: one thread commits together what waits, and an acknowledgement means that the bytes are on disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from assay.core.points.tails import Tail
from assay.core.scope import Scope
from assay.core.tally import WriterTally
from assay.core.tracking import Logged
from assay.ports.store import Told
from assay.stores.delta import Delta
from assay.stores.logging import Stored, store_logged
from assay.stores.projection.marks import Flights, Touched
from assay.stores.shortcut import LAZILY, Shortcut
from assay.stores.unit import Unit, driver_of
from assay.wire.errors import AssayError, Unavailable

log = logging.getLogger(__name__)

GROUP = 256
KEY_CACHE = 200_000
PATIENCE_S = 0.002


@contextmanager
def passing(delta: Delta) -> Iterator[None]:
    """Failures of the engine that have an answer are raised as that."""
    try:
        yield
    except Exception as error:
        if (answer := delta.refusal(error)) is not None:
            raise answer from error
        raise


@dataclass(slots=True)
class _Job:
    """A piece of work, whose future ends with it, or a log call."""

    work: Callable[[Unit], Any] | None = None
    future: Future[Any] | None = None
    scope: Scope | None = None
    logged: Logged | None = None
    told: Told | None = None

    def end(self, failure: BaseException | None, result: Any = None) -> None:
        """Tells who waits."""
        if self.told is not None:
            self.told(failure)
        elif self.future is not None and failure is None:
            self.future.set_result(result)
        elif self.future is not None:
            self.future.set_exception(failure)


class Writer:
    """The one writing thread of a store.

    Args:
        engine: Where to write.
        delta: Its engine.
        replica: A name that no other process, past or present, writes under.
        unit: Opens the stores over a connection.
        lock: Held while writing, where readers share the connection.
        flights: Where transactions tell what they touch.
    """

    def __init__(
        self,
        engine: Engine,
        delta: Delta,
        replica: str,
        unit: Callable[[Connection], Unit],
        lock: threading.RLock | None,
        flights: Flights | None = None,
    ) -> None:
        self._engine = engine
        self._delta = delta
        self._writer = f"server:{replica}"
        self._unit = unit
        self._lock = lock
        self._flights = flights or Flights()
        self._shortcut = Shortcut(self._writer) if delta.begin else None
        self._connection: Connection | None = None
        self._seq = 0
        self._callers = 0  # who is waited for: of those that called or waited when the last group was done
        self._patience_s = 0.0
        self._keys: dict[tuple[int, str], int] = {}
        self._jobs: deque[_Job] = deque()
        self._enough = 1  # of them wake the thread, which does not compete for the interpreter before
        self._arrived = threading.Condition(threading.Lock())
        self._closed = False
        self.tally = WriterTally()
        self.refusal: AssayError | None = None  # set when the store must take no more writes
        self._thread = threading.Thread(target=self._run, name="assay-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Unit], Any]) -> Future[Any]:
        """The work's result, when its effect is on disk."""
        future: Future[Any] = Future()
        self._put(_Job(work, future))
        return future

    def log(self, scope: Scope, logged: Logged, told: Told) -> None:
        """Tells when the log call is on disk, or refused."""
        self._put(_Job(scope=scope, logged=logged, told=told))

    def _put(self, job: _Job) -> None:
        if self.refusal is not None:
            raise self.refusal.with_traceback(None)
        with self._arrived:
            if self._closed:
                raise Unavailable("The server is shutting down", remedy="try again in a moment", retry_after_s=1)
            self._jobs.append(job)
            if len(self._jobs) == self._enough:
                self._arrived.notify()

    @property
    def waiting(self) -> int:
        """How many requests wait for the next group."""
        return len(self._jobs)

    def close(self) -> None:
        """Ends the thread after what was accepted."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._gathered():
            began = time.monotonic()
            if self._lock is not None:
                with self._lock:
                    self._serve(group)
            else:
                self._serve(group)
            took_s = time.monotonic() - began
            self.tally.committed(len(group), took_s)
            self._patience_s = min(took_s, PATIENCE_S)
            callers = min(len(group) + len(self._jobs), GROUP)
            self._callers = (callers + 1) // 2 if self._delta.writes_elsewhere else callers
        if self._connection is not None:
            self._connection.close()

    def _gathered(self) -> list[_Job]:
        """The next group; none after the last.

        Callers who were just answered mostly call again at once. They are waited for, but no longer than the last
        commit took: otherwise half of them would be committed while the others call, for ever, at twice the cost.
        Where another process writes, half of them are enough: what wakes the thread takes so long that most of the
        others have called by then, and while that process works, the loop hears the rest.
        """
        with self._arrived:
            self._await(self._callers, self._patience_s)
            if not self._jobs:
                self._await(1)
                self._await(self._callers, self._patience_s)
            return [self._jobs.popleft() for _ in range(min(len(self._jobs), GROUP))]

    def _await(self, count: int, timeout: float | None = None) -> None:
        """Until so many jobs are there, or none will come."""
        self._enough = count
        self._arrived.wait_for(lambda: len(self._jobs) >= count or self._closed, timeout)

    def _serve(self, group: list[_Job]) -> None:
        """Commits the group and answers each; on an unexpected failure each is tried alone.

        Where there is no connection, nobody waits for as many attempts to make one as there are callers.
        """
        failure = self._committed(group)
        if failure is None:
            return
        if len(group) == 1 or not self._connects():
            self._refuse(group, failure)
            return
        for at, job in enumerate(group):
            failure = self._committed([job])
            if failure is not None:
                self._refuse([job], failure)
                if not self._connects():
                    self._refuse(group[at + 1 :], failure)
                    return

    def _refuse(self, group: list[_Job], failure: BaseException) -> None:
        for job in group:
            self.tally.refused += job.logged is not None
            job.end(self._delta.refusal(failure) or failure)

    def _connects(self) -> bool:
        try:
            self._connected()
        except Exception:  # noqa: BLE001 -- whoever needs it next is told
            return False
        return True

    def _connected(self) -> Connection:
        """The one connection, which is made anew after it broke."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(assay_write=True)
        return self._connection

    def _recover(self) -> None:
        """Nothing is left of what failed: the connection went back to its pool, which resets or forgets it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # noqa: BLE001 -- whatever it is, this connection cannot be trusted
                with suppress(Exception):
                    connection.invalidate()

    def _committed(self, group: list[_Job]) -> BaseException | None:
        """The group is committed and each is answered; or nothing of it remains, and this is why."""
        stored: Stored | None = None
        try:
            connection = self._connected()
            if self._shortcut is not None and self._goes_straight(self._shortcut, connection, group):
                return None
            with self._flights.flight() as touched, connection.begin():
                unit = self._begun(connection, touched)
                outcomes = [(job, *_attempt(connection, unit, job.work)) for job in group if job.work is not None]
                calls = [(job.scope, job.logged) for job in group if job.logged is not None and job.scope is not None]
                if calls:
                    self._seq += 1
                    stored = store_logged(unit, self._writer, self._seq, calls)
                    outcomes += [
                        (job, None, refusal)
                        for job, refusal in zip((j for j in group if j.work is None), stored.refusals, strict=True)
                    ]
        except BaseException as error:  # noqa: BLE001 -- nobody waits for ever, and nobody pays for a neighbour
            self._recover()
            return error
        if stored is not None and self._shortcut is not None:
            self._shortcut.learn(stored)
        if unit.keys.fresh:
            if len(self._keys) > KEY_CACHE:
                self._keys = {}
            self._keys.update(unit.keys.fresh)
        kept = [job.logged for job, _, refusal in outcomes if refusal is None and job.logged is not None]
        self.tally.stored(kept)
        self.tally.refused += len(calls) - len(kept)
        for job, result, refusal in outcomes:
            job.end(refusal, result)
        return None

    def _begun(self, connection: Connection, touched: Touched, begin: str = "") -> Unit:
        if self._delta.begin:
            connection.exec_driver_sql(begin or self._delta.begin)
        unit = self._unit(connection)
        unit.touched = touched
        unit.keys.known = self._keys
        return unit

    def _driver(self, connection: Connection) -> Any:
        """A cursor of the driver itself, on which each statement commits by itself."""
        return driver_of(connection).cursor()

    def _goes_straight(self, shortcut: Shortcut, connection: Connection, group: list[_Job]) -> bool:
        """Whether the group took the shortcut, and is answered; tails that it made too long are folded then."""
        calls = [(job.scope, job.logged) for job in group if job.logged is not None and job.scope is not None]
        if len(calls) < len(group):
            return False
        self._seq += 1
        with self._flights.flight() as touched:
            if not shortcut.store(self._driver(connection), self._seq, calls, self._keys, touched):
                return False
        self.tally.stored(logged for _, logged in calls)
        for job in group:
            job.end(None)
        if long := shortcut.due(calls):
            try:
                self._fold(shortcut, connection, long)
            except Exception as error:  # noqa: BLE001 -- the next call to these runs meets it again, and is told
                log.warning("Tails of %d runs could not be made short: %s", len(long), error)
                shortcut.forget(list(long))
                self._recover()
        return True

    def _fold(self, shortcut: Shortcut, connection: Connection, long: Mapping[int, Tail]) -> None:
        """These tails are short again, which changes no value."""
        self._seq += 1
        if shortcut.fold_remembered(self._driver(connection), self._seq, long):
            return
        with connection.begin():
            remember = shortcut.fold(self._begun(connection, Touched(), LAZILY), self._seq, long)
        remember()


def _attempt(connection: Connection, unit: Unit, work: Callable[[Unit], Any]) -> tuple[Any, AssayError | None]:
    """The work's result, or why it refused; a refused one leaves nothing behind."""
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        result = work(unit)
    except AssayError as refusal:
        connection.exec_driver_sql("ROLLBACK TO work")
        connection.exec_driver_sql("RELEASE work")
        unit.keys.fresh.clear()
        return None, refusal
    connection.exec_driver_sql("RELEASE work")
    return result, None
