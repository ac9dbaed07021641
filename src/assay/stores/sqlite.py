"""The catalog in one SQLite file: WAL, every commit synchronised, one writer thread that commits in groups."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from assay.core.pace import Share
from assay.core.scope import Scope
from assay.core.tally import WriterTally
from assay.core.tracking import Logged
from assay.ports.store import Told, UnitOfWork
from assay.stores.delta import SQLITE
from assay.stores.kept import Kept
from assay.stores.migrate import check, prepare
from assay.stores.pace import LATE_S, Pace
from assay.stores.projection.projections import Projections, Sizes
from assay.stores.unit import Unit
from assay.stores.upkeep import Upkeep, settle_each
from assay.stores.writer import Writer, passing

T = TypeVar("T")

BUSY_MS = 20_000
# Of the file's pages, that a connection holds: those that are read lie with the system anyway.
WRITER_KIB, READER_KIB = 64 << 10, 16 << 10
CHECKPOINT_PAGES = 4_000  # 16 MiB of write-ahead log between checkpoints
REST_US = 60 * 1_000_000
UPKEEP_S = 5.0


class SqliteStore:
    """The catalog on SQLite. One process at a time; many threads.

    Args:
        path: The database file, or ":memory:".
        replica: A name that no other process, past or present, writes under.
        random: Gives the low bits of new ids.
        sizes: When runs are held as columns in memory, for searches.
    """

    def __init__(self, path: Path | str, replica: str, random: Callable[[], int], sizes: Sizes | None = None) -> None:
        self._memory = str(path) == ":memory:"
        self._path = str(path)
        self._random = random
        self._damaged: set[int] = set()
        self._engine = self._pool(READER_KIB, 16, 64)
        self._writing = self._engine if self._memory else self._pool(WRITER_KIB, 1, 0)
        self._lock = threading.RLock() if self._memory else None  # in memory, readers and writer share a connection
        prepare(self._engine, SQLITE)
        self.projections = Projections(self.read, sizes)
        self.kept = Kept(self.projections.flights)
        self._writer = Writer(self._writing, SQLITE, replica, self._unit, self._lock, self.projections.flights)
        self._share = Share(lambda: self.tally.commits_s.total, time.monotonic, LATE_S)
        self._upkeep = Upkeep(UPKEEP_S, self.settle, self.kept.give_back)

    def _pool(self, cache_kib: int, size: int, more: int) -> Engine:
        """Connections that each hold so many pages of the file at most; those used last are used next."""
        kwargs: dict[str, Any] = (
            {"poolclass": StaticPool}
            if self._memory
            else {"poolclass": QueuePool, "pool_size": size, "max_overflow": more, "pool_use_lifo": True}
        )
        connect = partial(self._connect, cache_kib)
        engine = create_engine("sqlite://", creator=connect, hide_parameters=True, **kwargs)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=512)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA case_sensitive_like = ON")
        if not self._memory:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def _unit(self, connection: Connection) -> Unit:
        return Unit(connection, SQLITE, self._random)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A snapshot: what it shows does not change until it closes."""
        if self._lock is not None:
            self._lock.acquire()
        try:
            opened = self.kept.opened()  # before the snapshot
            with passing(SQLITE), self._engine.connect() as connection, connection.begin() as transaction:
                unit = self._unit(connection)
                unit.opened = opened
                unit.pace = Pace(self.busy)
                unit.projections = self.projections
                yield unit
                transaction.rollback()
        finally:
            if self._lock is not None:
                self._lock.release()

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """The result of `work`, whose effect is on disk; nothing of it remains if it raised."""
        result: T = self._writer.submit(work).result()
        return result

    def log(self, scope: Scope, logged: Logged, told: Told) -> None:
        """Points, params and tags of one call; tells when they are on disk, or refused."""
        self._writer.log(scope, logged, told)

    @property
    def tally(self) -> WriterTally:
        """What was committed since the start."""
        return self._writer.tally

    def busy(self) -> float:
        """How much of the time it writes, of late: from 0 to 1."""
        return self._share()

    @property
    def waiting(self) -> int:
        """How many requests wait to be committed."""
        return self._writer.waiting

    def revision(self) -> str:
        """The schema that the catalog has now. Raises Unavailable."""
        with self._lock or nullcontext(), passing(SQLITE), self._engine.connect() as connection:
            return check(connection) or ""

    def settle(self, older_than_us: int = REST_US) -> int:
        """Compacts the tails of owners at rest and moves their latest values to the index; how many there were."""
        before_us = self.write(lambda unit: unit.now_us()) - older_than_us
        ids: list[int] = self._writer.submit(lambda unit: unit.points.compaction.at_rest(before_us, 1_000)).result()
        return settle_each(ids, lambda id: self._settle_one(id, before_us), self._damaged)

    def _settle_one(self, owner_id: int, before_us: int) -> bool:
        done: bool = self._writer.submit(lambda unit: unit.points.compaction.settle(owner_id, before_us)).result()
        return done

    def close(self) -> None:
        """Ends the writer after what was accepted is on disk."""
        self._upkeep.close()
        self.projections.close()
        self._writer.close()
        self._engine.dispose()
        self._writing.dispose()


def _begin(connection: Connection) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute("BEGIN IMMEDIATE" if connection.get_execution_options().get("assay_write") else "BEGIN")
