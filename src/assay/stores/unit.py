"""One transaction over every aggregate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table

from assay.stores.access import TokenStore, WorkspaceStore
from assay.stores.accounts import AccountStore, GrantStore, UserGroupStore
from assay.stores.audit import AuditStore
from assay.stores.blobs import BlobRowStore
from assay.stores.comments import CommentStore
from assay.stores.configs import ConfigStore
from assay.stores.console import ConsoleStore
from assay.stores.delta import Delta, TookTooLong
from assay.stores.experiments import ExperimentStore
from assay.stores.files import FileStore
from assay.stores.groups import GroupStore, NameStore
from assay.stores.imports import ImportStore
from assay.stores.jobs import JobStore
from assay.stores.kept import Opened
from assay.stores.keys import Intern, Keys
from assay.stores.lineage import LineageStore
from assay.stores.logins import IdentityStore, LinkStore, SessionStore
from assay.stores.models import ModelStore
from assay.stores.owned import OwnedStore
from assay.stores.pace import Pace
from assay.stores.points import PointStore
from assay.stores.projection.marks import Touched
from assay.stores.projection.projections import Projections
from assay.stores.purge import PurgeStore
from assay.stores.retention import RetentionStore
from assay.stores.runs import RunStore
from assay.stores.series import SeriesStore
from assay.stores.statistics import StatisticsStore
from assay.stores.values import ValueStore
from assay.stores.views import SavedViewStore
from assay.stores.writers import WriterStore

LONGEST_S = 60.0  # that a statement of a search takes
STEPS = 200_000  # of SQLite's machine, some milliseconds, between two looks at the clock


class Unit:
    """The stores of all aggregates over one connection in a transaction."""

    def __init__(
        self, connection: Connection, delta: Delta, random: Callable[[], int], intern: Intern | None = None
    ) -> None:
        self.touched = Touched()  # whose content the unit changes
        self.projections: Projections | None = None  # which answer searches of a unit that only reads
        self.opened: Opened | None = None  # what runs own, where a unit that only reads may take it from memory
        self.pace: Pace | None = None  # of a unit that only reads
        self.connection = connection
        self.delta = delta
        self.random = random
        self._now_us: int | None = None
        self._cursor: Any = None
        self.workspaces = WorkspaceStore(self)
        self.keys = Keys(connection, delta, self._check_keys, intern)
        self.experiments = ExperimentStore(self)
        self.runs = RunStore(self)
        self.owned = OwnedStore(self)
        self.points = PointStore(self)
        self.series = SeriesStore(self)
        self.values = ValueStore(self)
        self.writers = WriterStore(self)
        self.configs = ConfigStore(self)
        self.console = ConsoleStore(self)
        self.groups = GroupStore(self)
        self.names = NameStore(self)
        self.lineage = LineageStore(self)
        self.models = ModelStore(self)
        self.files = FileStore(self)
        self.blobs = BlobRowStore(self)
        self.jobs = JobStore(self)
        self.purges = PurgeStore(self)
        self.retention = RetentionStore(self)
        self.imports = ImportStore(self)
        self.statistics = StatisticsStore(self)
        self.audit = AuditStore(self)
        self.accounts = AccountStore(self)
        self.user_groups = UserGroupStore(self)
        self.grants = GrantStore(self)
        self.tokens = TokenStore(self)
        self.comments = CommentStore(self)
        self.views = SavedViewStore(self)
        self.sessions = SessionStore(self)
        self.links = LinkStore(self)
        self.identities = IdentityStore(self)

    def _check_keys(self, workspace_id: int, more: int) -> None:
        self.workspaces.check(workspace_id, "keys", more)

    def driver(self) -> Any:
        """A cursor of the driver itself in this transaction, for the busiest statements."""
        if self._cursor is None:
            self._cursor = driver_of(self.connection).cursor()
        return self._cursor

    def rows(self, text: str, values: Sequence[Any]) -> list[Any]:
        """What a statement with `?` finds, as plain tuples: for the busiest reads."""
        cursor = self.driver()
        cursor.execute(self.delta.sql(text), values, **self.delta.reading)
        found: list[Any] = cursor.fetchall()
        return found

    def put(self, table: Table, rows: Sequence[tuple[Any, ...]], end: str = "") -> list[Any]:
        """Inserts rows, many a statement, and gives back what they return: for the busiest writes.

        Args:
            table: Where to.
            rows: The values of all columns, in the table's order.
            end: ON CONFLICT, which no two of the rows may have with each other; with RETURNING that comes back.
        """
        cursor, found = self.driver(), []
        for at in range(0, len(rows), self.delta.rows_at_once):
            insert, values = self.delta.insert_rows(table, rows[at : at + self.delta.rows_at_once])
            cursor.execute(f"{insert} {end}", values)
            if "RETURNING" in end:
                found += cursor.fetchall()
        return found

    def put_together(self, *writes: tuple[Table, Sequence[tuple[Any, ...]], str]) -> list[Any]:
        """As a `put` each, in any order; gives back what the last one returns. One round trip where possible."""
        if not self.delta.joins_writes or any(len(rows) > self.delta.rows_at_once for _, rows, _ in writes):
            return [self.put(*write) for write in writes][-1]
        made = [(*self.delta.insert_rows(table, rows), end) for table, rows, end in writes]
        *others, last = [f"{insert} {end}" for insert, _, end in made]
        before = ", ".join(f"written_{number} AS ({other})" for number, other in enumerate(others))
        cursor = self.driver()
        cursor.execute(f"WITH {before} {last}", [value for _, values, _ in made for value in values])
        found: list[Any] = cursor.fetchall()
        return found

    def renew(self) -> None:
        """A unit that only reads has another snapshot from its next statement on."""
        raw = driver_of(self.connection)
        self._now_us = None
        if self.delta.joins_writes:
            raw.rollback()  # costs nothing where nothing was asked
        else:
            raw.execute("ROLLBACK")
            raw.execute("BEGIN")

    @contextmanager
    def bounded(self, most_s: float = LONGEST_S) -> Iterator[None]:
        """No statement takes longer; after one that would, the unit reads no more until it is renewed.

        Raises:
            TookTooLong: One would have.
        """
        raw = driver_of(self.connection)
        if self.delta.joins_writes:
            raw.execute(f"SET LOCAL statement_timeout = {int(most_s * 1_000)}")
        else:
            until = time.monotonic() + most_s
            raw.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        try:
            yield
        except Exception as error:
            if not self.delta.is_interrupted(error):
                raise
            raise TookTooLong(most_s) from error
        finally:
            if not self.delta.joins_writes:
                raw.set_progress_handler(None, 0)
        if self.delta.joins_writes:
            raw.execute("SET LOCAL statement_timeout TO DEFAULT")  # which may be an operator's own

    def rest(self) -> None:
        """A long read gives way to what is written, here and there on its way."""
        if self.pace is not None:
            self.pace.rest()

    def now_us(self) -> int:
        """The database's time, the same throughout the unit, to the millisecond."""
        if self._now_us is None:
            self._now_us = int(self.rows(self.delta.now_us, ())[0][0])
        return self._now_us

    def it_is(self, now_us: int) -> None:
        """The database's time, as another statement of the unit has found it; the first one counts."""
        self._now_us = self._now_us or int(now_us)


def driver_of(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.driver_connection
