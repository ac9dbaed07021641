"""The catalog in a PostgreSQL database, which several servers may share."""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from assay.core.pace import Share
from assay.core.scope import Scope
from assay.core.tally import WriterTally
from assay.core.tracking import Logged
from assay.ports.store import Told, UnitOfWork
from assay.stores.delta import POSTGRES
from assay.stores.kept import Kept
from assay.stores.migrate import check, prepare
from assay.stores.pace import LATE_S, Pace
from assay.stores.projection.projections import Projections, Sizes
from assay.stores.projection.reading import APPLICATION
from assay.stores.unit import Unit
from assay.stores.upkeep import Upkeep, settle_each
from assay.stores.writer import Writer, passing
from assay.wire.errors import InvalidInput, InvalidState

T = TypeVar("T")

ATTEMPTS = 10
REST_US = 60 * 1_000_000
UPKEEP_S = 5.0
CONNECT_S = 10
DEAD_ROWS = 5_000  # of a table that is tidied at once
# A row of these is written for each call and gone soon after. PostgreSQL's own vacuum comes by once a minute, when
# thousands of small calls a second have long been slowed down by what they left.
DEAD = (
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() "
    "AND relname IN ('metric_batch', 'metric_motion') AND n_dead_tup > n_live_tup AND n_dead_tup > %s"
)
# A neighbour that we could not see at first was faster: what it wrote is seen by the next attempt.
AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation)


class PostgresStore:
    """The catalog on PostgreSQL. Many processes, many threads.

    Locks are taken in one order everywhere: experiments, runs by id, models by id, then what they own; names are
    interned outside. So no two transactions wait for each other in a circle.

    Args:
        url: `postgresql://user:password@host:port/database`.
        replica: A name that no other process, past or present, writes under.
        random: Gives the low bits of new ids.
        sizes: When runs are held as columns in memory, for searches.

    Raises:
        InvalidInput: The URL cannot be read.
        Unavailable: The database does not answer.
    """

    def __init__(self, url: str, replica: str, random: Callable[[], int], sizes: Sizes | None = None) -> None:
        try:
            address = make_url(url).set(drivername="postgresql+psycopg")
        except ArgumentError as error:
            raise InvalidInput(
                "The store's address cannot be read", field="--store", remedy="postgresql://user:password@host/database"
            ) from error
        self._random = random
        self._damaged: set[int] = set()
        self._engine = _engine(address, 16, 16)
        self._names = _engine(address, 2, 2)  # who interns holds a connection of the other already
        # The writer begins and ends its transactions by itself, and no reader keeps it from a connection.
        self._logs = _engine(address, 1, 0).execution_options(isolation_level="AUTOCOMMIT")
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with passing(POSTGRES):
            prepare(self._engine, POSTGRES)
        self.projections = Projections(self.read, sizes)
        self.kept = Kept(self.projections.flights)
        self._writer = Writer(self._logs, POSTGRES, replica, self._unit, None, self.projections.flights)
        self._share = Share(lambda: self.tally.commits_s.total, time.monotonic, LATE_S)
        self._upkeep = Upkeep(UPKEEP_S, self._watch_schema, self.settle, self.tidy, self.kept.give_back)

    def _unit(self, connection: Connection) -> Unit:
        return Unit(connection, POSTGRES, self._random, self._intern)

    def _intern(self, table: Any, rows: list[dict[str, Any]]) -> None:
        with self._names.begin() as connection:
            connection.execute(POSTGRES.insert(table).on_conflict_do_nothing(), rows)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A snapshot: what it shows does not change until it closes."""
        opened = self.kept.opened()  # before the snapshot
        with passing(POSTGRES), self._reader.connect() as connection, connection.begin():
            unit = self._unit(connection)
            unit.opened = opened
            unit.pace = Pace(self.busy)
            unit.projections = self.projections
            yield unit

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """The result of `work`, whose effect is on disk; nothing of it remains if it raised."""
        if self._writer.refusal is not None:
            raise self._writer.refusal.with_traceback(None)
        return self._write(work)

    def _write(self, work: Callable[[Unit], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with (
                    passing(POSTGRES),
                    self.projections.flights.flight() as touched,
                    self._engine.begin() as connection,
                ):
                    unit = self._unit(connection)
                    unit.touched = touched
                    return work(unit)
            except (DBAPIError, psycopg.Error) as error:
                cause = error.orig if isinstance(error, DBAPIError) else error
                if attempt == ATTEMPTS or not isinstance(cause, AGAIN):
                    raise
                time.sleep(chance.uniform(0, 0.005 * attempt))  # noqa: S311 -- only to part those who met
        raise AssertionError("unreachable")

    def log(self, scope: Scope, logged: Logged, told: Told) -> None:
        """Points, params and tags of one call; tells when they are on disk, or refused."""
        self._writer.log(scope, logged, told)

    @property
    def tally(self) -> WriterTally:
        """What its writer committed since the start; other writes have transactions of their own."""
        return self._writer.tally

    def busy(self) -> float:
        """How much of the time it writes, of late: from 0 to 1."""
        return self._share()

    @property
    def waiting(self) -> int:
        """How many log calls wait to be committed."""
        return self._writer.waiting

    def revision(self) -> str:
        """The schema that the catalog has now. Raises InvalidState if this server is too old for it, Unavailable."""
        with passing(POSTGRES), self._reader.connect() as connection:
            return check(connection) or ""

    def settle(self, older_than_us: int = REST_US) -> int:
        """Compacts the tails of owners at rest and moves their latest values to the index; how many there were."""
        with self.read() as unit:
            before_us = unit.now_us() - older_than_us
        ids = self._write(lambda unit: unit.points.compaction.at_rest(before_us, 1_000))
        return settle_each(ids, lambda id: self._settle_one(id, before_us), self._damaged)

    def _settle_one(self, owner_id: int, before_us: int) -> bool:
        return self._write(lambda unit: unit.points.compaction.settle(owner_id, before_us))

    def _watch_schema(self) -> None:
        """Takes no more writes once a newer server has made this one too old for the schema."""
        try:
            with self._reader.connect() as connection:
                check(connection)
        except InvalidState as refusal:
            self._writer.refusal = refusal

    def tidy(self) -> None:
        """Dead rows do not slow down log calls: tables that have more of them than others are vacuumed."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            names = list(connection.exec_driver_sql(DEAD, (DEAD_ROWS,)).scalars())
            for name in names:
                connection.exec_driver_sql(f"VACUUM (TRUNCATE false, SKIP_LOCKED) {name}")

    def close(self) -> None:
        """Ends the writer after what was accepted is on disk."""
        self._upkeep.close()
        self.projections.close()
        self._writer.close()
        for engine in (self._engine, self._names, self._logs):
            engine.dispose()


def _engine(address: URL, size: int, more: int) -> Engine:
    # A host that is gone says nothing: without the limit a caller would wait for minutes.
    given = {"connect_timeout": CONNECT_S, "application_name": APPLICATION}
    return create_engine(
        address,
        pool_size=size,
        max_overflow=more,
        pool_pre_ping=True,
        hide_parameters=True,  # what people sent is not for the log
        isolation_level="READ COMMITTED",
        connect_args={name: value for name, value in given.items() if name not in address.query},
    )
