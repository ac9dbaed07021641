"""Writers in SQL: who sends to a run, how far he got, and so what of a batch is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from assay.core.scope import Scope
from assay.core.tracking import LOST_AFTER_US, Logged, Progress, Writer
from assay.stores import schema
from assay.wire.errors import Conflict, SequenceGap

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 1_000
table = schema.writer


class WriterStore:
    """See `assay.ports.store.Writers`; who advances holds the run's lock."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def open(self, scope: Scope, run_id: int, name: str, stream: str, *, heartbeats: bool) -> Progress:
        """The writer's progress; a new one begins at 0 in the run's epoch."""
        statement = self._unit.delta.insert(table).values(
            run_id=run_id,
            name=name,
            stream=stream,
            epoch=select(schema.run.c.epoch).where(schema.run.c.id == run_id).scalar_subquery(),
            next_seq=0,
            actor=scope.actor.name,
            heartbeats=heartbeats,
            seen_us=self._unit.now_us(),
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        self.seen(run_id, name)
        found = self._find(run_id, name, stream)
        assert found is not None
        return found

    def seen(self, run_id: int, name: str) -> None:
        """The writer is alive."""
        mine = and_(table.c.run_id == run_id, table.c.name == name)
        self._connection.execute(update(table).where(mine).values(seen_us=self._later()))

    def _later(self) -> Any:
        """The time, never earlier than the row's last."""
        return self._unit.delta.later(table.c.seen_us, self._unit.now_us())

    def _find(self, run_id: int, name: str, stream: str) -> Progress | None:
        row = self._connection.execute(
            select(table).where(table.c.run_id == run_id, table.c.name == name, table.c.stream == stream)
        ).first()
        return None if row is None else Progress(row.name, row.stream, row.epoch, row.next_seq, row.seen_us)

    def fresh(self, scope: Scope, run_id: int, logged: Logged) -> tuple[int, bool]:
        """How many of the batch's records were stored before, and whether what it brings beside points is new.

        Where that counts as one record, they are points; where each logged value counts, the first values may follow.

        Raises:
            SequenceGap: Records before this batch are missing.
            Conflict: The writer's epoch is over: the run was rewound since.
        """
        if logged.writer is None:
            return 0, True
        count = _count(logged)
        stored = self.stored(scope, run_id, logged.writer, count)
        return stored, stored < count > len(logged.values)

    def stored(self, scope: Scope, run_id: int, sender: Writer, count: int) -> int:
        """How many of so many records, from the sender's first on, were stored before; see the port."""
        got = self._find(run_id, sender.name, sender.stream) or self.open(
            scope, run_id, sender.name, sender.stream, heartbeats=False
        )
        if sender.epoch != got.epoch:
            raise Conflict(
                f"The run was rewound: writer {sender.name!r} is in epoch {got.epoch}, not {sender.epoch}",
                field="writer.epoch",
                remedy="read the run again and number what follows anew",
                details={"epoch": got.epoch, "expected": got.next_seq},
            )
        if sender.first_seq > got.next_seq:
            raise SequenceGap(
                f"Writer {sender.name!r} sent record {sender.first_seq}, but {got.next_seq} is the next one missing",
                field="writer.first_seq",
                bound=got.next_seq,
                remedy=f"send again from record {got.next_seq}",
                details={"expected": got.next_seq},
            )
        return min(got.next_seq - sender.first_seq, count)

    def advance(self, run_id: int, logged: Logged) -> None:
        """The batch, which is stored in this transaction, counts as such."""
        if logged.writer is not None:
            self._reach(run_id, logged.writer, _count(logged))

    def reach(self, run_id: int, sender: Writer, count: int) -> int:
        """So many records, which are stored in this transaction, count as such; the next number that is new."""
        self._reach(run_id, sender, count)
        found = self._find(run_id, sender.name, sender.stream)
        assert found is not None
        return found.next_seq

    def _reach(self, run_id: int, sender: Writer, count: int) -> None:
        mine = and_(table.c.run_id == run_id, table.c.name == sender.name, table.c.stream == sender.stream)
        reached = self._unit.delta.later(table.c.next_seq, sender.first_seq + count)
        self._connection.execute(update(table).where(mine).values(next_seq=reached, seen_us=self._later()))

    def raise_epochs(self, run_id: int) -> None:
        """All writers of the run begin anew: what they sent before is refused, also of those not met yet."""
        run = schema.run
        own = self._connection.execute(select(run.c.epoch).where(run.c.id == run_id)).scalar_one()
        theirs = self._connection.execute(select(func.max(table.c.epoch)).where(table.c.run_id == run_id)).scalar_one()
        epoch = max(own, theirs or 0) + 1
        self._connection.execute(update(run).where(run.c.id == run_id).values(epoch=epoch))
        self._connection.execute(update(table).where(table.c.run_id == run_id).values(epoch=epoch, next_seq=0))

    def silent(self, run_ids: Sequence[int]) -> set[int]:
        """Those of the runs whose heartbeating writers have all been silent for five minutes."""
        delta, before_us = self._unit.delta, self._unit.now_us() - LOST_AFTER_US
        ask = (
            f"SELECT run_id FROM writer WHERE run_id {delta.among} AND heartbeats "  # noqa: S608 -- ours
            "GROUP BY run_id HAVING max(seen_us) < ?"
        )
        found: set[int] = set()
        for at in range(0, len(run_ids), CHUNK):
            rows = self._unit.rows(ask, [delta.listed(run_ids[at : at + CHUNK]), before_us])
            found.update(row[0] for row in rows)
        return found


def _count(logged: Logged) -> int:
    """How many records the batch is."""
    if logged.rest_count is not None:
        return len(logged.values) + logged.rest_count
    return len(logged.values) + bool(logged.params or logged.tags or logged.logged_values or logged.model_points)
