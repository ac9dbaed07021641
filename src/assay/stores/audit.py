"""The audit chain in SQL: records are only ever added, in the transaction of the act that they record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from assay.core import audit
from assay.core.audit import Act, Entry, Head, Subject
from assay.core.scope import Scope
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

PAGE = 500
head, record, detail_table = schema.audit_head, schema.audit_record, schema.audit_detail


class AuditStore:
    """See `assay.ports.aggregates.Audit`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def append(
        self, scope: Scope, act: Act, subjects: Sequence[Subject], detail: Mapping[str, Any], salt: bytes
    ) -> int:
        """The act is recorded under the next number, which is returned.

        The workspace's head is locked from here to the end of the unit, so this comes after all other locks.
        """
        before, last_us = self._lock_head(scope)
        text = audit.write_detail(detail)
        made = audit.following(
            before,
            workspace_id=scope.workspace_id,
            time_us=max(self._unit.now_us(), last_us),
            act=act.value,
            actor_id=scope.actor.id,
            how=scope.actor.how.value,
            subjects=subjects,
            salt=salt,
            detail=text,
        )
        data = audit.encode(made)
        mine = {"workspace_id": scope.workspace_id, "seq": made.seq}
        self._connection.execute(insert(record).values(**mine, record=data))
        self._connection.execute(insert(detail_table).values(**mine, salt=salt, detail=text))
        self._connection.execute(
            update(head)
            .where(head.c.workspace_id == scope.workspace_id)
            .values(seq=made.seq, digest=audit.digest(data))
        )
        return made.seq

    def _lock_head(self, scope: Scope) -> tuple[Head, int]:
        """The head, held until the unit ends, and the time of its record."""
        query = select(head.c.seq, head.c.digest).where(head.c.workspace_id == scope.workspace_id)
        row = self._connection.execute(query.with_for_update()).first()
        if row is None:
            first = self._unit.delta.insert(head).values(workspace_id=scope.workspace_id, seq=0, digest=audit.START)
            self._connection.execute(first.on_conflict_do_nothing())
            return self._lock_head(scope)  # ours, or that of who came first
        last = self._connection.execute(
            select(record.c.record).where(record.c.workspace_id == scope.workspace_id, record.c.seq == row.seq)
        ).scalar_one_or_none()
        try:
            last_us = 0 if last is None else audit.decode(last).time_us
        except ValueError:  # for `verify` to find; what is done now must be recorded all the same
            last_us = 0
        return Head(row.seq, row.digest), last_us

    def head(self, scope: Scope) -> Head:
        """Where the chain ends."""
        query = select(head.c.seq, head.c.digest).where(head.c.workspace_id == scope.workspace_id)
        row = self._connection.execute(query).first()
        return Head() if row is None else Head(row.seq, row.digest)

    def entries(self, scope: Scope, after: int = 0) -> Iterator[Entry]:
        """The records after this number, in order, with their details."""
        joined = record.outerjoin(
            detail_table,
            (detail_table.c.workspace_id == record.c.workspace_id) & (detail_table.c.seq == record.c.seq),
        )
        query = (
            select(record.c.seq, record.c.record, detail_table.c.salt, detail_table.c.detail)
            .select_from(joined)
            .where(record.c.workspace_id == scope.workspace_id)
            .order_by(record.c.seq)
            .limit(PAGE)
        )
        last: int | None = None
        while True:
            rows = self._connection.execute(query.where(record.c.seq > (after if last is None else last))).all()
            yield from (Entry(row.seq, row.record, row.salt, row.detail) for row in rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].seq
